package console

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
	"giftimbiz/internal/webhook"
)

// Root is where the console's addresses begin.
const Root = "/console"

// Store is what the console needs of the database; each page declares its part. Errors wrap those of office.
type Store interface {
	signInStore
	catalogueStore
	ledgerStore
	partnerStore
	webhookStore
	orderStore
	accountStore
	operatorStore
	auditStore
	settingStore
	dashboardStore
	jobStore
}

// Passwords hashes and checks operators' passwords, slowly, and keeps what else signing in needs secret.
type Passwords interface {
	HashCode(plain string) (string, error)
	CheckCode(ctx context.Context, hash, plain string) (bool, error)
	SealSecret(kind string, id int64, plain string) ([]byte, error)
	OpenSecret(kind string, id int64, sealed []byte) (string, error)
	Capability(kind string, data []byte) string
	OpenCapability(kind, token string) ([]byte, bool)
	Lookup(kind, value string) []byte
}

// Config is what New needs; every field is required, unless it says otherwise.
type Config struct {
	Store     Store
	Passwords Passwords
	Numbers   Numbers
	Clock     clock.Clock
	Logger    *slog.Logger
	Imports   Imports // takes stock in from files
	PublicURL string  // how browsers reach the server
	Keys      KeyMaker
	// Address returns where a request comes from, as far as it can be believed.
	Address func(*http.Request) string
	// Lookup returns the keyed hash under which a value of a kind is found: vault.Lookup. Without it vouchers are not found by
	// their numbers.
	Lookup func(kind, value string) []byte
	// Counter returns the address at which a seller signs a shop's device in: redeem.Links. Without it none is shown.
	Counter func(office.Seller) string
	// Webhooks tells where webhooks may lead.
	Webhooks *webhook.Guard
}

type handler struct {
	Config
	guard  *http.CrossOriginProtection
	nobody string // the hash of a password that nobody has
	survey survey
	past   pastDays
}

// New returns what serves everything under Root.
func New(cfg Config) http.Handler {
	if cfg.Store == nil || cfg.Passwords == nil || cfg.Keys == nil || cfg.Numbers == nil || cfg.Clock == nil || cfg.Logger == nil ||
		cfg.Address == nil || cfg.Webhooks == nil {
		panic("console: New needs all of Config")
	}
	h := &handler{Config: cfg, guard: http.NewCrossOriginProtection()}
	var err error
	if h.nobody, err = cfg.Passwords.HashCode(rand.Text()); err != nil {
		panic("console: hash a password: " + err.Error())
	}
	if err := h.guard.AddTrustedOrigin(strings.TrimSuffix(cfg.PublicURL, "/")); err != nil {
		panic("console: public URL: " + err.Error())
	}
	h.guard.SetDenyHandler(http.HandlerFunc(h.refuseForged))
	mux := http.NewServeMux()
	mux.Handle("GET "+assetsPath+"{file}", http.HandlerFunc(serveAsset))
	for _, rt := range h.routes() {
		mux.Handle(rt.pattern, h.answer(rt))
	}
	return h.guard.Handler(mux)
}

// route is a page or a form: who may see or send it, and what answers.
type route struct {
	pattern string
	needs   office.Permission // of whoever signed in; meaningless when open
	open    bool              // to those who have not signed in
	polled  bool              // asked for by an open page itself: that does not keep its reader signed in
	serve   func(*request) error
}

// routes is every address of the console but those of its assets.
func (h *handler) routes() []route {
	return slices.Concat(
		frameRoutes(), signInRoutes(), dashboardRoutes(), accountRoutes(),
		partnerRoutes(), webhookRoutes(), orderRoutes(), catalogueRoutes(), importRoutes(), ledgerRoutes(),
		auditRoutes(), operatorRoutes(), settingRoutes(), jobRoutes(),
	)
}

// frameRoutes are those of no page in particular.
func frameRoutes() []route {
	return []route{
		{pattern: "POST " + Root + "/language", open: true, serve: (*request).chooseLanguage},
		{pattern: "GET " + Root, open: true, serve: func(q *request) error { return q.redirect(Root + "/") }},
		{pattern: Root + "/", open: true, serve: func(*request) error { return office.ErrNotFound }},
	}
}

// backTo leads away from addresses that only forms are sent to, for who reloads them or changes the language there: to the page
// below an address that a part of the path names, or to the address itself.
func backTo(address, part string) func(*request) error {
	return func(q *request) error {
		if part == "" {
			return q.redirect(address)
		}
		return q.redirect(address + "/" + url.PathEscape(q.PathValue(part)))
	}
}

// Route is an address of the console and who may ask for it, for those who look after that.
type Route struct {
	Pattern string // as of http.ServeMux
	Needs   office.Permission
	Open    bool // to everybody; Needs is meaningless
}

// Routes lists every address of the console but those of its assets.
func Routes() []Route {
	var all []Route
	for _, rt := range (&handler{}).routes() {
		all = append(all, Route{rt.pattern, rt.needs, rt.open})
	}
	return all
}

// request is one request on its way to an answer.
type request struct {
	*http.Request
	h        *handler
	w        http.ResponseWriter
	now      time.Time
	lang     locale.Language
	session  office.Session // zero for those who have not signed in
	operator office.Operator
	code     string // a manager code made by this request, to be shown once
}

