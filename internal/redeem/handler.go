package redeem

import (
	"context"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// errNotUsable says that a coupon could not be used although nothing seems to be in the way.
var errNotUsable = errors.New("the coupon was neither used nor unusable")

// Opener decrypts voucher numbers.
type Opener interface {
	Open(id int64, sealed []byte) (string, error)
}

// Config is what NewHandler needs; every field but Pictures is required.
type Config struct {
	Store   Store
	Counter *Counter
	Links   *Links
	Numbers Opener
	Clock   clock.Clock
	Logger  *slog.Logger

	Pictures Pictures // of products, for voucher pages; nil = they show none
}

type handler struct {
	Config
	templates *template.Template
}

// NewHandler returns what serves the redemption page and the shop's own pages under /r/, the holder's voucher page under /v/, and
// the pictures under /UPLOAD/qr/ and /UPLOAD/barcode/. All of it is shown to whoever has the address and to nobody else, so
// addresses must not be logged.
func NewHandler(cfg Config) http.Handler {
	if cfg.Store == nil || cfg.Counter == nil || cfg.Links == nil || cfg.Numbers == nil || cfg.Clock == nil || cfg.Logger == nil {
		panic("redeem: NewHandler needs all of Config")
	}
	h := &handler{Config: cfg, templates: parseTemplates()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+qrPath+"{file}", h.answer(h.qrPicture))
	mux.HandleFunc("GET "+barcodePath+"{file}", h.answer(h.barcodePicture))
	mux.HandleFunc("GET "+pagePath+"{token}", h.visit((*visit).showCoupon))
	mux.Handle("POST "+pagePath+"{token}", h.send((*visit).useCoupon))
	mux.HandleFunc("GET "+undoPath+"{token}", h.visit((*visit).backToCoupon))
	mux.Handle("POST "+undoPath+"{token}", h.send((*visit).undoUse))
	mux.HandleFunc("GET "+counterPath, h.visit((*visit).showCounter))
	mux.Handle("POST "+counterPath, h.send((*visit).findCoupon))
	mux.HandleFunc("GET "+signInPath+"{seller}", h.visit((*visit).showSignIn))
	mux.Handle("POST "+signInPath+"{seller}", h.send((*visit).signIn))
	mux.Handle("POST "+counterPath+"/sign-out", h.send((*visit).signOut))
	mux.HandleFunc("GET "+listPath, h.visit((*visit).showList))
	mux.HandleFunc("GET "+listPath+".csv", h.visit((*visit).sendList))
	mux.HandleFunc("GET "+assetsPath+"{file}", serveAsset)
	newVouchers(cfg).routes(mux)
	mux.HandleFunc("/", h.answer(h.unknown))
	return mux
}

// answer runs what may fail before anything is written.
func (h *handler) answer(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		setPrivate(w.Header())
		err := serve(w, r)
		if err == nil || errors.Is(err, context.Canceled) {
			return
		}
		if errors.Is(err, fs.ErrNotExist) {
			h.fail(w, r, http.StatusNotFound)
			return
		}
		if errors.Is(err, ErrBusy) {
			w.Header().Set("Retry-After", "1")
			h.fail(w, r, http.StatusServiceUnavailable)
			return
		}
		h.Logger.ErrorContext(r.Context(), "redemption page", "error", err) // without the path: it is a key
		w.Header().Set("Retry-After", "5")
		h.fail(w, r, http.StatusServiceUnavailable)
	}
}

// setPrivate keeps what an address unlocks out of caches, search engines, frames and other sites' logs.
func setPrivate(head http.Header) {
	head.Set("Cache-Control", "no-store")
	head.Set("X-Robots-Tag", "noindex, nofollow")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("X-Frame-Options", "DENY")
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; "+
		"base-uri 'none'; frame-ancestors 'none'")
}

// guardOrigin refuses forms that another site sends. Browsers without Sec-Fetch-Site (plain HTTP, old phones) send
// "Origin: null" from a page under no-referrer; it is let through because the page's address is itself unguessable.
func (h *handler) guardOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if origin := h.Links.publicOrigin(); origin != "" {
		if err := guard.AddTrustedOrigin(origin); err != nil {
			panic("redeem: public URL: " + err.Error())
		}
	}
	guard.SetDenyHandler(h.answer(func(w http.ResponseWriter, r *http.Request) error {
		h.fail(w, r, http.StatusForbidden)
		return nil
	}))
	protected := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") == "null" && r.Header.Get("Sec-Fetch-Site") == "" {
			r.Header.Del("Origin")
		}
		protected.ServeHTTP(w, r)
	})
}

func (h *handler) unknown(http.ResponseWriter, *http.Request) error { return fs.ErrNotExist }

func (h *handler) qrPicture(w http.ResponseWriter, r *http.Request) error {
	orderID, line, err := h.pictured(couponLink, r)
	if err != nil {
		return err
	}
	picture, err := QRPicture(h.Links.PageURL(orderID, line))
	if err != nil {
		return err
	}
	return writePNG(w, picture)
}

func (h *handler) barcodePicture(w http.ResponseWriter, r *http.Request) error {
	orderID, line, err := h.pictured(voucherLink, r)
	if err != nil {
		return err
	}
	item, err := h.Store.BoughtItem(r.Context(), 0, orderID, line)
	if err != nil {
		return err
	}
	if item == nil {
		return fs.ErrNotExist
	}
	number, err := item.Number(h.Numbers.Open)
	if err != nil {
		return err
	}
	if number == "" {
		return fs.ErrNotExist
	}
	picture, err := BarcodePicture(number)
	if err != nil {
		return err
	}
	return writePNG(w, picture)
}

// pictured returns which item the file named in the path is about.
func (h *handler) pictured(kind string, r *http.Request) (gift.ID, int64, error) {
	token, isPNG := strings.CutSuffix(r.PathValue("file"), pngSuffix)
	orderID, line, ok := h.Links.open(kind, token)
	if !isPNG || !ok {
		return 0, 0, fs.ErrNotExist
	}
	return orderID, line, nil
}

func writePNG(w http.ResponseWriter, picture []byte) error {
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Content-Length", strconv.Itoa(len(picture)))
	_, _ = w.Write(picture) // the caller is gone when this fails
	return nil
}
