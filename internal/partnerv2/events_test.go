package partnerv2_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/partnerv2"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/webhook"
)

var noon = time.Date(2025, 9, 15, 12, 0, 0, 0, gift.Seoul)

// outbox keeps events in memory. It stands in for a database whose transactions are as slow as a test wants.
type outbox struct {
	partnerv2.Store // for the rest, which nobody asks of it

	mu     sync.Mutex
	events []gift.Event
	lag    time.Duration
	err    error
}

func (o *outbox) put(at time.Time, partner int64) gift.ID {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := gift.NewEvent(gift.FirstIDAt(at), gift.TestSent, partner, 0, struct{}{})
	i := 0
	for i < len(o.events) && o.events[i].ID < e.ID {
		i++
	}
	o.events = append(o.events[:i], append([]gift.Event{e}, o.events[i:]...)...)
	return e.ID
}

func (o *outbox) Events(_ context.Context, partner int64, after gift.ID, limit int) (list []gift.Event, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.events {
		if e.ID > after && (e.PartnerID == 0 || e.PartnerID == partner) && len(list) < limit {
			list = append(list, e)
		}
	}
	return list, o.err
}

func (o *outbox) EventLag(context.Context) (time.Duration, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lag, nil
}

func (o *outbox) set(lag time.Duration, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lag, o.err = lag, err
}

// doorman knows callers by their tokens.
type doorman map[string]credential.FaultKind

var sandbox = gift.Partner{ID: 7, Name: "devtest1", Sandbox: true}

func (d doorman) CheckAccess(h credential.Header, _ netip.Addr) (*credential.Identity, *credential.Fault) {
	token := strings.TrimPrefix(h.Value, "Bearer ")
	switch {
	case !h.Present:
		return nil, &credential.Fault{Kind: credential.AccessMissing}
	case token == "sandbox":
		return &credential.Identity{Partner: sandbox}, nil
	case token == "live":
		return &credential.Identity{Partner: gift.Partner{ID: 8, Name: "demo"}}, nil
	}
	return nil, &credential.Fault{Kind: d[token]}
}

// The doorman issues nothing: his callers have their tokens.
func (d doorman) CheckClient(string, string, netip.Addr) (*credential.Identity, *credential.Fault) {
	return nil, &credential.Fault{Kind: credential.UnknownKey}
}
func (d doorman) Issue(gift.Partner, int64) string { return "" }
func (d doorman) AccessTTL() time.Duration         { return 0 }
func (d doorman) Refresh(context.Context) error    { return nil }
func (d doorman) NewKeys(gift.Partner) (s credential.Secrets, k credential.Keys) {
	return s, k
}

// nobody buys, decrypts and redeems nothing: who asks for events does none of that.
type nobody struct {
	partnerv2.Buyer
	partnerv2.Numbers
	partnerv2.Counter
}

// noStock is where an empty catalogue comes from.
type noStock struct{ catalog.Source }

func emptyCatalog(clk clock.Clock) *catalog.Catalog {
	return catalog.New(noStock{}, clk, func(dst []byte, _ *catalog.View) []byte { return dst })
}

// noSecrets is for those who keep none.
type noSecrets struct{ partnerv2.Sealer }

type house struct {
	*partnerv2.API
	t      *testing.T
	outbox *outbox
	clock  clock.Clock
}

func newHouse(t *testing.T, clk clock.Clock) *house {
	o := &outbox{}
	return &house{t: t, outbox: o, clock: clk, API: partnerv2.New(partnerv2.Config{
		Authority: doorman{
			"wrong": credential.AccessSignatureWrong, "old": credential.AccessExpired, "barred": credential.PartnerSuspended,
			"elsewhere": credential.AddressRefused,
		},
		Secrets: noSecrets{}, Webhooks: webhook.NewGuard(nil), Store: o, Catalog: emptyCatalog(clk), Buyer: nobody{},
		Links: new(redeem.Links), Numbers: nobody{}, Counter: nobody{}, Clock: clk,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})}
}

type page struct {
	Events []struct {
		ID   string          `json:"id"`
		Type string          `json:"type"`
		At   time.Time       `json:"timestamp"`
		Data json.RawMessage `json:"data"`
	} `json:"events"`
	Next string `json:"next"`
}

func (h *house) ask(method, path, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Accept-Language", "en")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func (h *house) page(query string) (p page) {
	h.t.Helper()
	w := h.ask(http.MethodGet, "/api/v2/events"+query, "sandbox")
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK {
		h.t.Fatalf("%d: %s, %v", w.Code, w.Body, err)
	}
	return p
}

