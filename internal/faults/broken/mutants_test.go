package broken_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/console"
	"giftimbiz/internal/contract"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/faults"
	"giftimbiz/internal/faults/broken"
	"giftimbiz/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

// TestAMillionBrokenRequestsHarmNobody sends requests of every kind, each changed at random, to a server that serves others
// beside. None may fail in the server, nothing may grow, and what was bought meanwhile must be right.
func TestAMillionBrokenRequestsHarmNobody(t *testing.T) {
	data := t.TempDir()
	database := "sqlite:" + data + "/giftimbiz.db"
	made := programtest.DemoData(t, data, database, "--offers", "400")
	s := programtest.Start(t, append([]string{"serve", "--data", data, "--database", database}, unlimited...)...)
	m := &mutants{
		t: t, s: s, seeds: seedRequests(t, s.URL, made), seed: rand.Uint64(),
		codes: map[int]int{}, known: map[string]bool{}, slow: map[string]int{},
	}
	t.Logf("%d requests to change, seed %d", len(m.seeds), m.seed)
	rounds := faults.Rounds(20_000, 1_000_000)
	m.send(rounds / 10) // caches are filled, connections opened
	before := m.memory()
	m.send(rounds - rounds/10)
	after := m.memory()
	m.report(before, after)
	if after > before*3/2+64<<20 {
		t.Errorf("the server had %d MiB and has %d", before>>20, after>>20)
	}
	if said := s.Output.String(); strings.Contains(said, "panic") {
		t.Errorf("the server panicked:\n%s", said)
	}
	if err := s.Terminate(); err != nil {
		t.Error(err)
	}
	programtest.Do(t, "doctor", "--data", data, "--database", database)
	if !t.Failed() {
		faults.Report(t, faults.Row{Fault: "broken requests", On: "SQLite", Rounds: rounds})
	}
}

// unlimited are flags that let one address send as much as it likes.
var unlimited = []string{"--rate-limit", "0", "--failure-limit", "0"}

// slowAnswer is longer than any answer should take.
const slowAnswer = 100 * time.Millisecond

// mutants sends what it makes of seeds.
type mutants struct {
	t     *testing.T
	s     *programtest.Program
	seeds [][]byte
	seed  uint64

	mu      sync.Mutex
	codes   map[int]int     // guarded by mu
	took    []time.Duration // guarded by mu: of broken requests
	healthy []time.Duration // guarded by mu: of good ones to /healthz beside them
	known   map[string]bool // guarded by mu: faults that were told
	slow    map[string]int  // guarded by mu: those that took longer than slowAnswer, by what they asked for
	next    atomic.Uint64
}

// send sends n requests over a few connections at once.
func (m *mutants) send(n int) {
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	for range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(m.seed, m.next.Add(1)))
			var c *line
			for left.Add(-1) >= 0 && !m.t.Failed() {
				request := broken.Mutate(r, m.seeds[r.IntN(len(m.seeds))], m.seeds)
				c = m.ask(c, request)
				if r.IntN(50) == 0 {
					began := time.Now()
					c = m.ask(c, []byte("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"))
					m.mu.Lock()
					m.healthy = append(m.healthy, time.Since(began))
					m.mu.Unlock()
				}
			}
			c.close()
		})
	}
	wg.Wait()
}

// line is a connection.
type line struct {
	*net.TCPConn
	in *bufio.Reader
}

func (l *line) close() {
	if l != nil {
		_ = l.SetLinger(0) // no million of connections in TIME_WAIT
		_ = l.Close()
	}
}

// ask sends a request and reads its answer, over the connection if there is one, and returns one that the next may use, or nil.
func (m *mutants) ask(c *line, request []byte) *line {
	parsed, whole := framed(request)
	if c == nil {
		conn, err := net.Dial("tcp", strings.TrimPrefix(m.s.URL, "http://"))
		if err != nil {
			m.t.Error(err)
			return nil
		}
		c = &line{conn.(*net.TCPConn), nil}
		c.in = bufio.NewReader(conn)
	}
	began := time.Now()
	_ = c.SetDeadline(began.Add(programtest.Patience))
	_, err := c.Write(request)
	if !whole {
		_ = c.CloseWrite() // nothing more comes: the server need not wait for it
	}
	var response *http.Response
	if err == nil {
		response, err = http.ReadResponse(c.in, parsed)
	}
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(response.Body, 8<<20))
	}
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		m.fault("no answer", request, nil)
	}
	if response != nil {
		m.judge(request, response.StatusCode, body, time.Since(began), whole)
	}
	if err != nil || !whole || response.Close || c.in.Buffered() > 0 {
		c.close()
		return nil
	}
	return c
}

