package partnerv2_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
)

// What is on sale at a desk that is stocked: gifticons for 940 won, and star coupons for 500 won.
const (
	milk, milkUnits = 1, 50
	lastMilk        = 2
	rareMilk        = 3 // two units, one per partner
	oldMilk         = 4 // expired
	dumpling        = 1351
	dumplingUnits   = 50

	dumplingShop, dumplingSeller = 38, 2
	milkName                     = "초코에몽 190ml"
	dumplingName                 = "만두 5개"
)

// numberOf is a voucher's number.
func numberOf(unit int64) string { return fmt.Sprintf("9%011d", unit) }

// stock fills the shelves.
func (d *desk) stock() *desk {
	d.T.Helper()
	s := &storage.Stock{
		Categories: []gift.Category{
			{ID: 6, Kind: gift.Gifticon, Name: "마트,편의점", Thumb: "/UPLOAD/6.svg"},
			{ID: 15, Kind: gift.StarCoupon, Name: "분식", Thumb: "/UPLOAD/15.svg"},
		},
		Brands:   []gift.Brand{{ID: 4, CategoryID: 6, Name: "CU", Thumb: "/UPLOAD/b.png", InUse: true}},
		Products: []gift.Product{{ID: 27935, BrandID: 4, Name: milkName, Face: 1400, Thumb: "/UPLOAD/p.png"}},
		Shops: []gift.Shop{{
			ID: dumplingShop, CategoryID: 15, Name: "연남만두", Thumb: "/UPLOAD/s.png", Province: "서울특별시", District: "마포구", Town: "연남동",
		}},
		Sellers: []storage.NewSeller{{ID: dumplingSeller, ShopID: dumplingShop, Name: "점장", CodeHash: "unused"}},
		Campaigns: []gift.Campaign{{
			ID: 189, ShopID: dumplingShop, CouponName: "만두", Product: dumplingName, Price: 4000, OrgPrice: 5000, Discount: 4000,
			MemberType: "shop", Thumb: "/UPLOAD/c.png",
		}},
	}
	last := gift.DateOf(2025, 12, 31)
	milkOffer := gift.Offer{
		Kind: gift.Gifticon, ProductID: 27935, Face: 1400, Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462}, LastDay: last,
	}
	add := func(o gift.Offer, id int64, units int64, change ...func(*gift.Offer)) {
		o.ID = id
		for _, f := range change {
			f(&o)
		}
		s.Offers = append(s.Offers, o)
		for p := int64(1); p <= units; p++ {
			s.Units = append(s.Units, d.unit(&o, id*100_000+p, p))
		}
	}
	add(milkOffer, milk, milkUnits)
	add(milkOffer, lastMilk, 1)
	add(milkOffer, rareMilk, 2, func(o *gift.Offer) { o.OncePer = true })
	add(milkOffer, oldMilk, 5, func(o *gift.Offer) { o.LastDay = gift.DayOf(noon) - 1 })
	add(gift.Offer{
		Kind: gift.StarCoupon, CampaignID: 189, Face: 4000, Tiers: gift.Tiers{Far: 500, Mid: 500, Near: 500}, LastDay: last,
	}, dumpling, dumplingUnits)
	if err := d.DB.Load(d.T.Context(), s); err != nil {
		d.T.Fatal(err)
	}
	d.refresh()
	return d
}

func (d *desk) unit(o *gift.Offer, id, position int64) storage.NewUnit {
	u := storage.NewUnit{ID: id, OfferID: o.ID, Position: position}
	if o.Kind == gift.Gifticon {
		var err error
		if u.Sealed, err = d.vault.Seal(id, numberOf(id)); err != nil {
			d.T.Fatal(err)
		}
		u.NumberHash, u.TailHash = d.vault.Lookup("number", numberOf(id)), d.vault.Tail(numberOf(id))
	}
	return u
}

// refresh has the node see what changed in the database.
func (d *desk) refresh() {
	d.T.Helper()
	if _, err := d.catalog.Refresh(d.T.Context()); err != nil {
		d.T.Fatal(err)
	}
	if err := d.authority.Refresh(d.T.Context()); err != nil {
		d.T.Fatal(err)
	}
}

// secondNode returns a desk of another node on the same database.
func (d *desk) secondNode() *desk {
	d.T.Helper()
	other := *d
	other.House = d.SecondNode()
	other.serve()
	other.refresh()
	return &other
}

// voucher is a voucher or coupon as the API shows it.
type voucher struct {
	ID         string  `json:"id"`
	OrderID    string  `json:"order_id"`
	OfferID    int64   `json:"offer_id"`
	Kind       string  `json:"kind"`
	State      string  `json:"state"`
	Name       string  `json:"name"`
	Brand      *thing  `json:"brand"`
	Shop       *thing  `json:"shop"`
	FaceValue  int64   `json:"face_value"`
	Paid       int64   `json:"paid"`
	LastDay    string  `json:"last_day"`
	BoughtAt   string  `json:"bought_at"`
	VoucherURL string  `json:"voucher_url"`
	Number     string  `json:"number"`
	BarcodeURL string  `json:"barcode_url"`
	CouponID   int64   `json:"coupon_id"`
	QRURL      string  `json:"qr_url"`
	Used       *usedAt `json:"used"`
	Cancelled  string  `json:"cancelled_at"`
}