func (p page) ids() string {
	var ids []string
	for _, e := range p.Events {
		ids = append(ids, e.ID)
	}
	return strings.Join(ids, " ")
}

func TestEventsAreHandedOutInPages(t *testing.T) {
	clk := clock.NewManual(noon)
	h := newHouse(t, clk)
	for i := range 150 {
		h.outbox.put(noon.Add(time.Duration(i)*time.Millisecond), sandbox.ID*int64(i%2))
	}
	h.outbox.put(noon, 8) // of somebody else
	clk.Advance(time.Minute)
	first := h.page("")
	second := h.page("?wait=30&after=" + first.Next)
	if len(first.Events) != 100 || len(second.Events) != 50 || first.Next != first.Events[99].ID || second.Events[0].ID <= first.Next {
		t.Errorf("%d and %d, next %s", len(first.Events), len(second.Events), first.Next)
	}
	if e := first.Events[3]; e.Type != "test.sent" || !e.At.Equal(noon.Add(3*time.Millisecond)) || string(e.Data) != "{}" {
		t.Errorf("%+v", e)
	}
	last := h.page("?after=" + second.Next)
	if len(last.Events) != 0 || last.Next != second.Next {
		t.Errorf("%+v", last)
	}
}

// TestNoEventIsMissedThatBecomesVisibleLate lets events appear after others with higher numbers.
func TestNoEventIsMissedThatBecomesVisibleLate(t *testing.T) {
	clk := clock.NewManual(noon)
	h := newHouse(t, clk)
	h.outbox.set(20*time.Second, nil) // a transaction that writes began at 12:00:00
	early := h.outbox.put(noon.Add(-time.Minute), sandbox.ID)
	clk.Advance(20 * time.Second)
	fast := h.outbox.put(noon.Add(10*time.Second), sandbox.ID)
	got := h.page("")
	if got.ids() != webhook.MessageID(early) {
		t.Errorf("handed out %s", got.ids())
	}
	latest := h.page("?after=latest")
	slow := h.outbox.put(noon.Add(time.Second), sandbox.ID) // it ends
	h.outbox.set(0, nil)
	want := webhook.MessageID(slow) + " " + webhook.MessageID(fast)
	if got := h.page("?after=" + got.Next).ids(); got != want {
		t.Errorf("then %s, want %s", got, want)
	}
	if got := h.page("?after=" + latest.Next).ids(); latest.ids() != "" || got != want {
		t.Errorf("of the latest %s, want %s", got, want)
	}
	h.outbox.set(time.Hour, nil) // one that never ends holds nobody up for long
	clk.Advance(2 * time.Minute)
	if got := h.page("?after=" + webhook.MessageID(early)).ids(); got != want {
		t.Errorf("behind a transaction without end %s", got)
	}
}

func TestAPollWaitsUntilSomethingHappensOrItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, clock.StartingAt(noon))
		began := time.Now()
		if p := h.page("?wait=20"); len(p.Events) != 0 || time.Since(began) != 20*time.Second {
			t.Errorf("%d events after %v", len(p.Events), time.Since(began))
		}
		go func() {
			time.Sleep(3 * time.Second)
			h.outbox.put(h.clock.Now(), sandbox.ID)
		}()
		began = time.Now()
		if p := h.page("?wait=20"); len(p.Events) != 1 || time.Since(began) > 6*time.Second {
			t.Errorf("%d events after %v", len(p.Events), time.Since(began))
		}
		began = time.Now()
		time.AfterFunc(time.Second, h.Stop)
		if p := h.page("?wait=20&after=latest"); len(p.Events) != 0 || time.Since(began) != 0 {
			t.Errorf("the latest came after %v", time.Since(began))
		}
		h.outbox.put(h.clock.Now().Add(time.Hour), sandbox.ID) // a clock that is ahead
		if p := h.page("?wait=20&after=" + h.page("?after=latest").Next); len(p.Events) > 1 || time.Since(began) > 2*time.Second {
			t.Errorf("a stop was seen after %v", time.Since(began))
		}
	})
}

