package redeem

import (
	"context"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/media"
)

// Pictures finds the pictures of the catalogue by their paths; nil and no error when there is none.
type Pictures interface {
	Media(ctx context.Context, path string) (*media.Picture, error)
}

// vouchers shows bought items to their holders, who have nothing but a link: a page, the same as a picture to keep, and
// pictures of the product for the page and for previews of the link.
type vouchers struct {
	Config
	pages *template.Template
	// drawing bounds how many pictures are made at a time: each takes megabytes and tens of milliseconds.
	drawing *crowd
}

// How many pictures are made at a time, and how many more wait for their turn.
const (
	drawnAtOnce = 2
	drawWaiting = 62
)

func newVouchers(cfg Config) *vouchers {
	return &vouchers{Config: cfg, pages: parseVoucherPage(), drawing: newCrowd(drawnAtOnce, drawWaiting)}
}

// routes is all that stands below /v/.
func (v *vouchers) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+voucherPath+"{file}", v.answer(v.show))
	mux.HandleFunc("GET "+voucherThumbPath+"{token}", v.answer(v.thumb))
	mux.HandleFunc("GET "+voucherCardPath+"{file}", v.answer(v.card))
	mux.HandleFunc("GET "+voucherAssetsPath+"{file}", serveVoucherAsset)
	mux.HandleFunc(voucherPath, v.answer(func(http.ResponseWriter, *http.Request) error { return fs.ErrNotExist }))
}

// answer runs what may fail before anything is written. It logs no path: a path is a key.
func (v *vouchers) answer(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		setVoucherPrivate(w.Header())
		err := serve(w, r)
		switch {
		case err == nil || errors.Is(err, context.Canceled):
		case errors.Is(err, fs.ErrNotExist):
			v.fail(w, r, http.StatusNotFound)
		case errors.Is(err, ErrBusy):
			w.Header().Set("Retry-After", "1")
			v.fail(w, r, http.StatusServiceUnavailable)
		default:
			v.Logger.ErrorContext(r.Context(), "voucher page", "error", err)
			w.Header().Set("Retry-After", "5")
			v.fail(w, r, http.StatusServiceUnavailable)
		}
	}
}

// setVoucherPrivate is setPrivate for a page that shows pictures and has no form.
func setVoucherPrivate(head http.Header) {
	setPrivate(head)
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; "+
		"form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
}

// show answers with the page or, where the address ends like a picture's, with the picture to keep.
func (v *vouchers) show(w http.ResponseWriter, r *http.Request) error {
	token, asPicture := strings.CutSuffix(r.PathValue("file"), pngSuffix)
	item, err := v.item(r.Context(), holderLink, token)
	if err != nil {
		return err
	}
	view, err := v.view(r, item)
	if err != nil {
		return err
	}
	if !asPicture {
		return v.write(w, http.StatusOK, view)
	}
	if !view.Usable() || view.Hidden {
		return fs.ErrNotExist // there is no code to keep
	}
	w.Header().Set("Content-Disposition", `inline; filename="`+pictureName(item)+`"`)
	return v.draw(w, r, "image/png", func() ([]byte, error) { return savedPicture(view) })
}

// pictureName is what the picture is saved as.
func pictureName(item *gift.BoughtItem) string {
	return string(item.OrderID.Ref(item.Sandbox)) + "-" + strconv.FormatInt(item.Line, 10) + pngSuffix
}

// item finds what a link names. A link that was revoked names nothing.
func (v *vouchers) item(ctx context.Context, kind, token string) (*gift.BoughtItem, error) {
	named, ok := v.Links.openVoucher(kind, token)
	if !ok {
		return nil, fs.ErrNotExist
	}
	item, err := v.Store.BoughtItem(ctx, 0, named.orderID, named.line)
	if err != nil {
		return nil, err
	}
	if item == nil || item.LinkSerial != named.serial {
		return nil, fs.ErrNotExist
	}
	return item, nil
}

// draw makes a picture when it is its turn, and sends it. Whoever asks for the head only gets it without the work.
func (v *vouchers) draw(w http.ResponseWriter, r *http.Request, contentType string, make func() ([]byte, error)) error {
	w.Header().Set("Content-Type", contentType)
	if r.Method == http.MethodHead {
		return nil
	}
	leave, err := v.drawing.enter(r.Context(), 0)
	if err != nil {
		return err
	}
	defer leave()
	picture, err := make()
	if err != nil {
		return err
	}
	send(w, contentType, picture)
	return nil
}

func send(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the caller is gone when this fails
}

// previewers are how programs name themselves that fetch a page to show a preview of its link in a conversation. They are
// shown no number: what they read is kept where others see it.
var previewers = []string{
	"facebookexternalhit", "facebot", "kakaotalk-scrap", "kakaostory-og-reader", "line-poker", "slackbot", "slack-imgproxy",
	"twitterbot", "telegrambot", "discordbot", "whatsapp/", "linkedinbot", "skypeuripreview", "googlebot", "bingbot",
	"yeti/", "daum/", "daumoa", "applebot", "redditbot", "pinterestbot", "mastodon/", "bitlybot", "embedly", "vkshare",
}

func isPreviewer(agent string) bool {
	agent = strings.ToLower(agent)
	for _, name := range previewers {
		if strings.Contains(agent, name) {
			return true
		}
	}
	return false
}