// failure is an answer that is no page of its own: a status and what to say.
type failure struct {
	status int
	text   text
}

func (f failure) Error() string { return f.text.en }

// answer signs the request in, checks what it may do, and answers for what fails.
func (h *handler) answer(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		q := &request{Request: r, h: h, w: w, now: h.Clock.Now(), lang: languageOf(r)}
		err := q.checkAddress()
		if err == nil {
			err = q.enter(rt)
		}
		if err == nil {
			err = rt.serve(q)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			q.fail(err)
		}
	})
}

// enter finds out who asks. From then on, changes made in the request's context are that operator's.
func (q *request) enter(rt route) error {
	address := q.h.Address(q.Request)
	q.actAs(office.Actor{Name: nobody, Address: address})
	session, err := q.findSession(!rt.polled)
	switch {
	case err == nil:
		q.session, q.operator = session, session.Operator
		q.actAs(office.Actor{OperatorID: q.operator.ID, Name: q.operator.Email, Address: address})
	case !errors.Is(err, office.ErrNotFound):
		return err
	}
	if rt.open {
		return nil
	}
	if q.operator.ID == 0 {
		return errSignedOut
	}
	if !q.operator.Role.May(rt.needs) {
		return failure{http.StatusForbidden, text{"이 작업을 할 권한이 없습니다.", "You may not do this."}}
	}
	return nil
}

// nobody is who makes changes before anybody signed in: wrong passwords.
const nobody = "not signed in"

// actAs makes changes in the request's context somebody's.
func (q *request) actAs(a office.Actor) { q.Request = q.WithContext(office.As(q.Context(), a)) }

// errSignedOut sends whoever is not signed in to where one signs in.
var errSignedOut = errors.New("not signed in")

// errForged is told to browsers that another site made send a form, and to readers of a server that does not know its address.
var errForged = failure{http.StatusForbidden, text{
	"다른 주소의 페이지에서 보낸 양식이라 처리하지 않았습니다. 이 서버의 주소로 접속했다면 관리자가 --public-url 설정을 확인해야 합니다.",
	"This form came from a page of another address, so nothing was done. If you are at this server's own address, " +
		"whoever runs it should look at its --public-url.",
}}

// refuseForged looks at no session: what another site makes a browser send keeps nobody signed in.
func (h *handler) refuseForged(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	(&request{Request: r, h: h, w: w, now: h.Clock.Now(), lang: languageOf(r)}).fail(errForged)
}

// fail answers for what went wrong.
func (q *request) fail(err error) {
	var (
		f      failure
		broken brokenOff
	)
	switch {
	case errors.Is(err, errSignedOut):
		q.askToSignIn()
		return
	case errors.As(err, &broken):
		q.h.Logger.ErrorContext(q.Context(), "console: answer broken off", "route", q.Pattern, "error", err)
		panic(http.ErrAbortHandler)
	case errors.As(err, &f):
	case errors.Is(err, office.ErrNotFound):
		f = failure{http.StatusNotFound, text{"찾을 수 없습니다.", "There is no such thing."}}
	case errors.Is(err, office.ErrChanged):
		f = failure{http.StatusConflict, text{
			"그 사이에 다른 사람이 바꾸었습니다. 다시 열어 확인한 뒤 저장하십시오.",
			"Somebody else changed this meanwhile. Open it again, look, and save then.",
		}}
	case errors.Is(err, office.ErrStays):
		f = failure{http.StatusConflict, text{
			"이 업체의 쿠폰이 이미 판매되었거나 사용되어 다른 업체로 옮길 수 없습니다. 그 업체에 새로 추가하십시오.",
			"Coupons of this shop were sold or used already, so this cannot move to another shop. Add a new one there.",
		}}
	case errors.Is(err, office.ErrUnanswered):
		f = failure{http.StatusServiceUnavailable, text{
			"데이터베이스가 응답하지 않아 저장되었는지 알 수 없습니다. 다시 하기 전에 페이지를 새로 열어 확인하십시오.",
			"The database did not answer: this may have been stored, or not. Open the page anew and look before you do it again.",
		}}
	default:
		q.h.Logger.ErrorContext(q.Context(), "console", "route", q.Pattern, "error", err)
		f = failure{http.StatusInternalServerError, text{
			"처리하지 못했습니다. 계속되면 X-Request-Id를 알려 주십시오.",
			"This failed. If it goes on, tell us the X-Request-Id.",
		}}
	}
	if err := q.render(f.status, "failure", f.text, q.before()); err != nil {
		q.h.Logger.ErrorContext(q.Context(), "console: page of a failure", "error", err)
	}
}

// before is the page of the console that led here, or "".
func (q *request) before() string {
	u, err := url.Parse(q.Referer())
	if err != nil || u.Host != q.Host || u.RequestURI() == q.URL.RequestURI() || !strings.HasPrefix(u.Path, Root+"/") {
		return ""
	}
	return u.RequestURI()
}

// setHeaders keeps pages out of caches, frames and other sites' reach.
func setHeaders(head http.Header) {
	head.Set("Cache-Control", "no-store")
	head.Set("X-Robots-Tag", "noindex, nofollow")
	head.Set("Referrer-Policy", "same-origin")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("X-Frame-Options", "DENY")
	head.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
		"img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}
