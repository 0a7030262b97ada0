package redeem

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
)

//go:embed voucher.html voucher.css
var voucherFiles embed.FS

const voucherStyle = "voucher.css"

func parseVoucherPage() *template.Template {
	return template.Must(template.ParseFS(voucherFiles, "voucher.html"))
}

// voucherView is what a voucher page shows, and the picture made of it. State is the class of the page: "usable", "used",
// "expired", "cancelled" or "error".
type voucherView struct {
	Text   *voucherTexts
	Style  string
	State  string
	Title  string // the large words of what cannot be used
	Detail string // below them
	Item   *gift.BoughtItem

	Kind, Brand, Product string
	Price                string // "" = it has none
	Terms, Place, Map    string
	Until, Left          string
	Steps                []string

	Code   *grid  // nil = none is shown
	Number string // in groups of four; "" = none is shown
	Hidden bool   // the reader only makes a preview

	Picture     string // address of the picture to keep; "" = there is none
	PictureName string
	Thumb, Card string // addresses of pictures; Card is absolute
}

// Usable tells whether the voucher can be used today, as far as we know.
func (v *voucherView) Usable() bool { return v.State == "usable" }

// CodeName says what kind of code it is.
func (v *voucherView) CodeName() string {
	if v.Code.Bars() {
		return v.Text.Barcode
	}
	return v.Text.QRCode
}

// NumberName says what the number is.
func (v *voucherView) NumberName() string {
	if v.Item.Sandbox {
		return v.Text.TestNumber
	}
	return v.Text.Number
}

// Summary is what a preview says below the product's name.
func (v *voucherView) Summary() string {
	if v.Price == "" {
		return v.Kind + " · " + v.Until
	}
	return v.Kind + " · " + v.Price + " · " + v.Until
}

func (v *vouchers) view(r *http.Request, item *gift.BoughtItem) (*voucherView, error) {
	t := voucherTextsFor(r)
	preview := v.Links.previewToken(item)
	view := &voucherView{
		Text: t, Style: voucherAssetsPath + voucherStyle, Item: item, Kind: t.Kind(item.Offer.Kind), Until: t.Until(item.Offer.LastDay),
		Thumb: voucherThumbPath + preview, Card: v.Links.origin + voucherCardPath + preview + pngSuffix,
	}
	view.describe()
	today := item.Today(v.Clock.Now())
	switch item.State(today) {
	case gift.Used:
		view.State, view.Title, view.Detail = "used", t.Used, t.UsedAt(item)
	case gift.Refunded:
		view.State, view.Title, view.Detail = "cancelled", t.Cancelled, t.CancelledDetail
	case gift.TimedOut:
		view.State, view.Title, view.Detail = "expired", t.Expired, t.ExpiredDetail
	default:
		view.State, view.Left = "usable", t.DaysLeft(int64(item.Offer.LastDay-today))
		if view.Hidden = isPreviewer(r.UserAgent()); !view.Hidden {
			return view, v.reveal(view)
		}
	}
	return view, nil
}

// describe says what was bought.
func (v *voucherView) describe() {
	i := v.Item
	if i.Face > 0 {
		v.Price = v.Text.Won(i.Face)
	}
	if i.Offer.Kind == gift.Gifticon {
		v.Brand, v.Product = i.Brand.Name, i.Product.Name
		return
	}
	v.Brand, v.Product, v.Terms = i.Shop.Name, i.Campaign.Product, i.Campaign.Condition
	v.Place = strings.Join(strings.Fields(i.Shop.Province+" "+i.Shop.District+" "+i.Shop.Town), " ")
	if strings.HasPrefix(i.Shop.MapURL, "https://") || strings.HasPrefix(i.Shop.MapURL, "http://") {
		v.Map = i.Shop.MapURL
	}
}

// reveal puts number and code on the page.
func (v *vouchers) reveal(view *voucherView) error {
	number, err := view.Item.Number(v.Numbers.Open)
	if err != nil {
		return fmt.Errorf("voucher %d: %w", view.Item.UnitID, err)
	}
	if view.Item.Offer.Kind == gift.StarCoupon {
		view.Code, err = qrGrid(v.Links.PageURL(view.Item.OrderID, view.Item.Line))
	} else {
		view.Number = inGroups(number)
		view.Code, err = numberGrid(number)
	}
	view.Steps = view.Text.steps(view.Item, view.Code)
	view.Picture, view.PictureName = v.Links.voucherPath(view.Item)+pngSuffix, pictureName(view.Item)
	return err
}

// fail shows a page without a voucher.
func (v *vouchers) fail(w http.ResponseWriter, r *http.Request, status int) {
	t := voucherTextsFor(r)
	view := &voucherView{
		Text: t, Style: voucherAssetsPath + voucherStyle, State: "error", Title: t.NotFound, Detail: t.NotFoundDetail,
	}
	if status == http.StatusServiceUnavailable {
		view.Title, view.Detail = t.Unavailable, t.UnavailableDetail
	}
	setVoucherPrivate(w.Header())
	w.Header().Del("Content-Disposition")
	if err := v.write(w, status, view); err != nil {
		http.Error(w, http.StatusText(status), status)
	}
}

func (v *vouchers) write(w http.ResponseWriter, status int, view *voucherView) error {
	var page bytes.Buffer
	if err := v.pages.Execute(&page, view); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Language", view.Text.Lang)
	head.Set("Vary", "Accept-Language, User-Agent")
	head.Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the caller is gone when this fails
	return nil
}

func serveVoucherAsset(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("file") != voucherStyle {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.ServeFileFS(w, r, voucherFiles, voucherStyle)
}
