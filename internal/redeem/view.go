package redeem

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
)

//go:embed parts.html page.html counter.html list.html
var pageFiles embed.FS

// templates are parsed once, when the program starts.
func parseTemplates() *template.Template {
	return template.Must(template.ParseFS(pageFiles, "*.html"))
}

// frame is what every page has.
type frame struct {
	Text   *texts
	Assets string // before the names of assets
	State  string // the class of the screen
	Title  string // the large words
	Detail string // below them
	Error  string // why the last try failed
	Shift  *Shift // of a device that is signed in
	Seal   string // for its forms
	Scans  bool   // the page uses the camera
}

// Ends is when the shift does.
func (f *frame) Ends() string { return f.Shift.ExpiresAt.In(gift.Seoul).Format("15:04") }

// SignOut and Counter are where forms and links lead.
func (f *frame) SignOut() string { return counterPath + "/sign-out" }
func (f *frame) Counter() string { return counterPath }
func (f *frame) List() string    { return listPath }

// view is the page of a coupon. State is "usable", "used", "expired", "cancelled", "done" right after a use, "undone" after that
// was taken back, or "error".
type view struct {
	frame
	Coupon  *gift.BoughtItem
	Until   string
	Form    form
	By      string   // how the coupon was come to, for the form
	Action  string   // where the form leads: the page's own address
	Sellers []Seller // to choose from; empty = nothing to choose
	Closed  bool     // nobody can redeem: the shop has no seller
	Signed  bool     // the device is signed in at the coupon's shop: no code is asked for
	Clock   string   // when it was used, for the success screen
	Undo    gift.ID  // the redemption that may be taken back; 0 = none
	Seconds int64    // how long it may
}

// UndoAction is where the form to undo leads.
func (v *view) UndoAction() string { return undoPath + strings.TrimPrefix(v.Action, pagePath) }

// CanUse tells whether there is a form to use the coupon.
func (v *view) CanUse() bool { return (v.State == "usable" || v.State == "undone") && !v.Closed }

func (v *visit) frame() frame {
	return frame{Text: v.text, Assets: assetsPath, Shift: v.shift, Seal: v.seal()}
}

func (v *visit) newView(item *gift.BoughtItem) *view {
	return &view{
		frame: v.frame(), Coupon: item, Until: v.text.Until(item.Offer.LastDay),
		Action: pagePath + v.PathValue("token"), Signed: v.shift != nil && v.shift.ShopID == item.Shop.ID,
	}
}

// render shows the coupon as it is now, and why a try failed.
func (v *visit) render(status int, item *gift.BoughtItem, in form, refusal *gift.Refusal) error {
	p, t := v.newView(item), v.text
	if v.via() == ViaNumber {
		p.By = ViaNumber
	}
	switch item.State(item.Today(v.now)) {
	case gift.Used:
		return v.renderUsed(status, p, refusal)
	case gift.Refunded:
		p.State, p.Title, p.Detail = "cancelled", t.Cancelled, t.CancelledDetail
	case gift.TimedOut:
		p.State, p.Title, p.Detail = "expired", t.Expired, t.ExpiredDetail
	default:
		p.State, p.Title = "usable", t.Usable
		if err := v.offerForm(p); err != nil {
			return err
		}
	}
	if p.CanUse() && refusal != nil {
		p.Error = t.refusal(refusal)
		p.Form = form{SellerID: in.SellerID, Keep: in.Keep}
	}
	return v.write(status, "page", p)
}

// renderUsed shows when, where and by whom the coupon was used: as a success to the device that did it a moment ago.
func (v *visit) renderUsed(status int, p *view, refusal *gift.Refusal) error {
	t := v.text
	p.State, p.Title = "used", t.Used
	r, mine, err := v.mine(p.Coupon)
	if err != nil {
		return err
	}
	seller := ""
	if r != nil {
		seller = r.Seller
	}
	p.Detail = t.UsedAt(p.Coupon.UsedAt, p.Coupon.Shop.Name, seller)
	if refusal != nil && refusal.Reason != gift.AlreadyUsed {
		p.Error = t.refusal(refusal)
	}
	if mine {
		p.State, p.Title, p.Clock = "done", t.Done, p.Coupon.UsedAt.In(gift.Seoul).Format("15:04:05")
		p.Undo, p.Seconds = r.ID, int64((UndoFor-v.now.Sub(r.At)+time.Second-1)/time.Second)
		if refusal == nil || refusal.Reason == gift.AlreadyUsed {
			status = http.StatusOK
		}
		if err := v.offerSellers(p); err != nil {
			return err
		}
	}
	return v.write(status, "page", p)
}

// renderUndone says that the coupon can be used again.
func (v *visit) renderUndone(item *gift.BoughtItem) error {
	p := v.newView(item)
	p.State, p.Title, p.Detail = "undone", v.text.Undone, v.text.UndoneDetail
	if err := v.offerForm(p); err != nil {
		return err
	}
	return v.write(http.StatusOK, "page", p)
}

// offerForm says who may use the coupon: who is signed in at its shop, else a seller with a code.
func (v *visit) offerForm(p *view) error {
	v.knowDevice()
	if v.shift != nil && !p.Signed {
		p.Error = v.text.refusal(refuse(otherShop))
	}
	return v.offerSellers(p)
}

func (v *visit) offerSellers(p *view) error {
	if p.Signed {
		return nil
	}
	sellers, err := v.h.Store.ShopSellers(v.Context(), p.Coupon.Shop.ID)
	if err != nil {
		return err
	}
	if len(sellers) == 0 {
		p.Closed, p.Detail = true, v.text.NoSeller
	}
	if len(sellers) > 1 {
		p.Sellers = sellers
	}
	return nil
}

// fail shows a page without a coupon.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, status int) {
	t := textsFor(r)
	p := &view{frame: frame{Text: t, Assets: assetsPath, State: "error", Title: t.NotFound, Detail: t.NotFoundDetail}}
	switch status {
	case http.StatusForbidden, http.StatusBadRequest:
		p.Title, p.Detail = t.Forbidden, t.ForbiddenDetail
	case http.StatusServiceUnavailable:
		p.Title, p.Detail = t.Unavailable, t.UnavailableDetail
	}
	if err := h.write(w, status, t, "page", p); err != nil {
		http.Error(w, http.StatusText(status), status)
	}
}

func (v *visit) write(status int, name string, page any) error {
	return v.h.write(v.w, status, v.text, name, page)
}

func (h *handler) write(w http.ResponseWriter, status int, t *texts, name string, data any) error {
	var page bytes.Buffer
	if err := h.templates.ExecuteTemplate(&page, name+".html", data); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", t.Lang)
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the caller is gone when this fails
	return nil
}

func textsFor(r *http.Request) *texts {
	if locale.Of(r.Header.Get("Accept-Language")) == locale.English {
		return &english
	}
	return &korean
}