// framed tells whether a request is one whole request, as net/http reads it.
func framed(request []byte) (*http.Request, bool) {
	in := bufio.NewReader(bytes.NewReader(request))
	parsed, err := http.ReadRequest(in)
	if err != nil {
		return nil, false
	}
	_, err = io.Copy(io.Discard, parsed.Body)
	return parsed, err == nil && in.Buffered() == 0 && parsed.Header.Get("Expect") == ""
}

// judge keeps what came of a request. net/http itself refuses some with 501 and 505; and who ends its side of the connection has left, so
// that the server breaks off what it does, and says so.
func (m *mutants) judge(request []byte, status int, body []byte, took time.Duration, whole bool) {
	m.mu.Lock()
	m.codes[status]++
	m.took = append(m.took, took)
	if took > slowAnswer {
		m.slow[asked(request)]++
	}
	m.mu.Unlock()
	refused := status == http.StatusNotImplemented || status == http.StatusHTTPVersionNotSupported
	scripted := status == http.StatusServiceUnavailable && bytes.Contains(bytes.ToLower(request), []byte("sandbox-outcome"))
	brokenOff := status == http.StatusServiceUnavailable && !whole
	if status >= 500 && !refused && !scripted && !brokenOff {
		m.fault(fmt.Sprintf("HTTP %d", status), request, body)
	}
}

// fault tells of a request that did harm.
func (m *mutants) fault(what string, request, body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if kind := what + string(body); !m.known[kind] && len(m.known) < 20 {
		m.known[kind] = true
		m.t.Errorf("%s for\n%q\n%.300s", what, request, body)
	}
}

// memory is what the server has of the machine's, in bytes.
func (m *mutants) memory() int {
	m.t.Helper()
	return m.s.Metric("process_resident_memory_bytes")
}

// report logs what came of all. How long it took is no matter of pass or fail: the machine has other work.
func (m *mutants) report(before, after int) {
	for _, list := range [][]time.Duration{m.took, m.healthy} {
		slices.Sort(list)
	}
	at := func(list []time.Duration, part float64) time.Duration {
		return list[min(len(list)-1, int(part*float64(len(list))))].Round(10 * time.Microsecond)
	}
	m.t.Logf("answers by status: %v; %d MiB before, %d after", m.codes, before>>20, after>>20)
	m.t.Logf("broken requests: p50 %v, p99.9 %v, longest %v; /healthz beside them: p50 %v, p99.9 %v, longest %v",
		at(m.took, 0.5), at(m.took, 0.999), at(m.took, 1), at(m.healthy, 0.5), at(m.healthy, 0.999), at(m.healthy, 1))
	m.t.Logf("over %v: %v", slowAnswer, m.slow)
}

// asked is what a request was for, without what is in it.
func asked(request []byte) string {
	line, _, _ := bytes.Cut(request, []byte("\r\n"))
	path, _, _ := bytes.Cut(line, []byte("?"))
	return fmt.Sprintf("%.60q", path)
}