type thing struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type usedAt struct {
	At       time.Time `json:"at"`
	ShopID   int64     `json:"shop_id"`
	ShopName string    `json:"shop_name"`
	SellerID int64     `json:"seller_id"`
}

// order is an order as the API shows it.
type order struct {
	ID        string    `json:"id"`
	Reference string    `json:"reference"`
	Kind      string    `json:"kind"`
	Sandbox   bool      `json:"sandbox"`
	Total     int64     `json:"total"`
	OrderedAt time.Time `json:"ordered_at"`
	Vouchers  []voucher `json:"vouchers"`
}

// quote is a quote as the API shows it.
type quote struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Items []struct {
		OfferID   int64 `json:"offer_id"`
		Quantity  int64 `json:"quantity"`
		UnitPrice int64 `json:"unit_price"`
	} `json:"items"`
	Total     int64     `json:"total"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	OrderID   string    `json:"order_id"`
}

// orderOf is the body that orders some units of an offer.
func orderOf(reference string, offer, units, total int64) string {
	return fmt.Sprintf(`{"reference":%q,"items":[{"offer_id":%d,"quantity":%d}],"total":%d}`, reference, offer, units, total)
}

// orderCoupon is the body that orders a certain coupon.
func orderCoupon(reference string, coupon int64) string {
	return fmt.Sprintf(`{"reference":%q,"items":[{"offer_id":%d,"quantity":1,"coupon_id":%d}],"total":500}`,
		reference, dumpling, dumpling*100_000+coupon)
}

// place sends an order.
func (d *desk) place(partner, key, body string) reply {
	d.T.Helper()
	return d.call(partner, http.MethodPost, "orders", body, "Idempotency-Key", key)
}

// bought sends an order that must be made, with a key of its reference.
func (d *desk) bought(partner, reference string, offer, units int64) (o order) {
	d.T.Helper()
	price := map[int64]int64{dumpling: 500}[offer]
	if price == 0 {
		price = 940
	}
	a := d.place(partner, "key-"+reference, orderOf(reference, offer, units, units*price))
	if a.status != http.StatusCreated {
		d.T.Fatalf("order %s: %d %s", reference, a.status, a.body)
	}
	a.into(&o)
	return o
}

// quoted asks for a quote that must be made.
func (d *desk) quoted(partner string, offer, units int64) (q quote) {
	d.T.Helper()
	body := fmt.Sprintf(`{"items":[{"offer_id":%d,"quantity":%d}]}`, offer, units)
	d.want(http.StatusCreated, partner, http.MethodPost, "quotes", body).into(&q)
	return q
}

// use uses a coupon as its shop's counter does.
func (d *desk) use(v voucher) (won bool, err error) {
	ref, _, _ := strings.Cut(v.ID, ".")
	id, _, err := gift.ParseRef(ref)
	if err != nil {
		return false, err
	}
	var line int64
	if _, err := fmt.Sscan(strings.TrimPrefix(v.ID, ref+"."), &line); err != nil {
		return false, err
	}
	return d.DB.MarkUsed(d.T.Context(), redeem.Use{
		OrderID: id, Line: line, SellerID: dumplingSeller, ShopID: dumplingShop, Via: "page", At: d.Clock.Now(),
	})
}

// setAhead moves a sandbox partner's clock.
func (d *desk) setAhead(partner string, ahead time.Duration) {
	d.T.Helper()
	to := func(time.Duration) (time.Duration, error) { return ahead, nil }
	_, err := d.DB.SetClock(d.T.Context(), d.ids[partner], d.Clock.Now(), to)
	if err != nil {
		d.T.Fatal(err)
	}
	d.refresh()
}

// kept returns what is kept with idempotency keys.
func (d *desk) kept() (bodies []string) {
	d.T.Helper()
	driver, name := "pgx", d.dsn
	if path, ok := strings.CutPrefix(d.dsn, "sqlite:"); ok {
		driver, name = "sqlite", "file:"+path
	}
	raw, err := sql.Open(driver, name)
	if err != nil {
		d.T.Fatal(err)
	}
	defer func() { _ = raw.Close() }() // it only read
	rows, err := raw.QueryContext(d.T.Context(), `SELECT body FROM idempotency_answers`)
	if err != nil {
		d.T.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err below reports what matters
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			d.T.Fatal(err)
		}
		bodies = append(bodies, string(body))
	}
	if err := rows.Err(); err != nil {
		d.T.Fatal(err)
	}
	return bodies
}

// actedAs returns how many lines the audit trail has of an action, all of which must name the partner.
func (d *desk) actedAs(partner, action string) int {
	d.T.Helper()
	entries, err := d.DB.Audit(d.T.Context(), office.AuditFilter{Action: action}, 0, 100)
	if err != nil {
		d.T.Fatal(err)
	}
	for _, e := range entries {
		if name, ok := e.Actor.Partner(); !ok || name != partner || e.Actor.Address != "192.0.2.9" {
			d.T.Errorf("%s was done by %+v", action, e.Actor)
		}
	}
	return len(entries)
}

// pages reads all pages of a list, each of which says what the next one's cursor is, and returns how many there are.
func (d *desk) pages(partner, list, query string, read func(reply) (next string)) (n int) {
	d.T.Helper()
	for cursor := ""; n == 0 || cursor != ""; n++ {
		path := list + "?" + query
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		cursor = read(d.want(http.StatusOK, partner, http.MethodGet, strings.TrimSuffix(path, "&"), ""))
	}
	return n
}
