package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"giftimbiz/client"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/contract"
	"giftimbiz/internal/docs"
)

// published are the documents that the server publishes; each answer that any test here gets is held against them.
var published = sync.OnceValue(func() []*contract.Document {
	v1, v2 := mustLoad("v1"), mustLoad("v2")
	v1.Succeeded, v1.Forgiving = contract.FormSucceeded, true
	return []*contract.Document{v1, v2}
})

func mustLoad(version string) *contract.Document {
	d, err := contract.Load(publishedText(version))
	if err != nil {
		panic(fmt.Sprintf("the document of %s: %v", version, err))
	}
	return d
}

var publishedTexts sync.Map // of each version: making the documentation takes its time

// publishedText returns a document as the server sends it.
func publishedText(version string) []byte {
	if text, ok := publishedTexts.Load(version); ok {
		return text.([]byte)
	}
	text := makePublished(version)
	publishedTexts.Store(version, text)
	return text
}

func makePublished(version string) []byte {
	handler := docs.New(docs.Config{
		PublicURL: "https://gift.example", Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler),
		Place: func(*http.Request) string { return "" },
	})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/docs/openapi/"+version+".json?lang=en", http.NoBody))
	if w.Code != http.StatusOK {
		panic(fmt.Sprintf("the document of %s: %d %s", version, w.Code, w.Body))
	}
	return w.Body.Bytes()
}