// seedRequests are requests that are right, or nearly: of both versions of the API, as a live and a sandbox partner, of the console as
// its admin, of pages and files.
func seedRequests(t *testing.T, base string, made *demo.Credentials) [][]byte {
	t.Helper()
	var seeds [][]byte
	for _, partner := range made.Partners {
		for _, version := range []string{"v1", "v2"} {
			seeds = append(seeds, apiRequests(t, base, version, partner)...)
		}
	}
	cookie := signIn(t, base, made.Console)
	for _, route := range console.Routes() {
		method, path, ok := strings.Cut(route.Pattern, " ")
		if !ok {
			method, path = http.MethodGet, route.Pattern
		}
		// What would end the session or take the partners' keys would end the test, too.
		if method == http.MethodPost && (strings.Contains(path, "sign-out") || strings.Contains(path, "partners") || strings.Contains(path, "operators") ||
			strings.Contains(path, "password")) {
			continue
		}
		path = strings.NewReplacer("{name}", "demo", "{$}", "", "{id}", "1").Replace(path)
		seeds = append(seeds, rawRequest(method, path+"?q=1&page=2", "name=x&amount=1&day=2026-01-01&note=%EA%B0%80", http.Header{
			"Cookie": {cookie}, "Origin": {base}, "Sec-Fetch-Site": {"same-origin"}, "Content-Type": {"application/x-www-form-urlencoded"},
		}))
	}
	for _, path := range []string{
		"/", "/metrics", "/readyz", "/docs", "/docs/openapi/v1.yaml", "/docs/search?q=token", "/llms.txt", "/r/abc", "/v/abc", "/UPLOAD/x.png", "/UPLOAD/qr/a.png",
		"/UPLOAD/barcode/a.png", "/Form/x.gif", "/console/assets/console.css", "/nothing",
	} {
		seeds = append(seeds, rawRequest(http.MethodGet, path, "", http.Header{"Accept-Language": {"ko"}, "Range": {"bytes=0-9"}, "If-None-Match": {`"x"`}}))
	}
	return seeds
}

// apiRequests makes up requests from a version's document.
func apiRequests(t *testing.T, base, version string, partner demo.Partner) (requests [][]byte) {
	t.Helper()
	resp, err := http.Get(base + "/docs/openapi/" + version + ".json?lang=en")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	document, err := contract.Load(text)
	if err != nil {
		t.Fatal(err)
	}
	made := contract.NewRandom(document, 1)
	made.Known = map[string][]any{
		"partner_id": {partner.PartnerID}, "client_id": {partner.PartnerKey}, "client_secret": {partner.PartnerToken}, "wait": {"0"},
		"url": {"https://127.0.0.1/hook"}, "Sandbox-Outcome": {"sold-out"},
	}
	made.Header = callHeader(t, base, version, partner)
	for range 400 {
		r, body, id := made.Next(base)
		if id == "rotateKeys" { // nothing would be right after it
			continue
		}
		requests = append(requests, rawRequest(r.Method, r.URL.RequestURI(), string(body), r.Header))
	}
	return requests
}

// callHeader signs in and returns what adds to requests that somebody has.
func callHeader(t *testing.T, base, version string, partner demo.Partner) func(*http.Request) {
	t.Helper()
	if version == "v2" {
		token := field(t, base+"/api/v2/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {partner.PartnerKey}, "client_secret": {partner.PartnerToken},
		}, nil, "access_token")
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	keys := http.Header{"Partnerkey": {partner.PartnerKey}, "Partnertoken": {partner.PartnerToken}, "X-Refresh-Token": {partner.RefreshToken}}
	token := field(t, base+"/api/v1/common/getAccessToken", url.Values{"partner_id": {partner.PartnerID}}, keys, "token")
	return func(r *http.Request) {
		for name, values := range keys {
			r.Header[name] = values
		}
		r.Header.Set("Refresh-Token", partner.RefreshToken)
		r.Header.Set("Access-Token", token)
	}
}

// field posts a form and returns a text of the answer.
func field(t *testing.T, address string, form url.Values, header http.Header, name string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	var answer map[string]any
	err = json.NewDecoder(resp.Body).Decode(&answer)
	text, ok := answer[name].(string)
	if err != nil || !ok {
		t.Fatalf("%s: %s, %v", address, resp.Status, err)
	}
	return text
}

// signIn returns the cookie of the admin's session.
func signIn(t *testing.T, base string, who demo.Console) string {
	t.Helper()
	form := url.Values{"email": {who.Email}, "password": {who.Password}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+console.Root+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", base)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // its head says all
	for _, cookie := range resp.Cookies() {
		if strings.HasSuffix(cookie.Name, "giftimbiz") && cookie.Value != "" {
			return cookie.Name + "=" + cookie.Value
		}
	}
	t.Fatalf("nobody can sign in: %s", resp.Status)
	return ""
}

// rawRequest is a request as it is sent. A body makes it long; a GET has none.
func rawRequest(method, target, body string, header http.Header) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: gift.example\r\n", method, target)
	if method == http.MethodGet {
		body = ""
	} else {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	_ = header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n" + body)
	return b.Bytes()
}
