package partnerv2

import (
	"slices"
	"strconv"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/quote"
)

// encoder appends JSON. Lists have up to 200 offers of some 600 bytes: each is put together in a microsecond or so, from what is
// in memory.
type encoder struct {
	b      []byte
	origin string // of pictures
}

// name appends a member's name, after a comma unless it is the first.
func (e *encoder) name(name string) {
	if last := e.b[len(e.b)-1]; last != '{' {
		e.b = append(e.b, ',')
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, name...)
	e.b = append(e.b, '"', ':')
}

func (e *encoder) text(name, value string) {
	e.name(name)
	e.b = quote.Append(e.b, value)
}

func (e *encoder) number(name string, value int64) {
	e.name(name)
	e.b = strconv.AppendInt(e.b, value, 10)
}

func (e *encoder) truth(name string, value bool) {
	e.name(name)
	e.b = strconv.AppendBool(e.b, value)
}

// image appends a picture's address; "" = there is none.
func (e *encoder) image(path string) {
	e.name("image_url")
	if path == "" {
		e.b = append(e.b, '"', '"')
		return
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, e.origin...)
	at := len(e.b)
	e.b = quote.Append(e.b, path)
	e.b = slices.Delete(e.b, at, at+1) // its own quotation mark
}

func (e *encoder) day(name string, day gift.Day) {
	e.name(name)
	e.b = append(e.b, '"')
	e.b = append(day.AppendTo(e.b), '"')
}

func (e *encoder) open(name string) {
	if name != "" {
		e.name(name)
	}
	e.b = append(e.b, '{')
}

func (e *encoder) close() { e.b = append(e.b, '}') }

func (e *encoder) named(what string, id int64, name string) {
	e.open(what)
	e.number("id", id)
	e.text("name", name)
	e.close()
}

// offer appends an offer of either kind. change is "" where none is told.
func (e *encoder) offer(v *catalog.View, status gift.OfferStatus, change string) {
	e.open("")
	e.number("id", v.Offer.ID)
	e.text("kind", v.Offer.Kind.Word())
	e.text("status", status.Word())
	if change != "" {
		e.text("change", change)
	}
	if v.Offer.Kind == gift.StarCoupon {
		e.couponMembers(v)
	} else {
		e.gifticonMembers(v)
	}
	e.number("discount_percent", int64(v.Percent))
	e.day("last_day", v.Offer.LastDay)
	e.truth("once_per_partner", v.Offer.OncePer)
	e.close()
}

func (e *encoder) gifticonMembers(v *catalog.View) {
	e.open("product")
	e.number("id", v.Product.ID)
	e.text("name", v.Product.Name)
	e.image(v.Product.Thumb)
	e.close()
	e.named("brand", v.Brand.ID, v.Brand.Name)
	e.named("category", v.Category.ID, v.Category.Name)
	e.number("face_value", int64(v.Offer.Face))
	e.number("price", int64(v.Price))
	e.open("prices")
	e.number("over_60_days", int64(v.Offer.Tiers.Far))
	e.number("over_30_days", int64(v.Offer.Tiers.Mid))
	e.number("last_30_days", int64(v.Offer.Tiers.Near))
	e.close()
}

func (e *encoder) couponMembers(v *catalog.View) {
	m, s := v.Campaign, v.Shop
	e.open("campaign")
	e.number("id", m.ID)
	e.text("name", m.CouponName)
	e.text("product", m.Product)
	e.text("condition", m.Condition)
	e.image(m.Thumb)
	e.close()
	e.open("shop")
	e.number("id", s.ID)
	e.text("name", s.Name)
	e.image(s.Thumb)
	e.text("province", s.Province)
	e.text("district", s.District)
	e.text("town", s.Town)
	e.text("map_url", s.MapURL)
	e.close()
	e.named("category", v.Category.ID, v.Category.Name)
	e.truth("free", m.Free)
	e.number("face_value", int64(v.Offer.Face))
	e.number("price", int64(v.Price))
}