// madeUp says how many requests of each version are made up, and by which seed. GIFTIMBIZ_TEST_REQUESTS and GIFTIMBIZ_TEST_SEED ask
// for others.
func madeUp(t *testing.T) (requests int, seed uint64) {
	t.Helper()
	number := func(name string, other uint64) uint64 {
		text := os.Getenv(name)
		if text == "" {
			return other
		}
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	return int(number("GIFTIMBIZ_TEST_REQUESTS", 10_000)), number("GIFTIMBIZ_TEST_SEED", 1)
}

// tireless is a partner that sends made-up requests: it signs in again when its keys or its token are of no use any more.
type tireless struct {
	s      *testServer
	made   *contract.Random
	keys   client.Credentials
	token  string
	codes  map[int]int // how often each status came
	served map[string]bool
}

func newTireless(s *testServer, d *contract.Document, partner string, seed uint64) *tireless {
	p, err := s.made.Partner(partner)
	if err != nil {
		s.t.Fatal(err)
	}
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.t.Cleanup(sink.Close)
	r := &tireless{s: s, keys: p.Credentials, codes: map[int]int{}, served: map[string]bool{}, made: contract.NewRandom(d, seed)}
	r.made.Known = map[string][]any{
		"url":  {sink.URL, sink.URL + "/hook", "ftp://example", "", "http://10.0.0.1/", "https://localhost"}, // nothing out there is called
		"wait": {"0", "-1", "x"}, "advance_seconds": {1, 60, 3600, 0, "x"}, "now": {"2025-09-15T12:00:00+09:00", "2025-09-20T12:00:00+09:00", "x"},
		// Of what is on sale, enough to buy some.
		"offer_id": {18411, 18411, 18411, 1350, 1350, 999_999_999}, "quantity": {1, 1, 1, 1, 2, 0, -1},
		"total": {940, 940, 940, 0, 3000, 1}, "coupon_id": {0, 0, 0, 1}, "reference": numbered("r"), "Idempotency-Key": numbered("k"),
		// Waiting and cutting answers off have tests of their own.
		"Sandbox-Outcome": {"sold-out", "price-changed", "balance-low", "daily-limit", "expired", "unavailable", "rate-limited"},
	}
	return r
}

// numbered returns values of which some come twice in a while, and some that cannot be.
func numbered(prefix string) []any {
	list := []any{"", "한글", "with space", strings.Repeat("x", 300)}
	for i := range 400 {
		list = append(list, fmt.Sprintf("%s-%d", prefix, i))
	}
	return list
}

// send sends one request. That its answer is as documented is checked where the server is (contract.Watch).
func (r *tireless) send() {
	request, body, id := r.made.Next(r.s.url)
	request.ContentLength = int64(len(body))
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		r.s.t.Fatalf("%s %s: %v", request.Method, request.URL, err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.s.t.Fatal(err)
	}
	r.codes[response.StatusCode]++
	scripted := request.Header.Get("Sandbox-Outcome") == "unavailable"
	if response.StatusCode >= 500 && !scripted {
		r.s.t.Errorf("%s %s %q: %s\n%s", request.Method, request.URL, body, response.Status, text)
	}
	if response.StatusCode < 300 {
		r.served[id] = true
		r.made.Learn(request, text)
		r.rekey(text)
	}
}

// use takes keys.
func (r *tireless) use(keys client.Credentials) {
	r.keys, r.token = keys, ""
	r.made.Known["client_id"], r.made.Known["client_secret"] = []any{keys.PartnerKey, keys.PartnerKey, "x"}, []any{keys.PartnerToken, keys.PartnerToken, ""}
}

// rekey takes over keys that were made anew.
func (r *tireless) rekey(answer []byte) {
	var keys client.Credentials
	if json.Unmarshal(answer, &keys) == nil && keys.PartnerKey != "" {
		r.use(keys)
		r.s.sync()
	}
}

// TestMadeUpRequestsOfTheSecondVersionAreAnsweredAsDocumented sends requests derived from the document, right and wrong ones: none may
// fail in the server, and each answer has to be documented.
func TestMadeUpRequestsOfTheSecondVersionAreAnsweredAsDocumented(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db", func(c *config) { c.RateLimit, c.WebhookAllow = 0, []string{"127.0.0.0/8"} })
	d := published()[1]
	requests, seed := madeUp(t)
	for _, partner := range []string{"devtest1", "demo"} {
		r := newTireless(s, d, partner, seed)
		r.use(r.keys)
		r.made.Rare = []string{"resetSandbox", "rotateKeys", "closeReference", "deleteWebhook", "cancelOrder", "moveClock", "releaseQuote"}
		r.made.Often = []string{"createOrder", "createQuote"}
		r.made.Header = func(request *http.Request) {
			if r.token == "" {
				r.token = r.bearer()
			}
			request.Header.Set("Authorization", "Bearer "+r.token)
		}
		for range requests / 2 {
			if r.send(); t.Failed() {
				break
			}
		}
		r.report(t, d)
	}
}

// bearer signs in.
func (r *tireless) bearer() string {
	r.s.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {r.keys.PartnerKey}, "client_secret": {r.keys.PartnerToken}}
	a := r.s.send(http.MethodPost, r.s.url+"/api/v2/token", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
	return a.text("access_token")
}

// TestMadeUpRequestsOfTheFirstVersionAreAnsweredAsDocumented is the same for the guide's endpoints.
func TestMadeUpRequestsOfTheFirstVersionAreAnsweredAsDocumented(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	d := published()[0]
	requests, seed := madeUp(t)
	for _, partner := range []string{"devtest1", "demo"} {
		r := newTireless(s, d, partner, seed)
		r.made.Known["partner_id"] = []any{partner, partner, partner, partner, partner, partner, partner, partner, "nobody", ""}
		r.made.Known["site"] = []any{"gift", "gift", "gift", "x"}
		signedIn := s.as(partner)
		r.made.Header = func(request *http.Request) {
			for name, values := range signedIn.header {
				if request.Header.Get(name) == "" || len(request.Header.Get(name)) < 40 {
					request.Header[name] = values
				}
			}
			request.Header.Set("X-Refresh-Token", r.keys.RefreshToken)
		}
		for range requests / 2 {
			if r.send(); t.Failed() {
				break
			}
		}
		r.report(t, d)
	}
}

// report fails where nearly nothing was served: then the requests are not what they should be.
func (r *tireless) report(t *testing.T, d *contract.Document) {
	t.Helper()
	var never []string
	all := 0
	for _, item := range d.Paths.Map() {
		for _, op := range item.Operations() {
			if all++; !r.served[op.OperationID] {
				never = append(never, op.OperationID)
			}
		}
	}
	t.Logf("answers by status: %v; never served: %s", r.codes, strings.Join(never, ", "))
	if len(never) > all/4 && !t.Failed() {
		t.Error("so many operations are never served: the requests are not what they should be")
	}
}
