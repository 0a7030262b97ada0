package redeem

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
)

//go:embed page.html redeem.css
var files embed.FS

const (
	assetsPath = pagePath + "assets/"
	styleFile  = "redeem.css"
)

type templates struct{ page *template.Template }

func parseTemplates() templates {
	return templates{page: template.Must(template.ParseFS(files, "page.html"))}
}

// view is what the page shows. State is the class of the screen: "usable", "used", "expired", "cancelled", "done" right
// after a use, or "error".
type view struct {
	Text    *texts
	Style   string
	State   string
	Title   string // the large words
	Detail  string // below them
	Error   string // why the last try failed
	Coupon  *gift.BoughtItem
	Until   string
	Form    form
	Sellers []Seller // to choose from; empty = nothing to choose
	Closed  bool     // nobody can redeem: the shop has no seller
}

func (v *view) Usable() bool { return v.State == "usable" && !v.Closed }

func (h *handler) render(
	w http.ResponseWriter, r *http.Request, status int, item *gift.BoughtItem, in form, refusal *gift.Refusal,
) error {
	t := textsFor(r)
	v := newView(t, item)
	switch item.State(gift.DayOf(h.Clock.Now())) {
	case gift.Used:
		v.State, v.Title = "used", t.Used
		v.Detail = t.UsedAt(item.UsedAt, item.Shop.Name)
	case gift.Refunded:
		v.State, v.Title, v.Detail = "cancelled", t.Cancelled, t.CancelledDetail
	case gift.TimedOut:
		v.State, v.Title, v.Detail = "expired", t.Expired, t.ExpiredDetail
	default:
		v.State, v.Title = "usable", t.Usable
		if err := h.offerSellers(r, v); err != nil {
			return err
		}
	}
	if v.Usable() && refusal != nil {
		v.Error = t.refusal(refusal)
		v.Form.SellerID = in.SellerID
	}
	return h.write(w, status, v)
}

func (h *handler) offerSellers(r *http.Request, v *view) error {
	sellers, err := h.Store.ShopSellers(r.Context(), v.Coupon.Shop.ID)
	if err != nil {
		return err
	}
	if len(sellers) == 0 {
		v.Closed, v.Detail = true, v.Text.NoSeller
	}
	if len(sellers) > 1 {
		v.Sellers = sellers
	}
	return nil
}

func (h *handler) renderSuccess(w http.ResponseWriter, r *http.Request, item *gift.BoughtItem) error {
	t := textsFor(r)
	v := newView(t, item)
	v.State, v.Title, v.Detail = "done", t.Done, t.UsedAt(item.UsedAt, item.Shop.Name)
	return h.write(w, http.StatusOK, v)
}

func newView(t *texts, item *gift.BoughtItem) *view {
	return &view{Text: t, Style: assetsPath + styleFile, Coupon: item, Until: t.Until(item.Offer.LastDay)}
}

// fail shows a page without a coupon.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, status int) {
	t := textsFor(r)
	v := &view{Text: t, Style: assetsPath + styleFile, State: "error", Title: t.NotFound, Detail: t.NotFoundDetail}
	switch status {
	case http.StatusForbidden, http.StatusBadRequest:
		v.Title, v.Detail = t.Forbidden, t.ForbiddenDetail
	case http.StatusServiceUnavailable:
		v.Title, v.Detail = t.Unavailable, t.UnavailableDetail
	}
	if err := h.write(w, status, v); err != nil {
		http.Error(w, http.StatusText(status), status)
	}
}

func (h *handler) write(w http.ResponseWriter, status int, v *view) error {
	var page bytes.Buffer
	if err := h.templates.page.Execute(&page, v); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Text.Lang)
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

func serveAsset(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("file") != styleFile {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.ServeFileFS(w, r, files, styleFile)
}
