package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFiguresAreForWhoRunsTheHouse(t *testing.T) {
	figures := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, test := range []struct {
		to           FiguresTo
		from, header string
		shown        bool
	}{
		{FiguresToMachine, "127.0.0.1:4000", "", true},
		{FiguresToMachine, "[::1]:4000", "", true},
		{FiguresToMachine, "[::ffff:127.0.0.1]:4000", "", true},
		{FiguresToMachine, "192.0.2.1:4000", "", false},
		{FiguresToMachine, "[2001:db8::1]:4000", "", false},
		{FiguresToMachine, "127.0.0.1:4000", "X-Forwarded-For", false},
		{FiguresToMachine, "127.0.0.1:4000", "Host: gift.example", false},
		{FiguresToMachine, "127.0.0.1:4000", "Host: 192.0.2.1:8080", false},
		{FiguresToMachine, "127.0.0.1:4000", "Host: localhost:8080", true},
		{FiguresToMachine, "127.0.0.1:4000", "Host: [::1]", true},
		{FiguresToMachine, "127.0.0.1:4000", "Host: [::1]:8080", true},
		{FiguresToMachine, "127.0.0.1:4000", "Forwarded", false},
		{FiguresToMachine, "127.0.0.1:4000", "X-Real-IP", false},
		{FiguresToMachine, "", "", false},
		{FiguresToNobody, "127.0.0.1:4000", "", false},
		{FiguresToAll, "192.0.2.1:4000", "X-Forwarded-For", true},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/metrics", nil)
		r.RemoteAddr = test.from
		if name, named := strings.CutPrefix(test.header, "Host: "); named {
			r.Host = name
		} else if test.header != "" {
			r.Header.Set(test.header, "127.0.0.1")
		}
		test.to.guard(figures).ServeHTTP(w, r)
		if shown := w.Code == http.StatusOK; shown != test.shown || !shown && w.Code != http.StatusNotFound {
			t.Errorf("%+v: HTTP %d", test, w.Code)
		}
	}
}

// figuresHaveAnAddressOfTheirOwn at which nothing else is.
func (h *house) figuresHaveAnAddressOfTheirOwn() {
	t := h.t
	door := NewFront(h.node.Logger)
	web := httptest.NewServer(door)
	defer web.Close()
	status := func(base, path string) int { return h.send(http.MethodGet, base+path, http.Header{}, "").status }
	if got := status(web.URL, "/metrics"); got != http.StatusServiceUnavailable {
		t.Errorf("before there is a node: HTTP %d", got)
	}
	door.Open(h.node.Monitoring())
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 200, "/console": 404, "/api/v1/none": 404, "/": 404} {
		if got := status(web.URL, path); got != want {
			t.Errorf("%s: HTTP %d", path, got)
		}
	}
}
