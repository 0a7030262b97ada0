package partnerapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/rehearsal"
	"giftimbiz/internal/requestid"
	"giftimbiz/internal/whole"
)

// Success is the result code of an answer to a request that was done.
const Success = office.Success

const keptAnswerCap = 256 << 10 // larger buffers are not kept for the next call

// call is one request on its way to an answer. It belongs to one goroutine.
type call struct {
	*api
	w        http.ResponseWriter
	r        *http.Request
	began    time.Time
	id       string
	endpoint *endpoint
	in       reader
	who      *credential.Identity
	replayed bool // the answer was given before
	outcome  rehearsal.Outcome
	out      object
	ready    []byte // the answer instead of out, when it was made before; it belongs to others too
	scratch  []byte // what the body is read into
}

var calls = sync.Pool{New: func() any { return &call{} }}

func newCall(a *api, w http.ResponseWriter, r *http.Request) *call {
	c := calls.Get().(*call)
	*c = call{
		api: a, w: w, r: r, began: a.Clock.Now(), id: requestid.Give(w, r),
		in: reader{params: c.in.params[:0]}, out: object{c.out.b[:0]}, scratch: c.scratch[:0],
	}
	return c
}

func (c *call) release() {
	kept := c.out.b
	if cap(kept) > keptAnswerCap {
		kept = nil
	}
	clear(c.in.params) // the texts of a request are not kept alive by its place
	*c = call{in: reader{params: c.in.params}, out: object{kept}, scratch: c.scratch}
	calls.Put(c)
}

// run reads the request, finds out who calls, and serves. A panic is this call's failure only.
func (c *call) run() (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.Logger.ErrorContext(c.r.Context(), "panic", "endpoint", c.endpoint.name, "panic", p, "stack", string(debug.Stack()))
			err = &failure{reply: failed, status: http.StatusInternalServerError, cause: fmt.Errorf("panic: %v", p)}
		}
	}()
	if err := c.readParams(); err != nil {
		return err
	}
	if err := c.endpoint.signIn(c); err != nil {
		return err
	}
	if err := c.countIn(); err != nil {
		return err
	}
	if err := c.rehearse(); err != nil {
		return err
	}
	return c.endpoint.serve(c)
}

// today returns the day on the caller's clock. Prices, expiry and what became of things go by it.
func (c *call) today() gift.Day { return c.who.Partner.Today(c.Clock.Now()) }

// index returns what is on sale on that day.
func (c *call) index() *catalog.Index {
	if c.who.Partner.ClockAhead == 0 {
		return c.Catalog.Index()
	}
	return c.Catalog.IndexOn(c.today())
}

// begin starts a success.
func (c *call) begin() {
	c.out.open("", '{')
	c.out.text("result", Success)
}

// end finishes it.
func (c *call) end() { c.out.close('}') }

func (c *call) language() locale.Language { return locale.Of(c.r.Header.Get("Accept-Language")) }

// finish sends the answer, counts it and logs it.
func (c *call) finish(err error) {
	status, code := http.StatusOK, Success
	var f *failure
	if err != nil {
		if !errors.As(err, &f) {
			f = &failure{reply: failed, status: http.StatusInternalServerError, cause: err}
		}
		status, code = f.httpStatus(), f.code
		if len(c.out.b) == 0 || f.cause != nil { // a refused purchase has written its answer already
			c.out.b = f.append(c.out.b[:0], c.language())
		}
	}
	body := c.out.b
	if err == nil && c.ready != nil {
		body = c.ready
	}
	lost := c.outcome == rehearsal.AnswerLost
	if !lost {
		c.send(status, body, f)
	}
	took := c.Clock.Now().Sub(c.began)
	c.Observe(c.answered(code, took, f))
	c.note(code)
	c.log(status, code, took, f)
	if lost {
		rehearsal.Cut()
	}
}

// Values that many answers share. They must not be changed.
var (
	jsonType = []string{"application/json; charset=utf-8"}
	noStore  = []string{"no-store"}
	noSniff  = []string{"nosniff"}
)

func (c *call) send(status int, body []byte, f *failure) {
	if c.replayed {
		c.w.Header()["Idempotent-Replayed"] = []string{"true"}
	}
	whole.Expect(c.r, status, len(body))
	writeAnswer(c.w, status, body, f)
}

// writeAnswer sends a body with the headers that every answer has, and those of a failure.
func writeAnswer(w http.ResponseWriter, status int, body []byte, f *failure) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if f != nil && f.retryAfter != "" {
		h["Retry-After"] = []string{f.retryAfter}
	}
	if f != nil && f.allow != "" {
		h["Allow"] = []string{f.allow}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller is gone when this fails
}

// log notes what changed something, what was refused, and what failed. Values of parameters are never in it.
func (c *call) log(status int, code string, took time.Duration, f *failure) {
	level := slog.LevelDebug
	switch {
	case errors.Is(errorOf(f), context.Canceled), away(f):
		level = slog.LevelInfo
	case status >= http.StatusInternalServerError && !f.expected:
		level = slog.LevelError
	case status == http.StatusTooManyRequests: // counted, and reported now and then: a line each is what a flood would want
	case f != nil || c.endpoint.writes:
		level = slog.LevelInfo
	}
	if !c.Logger.Enabled(c.r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("endpoint", c.endpoint.name), slog.String("code", code), slog.Int("status", status),
		slog.Duration("took", took),
	}
	if c.who != nil {
		attrs = append(attrs, slog.String("partner", c.who.Partner.Name))
	}
	if f != nil && f.cause != nil && !away(f) {
		attrs = append(attrs, slog.Any("error", f.cause))
	}
	c.Logger.LogAttrs(c.r.Context(), level, "call", attrs...)
}

// away tells whether a call failed because the database is away, which whoever works on it says once, not for each call.
func away(f *failure) bool { return errors.Is(errorOf(f), purchase.ErrUnavailable) }

// errorOf keeps a nil failure from becoming an error that is not nil.
func errorOf(f *failure) error {
	if f == nil {
		return nil
	}
	return f
}
