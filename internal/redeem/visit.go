package redeem

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// Cookies of shops' browsers. What the first two say is not kept, only its hash. The device's tells a tap that is repeated
// because its answer was lost from another device that was second; the seller's is the address to sign in at again.
const (
	deviceCookie = "giftimbiz-device"
	shiftCookie  = "giftimbiz-shift"
	sellerCookie = "giftimbiz-seller"
)

const (
	secretSize   = 32
	sellerKnown  = 365 * 24 * time.Hour
	maxAgent     = 200 // bytes kept of a browser's name for itself
	contentRules = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'"
)

// visit is a request for a page, and who sent it as far as cookies tell.
type visit struct {
	*http.Request
	h      *handler
	w      http.ResponseWriter
	text   *texts
	now    time.Time
	shift  *Shift // nil: the device is not signed in
	secret string // of the shift
	device []byte // nil: not known
	used   bool   // this very request used a coupon
}

// visit makes a handler of what answers a visit.
func (h *handler) visit(serve func(*visit) error) http.HandlerFunc {
	return h.answer(func(w http.ResponseWriter, r *http.Request) error {
		head := w.Header()
		head.Set("Content-Security-Policy", contentRules)
		head.Set("Permissions-Policy", "camera=()")
		v := &visit{Request: r, h: h, w: w, text: textsFor(r), now: h.Clock.Now()}
		if err := v.recognise(); err != nil {
			return err
		}
		return serve(v)
	})
}

// send is visit for forms.
func (h *handler) send(serve func(*visit) error) http.Handler {
	return h.guardOrigin(h.visit(func(v *visit) error {
		v.Body = http.MaxBytesReader(v.w, v.Body, maxForm)
		if err := v.ParseForm(); err != nil {
			h.fail(v.w, v.Request, http.StatusBadRequest)
			return nil
		}
		return serve(v)
	}))
}

func (v *visit) recognise() (err error) {
	if c, err := v.Cookie(v.cookie(deviceCookie)); err == nil {
		v.device = hashOf(c.Value)
	}
	c, none := v.Cookie(v.cookie(shiftCookie))
	if none != nil {
		return nil
	}
	v.shift, err = v.h.Store.Shift(v.Context(), hashOf(c.Value), v.now)
	v.secret = c.Value
	return err
}

// knowDevice gives the browser something to be known by, if it has nothing.
func (v *visit) knowDevice() {
	if v.device == nil {
		v.setCookie(deviceCookie, newSecret(), ShiftFor)
	}
}

// startShift signs the device in. Whatever it was signed in as before is over.
func (v *visit) startShift(seller Seller) error {
	var before []byte
	if v.shift != nil {
		before = v.shift.ID
	}
	secret, agent := newSecret(), v.UserAgent()
	s := Shift{
		ID: hashOf(secret), Agent: strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], ""),
		StartedAt: v.now, ExpiresAt: v.now.Add(ShiftFor),
	}
	if err := v.h.Store.StartShift(v.Context(), s, seller, before); err != nil {
		return err
	}
	shift, err := v.h.Store.Shift(v.Context(), s.ID, v.now)
	v.shift, v.secret = shift, secret
	v.setCookie(shiftCookie, secret, ShiftFor)
	v.setCookie(sellerCookie, v.h.Links.sellerToken(seller), sellerKnown)
	return err
}

// cookie has the prefix that browsers accept from secure origins only, where the server is one.
func (v *visit) cookie(name string) string {
	if v.secure() {
		return "__Secure-" + name
	}
	return name
}

func (v *visit) secure() bool { return strings.HasPrefix(v.h.Links.origin, "https://") }

// setCookie sets a cookie, or with a negative age deletes it. A scan opens pages from outside: cookies must come along then.
func (v *visit) setCookie(name, value string, age time.Duration) {
	http.SetCookie(v.w, &http.Cookie{
		Name: v.cookie(name), Value: value, Path: pagePath, MaxAge: int(age.Seconds()),
		HttpOnly: true, Secure: v.secure(), SameSite: http.SameSiteLaxMode,
	})
}

// Seal returns what forms of a signed-in device carry, so that old browsers, which send cookies with whatever other sites make
// them send, are safe too.
func (v *visit) seal() string {
	if v.shift == nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(hashOf("form\x00" + v.secret))
}

// sealed tells whether a form was sent by a page that the signed-in device was shown.
func (v *visit) sealed() bool {
	return v.shift != nil && subtle.ConstantTimeCompare([]byte(v.PostForm.Get("seal")), []byte(v.seal())) == 1
}

func newSecret() string {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(secret)
}

// hashOf is what is kept of a cookie: who reads the database cannot use it.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// redirect leads to another page after a form.
func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.Request, path, http.StatusSeeOther)
	return nil
}