// TestWhoLeavesIsNotToldOfASuccess: a caller that has only ended its side of the connection still reads.
func TestWhoLeavesIsNotToldOfASuccess(t *testing.T) {
	h := newHouse(t, clock.System{})
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v2/events?wait=30", nil)
	r.Header.Set("Authorization", "Bearer sandbox")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestOnlySoManyWaitAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, clock.StartingAt(noon))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { h.page("?wait=10") })
		}
		synctest.Wait()
		if w := h.ask(http.MethodGet, "/api/v2/events", "sandbox"); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("the fifth: %d %s", w.Code, w.Body)
		}
		wg.Wait()
		h.page("") // there is room again
	})
}

func TestWhatIsWrongIsAProblem(t *testing.T) {
	h := newHouse(t, clock.NewManual(noon))
	for _, test := range []struct {
		method, path, token string
		status              int
		code                string
	}{
		{http.MethodGet, "/api/v2/events", "", http.StatusUnauthorized, "token-missing"},
		{http.MethodGet, "/api/v2/events", "wrong", http.StatusUnauthorized, "token-invalid"},
		{http.MethodGet, "/api/v2/events", "old", http.StatusUnauthorized, "token-expired"},
		{http.MethodGet, "/api/v2/events", "barred", http.StatusForbidden, "partner-barred"},
		{http.MethodGet, "/api/v2/events", "elsewhere", http.StatusForbidden, "address-refused"},
		{http.MethodGet, "/api/v2/events", "live", http.StatusForbidden, "sandbox-only"},
		{http.MethodGet, "/api/v2/events?after=7", "sandbox", http.StatusBadRequest, "parameter-invalid"},
		{http.MethodGet, "/api/v2/events?wait=31", "sandbox", http.StatusBadRequest, "parameter-invalid"},
		{http.MethodGet, "/api/v2/events?wait=-1", "sandbox", http.StatusBadRequest, "parameter-invalid"},
		{http.MethodPost, "/api/v2/events", "sandbox", http.StatusMethodNotAllowed, "method-not-allowed"},
		{http.MethodGet, "/api/v2/", "sandbox", http.StatusNotFound, "not-found"},
		{http.MethodGet, "/api/v2/event", "", http.StatusNotFound, "not-found"},
	} {
		w := h.ask(test.method, test.path, test.token)
		var p struct {
			Type    string `json:"type"`
			Title   string `json:"title"`
			Status  int    `json:"status"`
			Detail  string `json:"detail"`
			Request string `json:"request_id"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != test.status || p.Status != test.status ||
			p.Type != "urn:giftimbiz:problem:"+test.code || p.Title == "" || p.Detail == "" || p.Request != w.Header().Get("X-Request-Id") {
			t.Errorf("%s %s as %q: %d %s, %v", test.method, test.path, test.token, w.Code, w.Body, err)
		}
		if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/problem+json") {
			t.Errorf("%s: %s", test.path, got)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); (challenge != "") != (test.status == http.StatusUnauthorized) {
			t.Errorf("%s as %q: challenge %q", test.path, test.token, challenge)
		}
	}
}

func TestABrokenDatabaseIsAProblemWithoutItsWords(t *testing.T) {
	h := newHouse(t, clock.NewManual(noon))
	h.outbox.set(0, errors.New("postgres://secret"))
	w := h.ask(http.MethodGet, "/api/v2/events", "sandbox")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestADatabaseThatIsAwayIsToldFromOneThatFails: of what is away, callers learn when to come back.
func TestADatabaseThatIsAwayIsToldFromOneThatFails(t *testing.T) {
	h := newHouse(t, clock.NewManual(noon))
	for _, test := range []struct {
		err    error
		status int
		kind   string
	}{
		{fmt.Errorf("%w: connection refused", purchase.ErrUnavailable), http.StatusServiceUnavailable, "unavailable"},
		{fmt.Errorf("%w: deadlock", purchase.ErrConflict), http.StatusServiceUnavailable, "unavailable"},
		{fmt.Errorf("%w: %w", office.ErrUnanswered, purchase.ErrUnavailable), http.StatusServiceUnavailable, "outcome-unknown"},
		{errors.New("no such table"), http.StatusInternalServerError, "failed"},
	} {
		h.outbox.set(0, test.err)
		w := h.ask(http.MethodGet, "/api/v2/events", "sandbox")
		if w.Code != test.status || !strings.Contains(w.Body.String(), `"type":"urn:giftimbiz:problem:`+test.kind+`"`) ||
			(w.Header().Get("Retry-After") != "") != (w.Code == http.StatusServiceUnavailable) {
			t.Errorf("%v: %d %s", test.err, w.Code, w.Body)
		}
	}
}
