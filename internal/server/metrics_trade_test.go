package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestACallerWhoLeftIsNoFailure: pages that their readers close before they come must not look like a server that fails.
func TestACallerWhoLeftIsNoFailure(t *testing.T) {
	m := newMetrics()
	nothing := func(http.ResponseWriter, *http.Request) {}
	for _, test := range []struct {
		what      string
		left      bool
		serve     http.HandlerFunc
		good, bad float64 // answers counted so far
	}{
		{"left before the answer", true, nothing, 0, 0},
		{"an empty answer", false, nothing, 1, 0},
		{"a failure", false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, 1, 1},
		{"a panic", false, func(http.ResponseWriter, *http.Request) { panic("no answer") }, 1, 2},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if test.left {
			cancel()
		}
		func() {
			defer func() { _ = recover() }() // Front's business
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/r/x", nil)
			m.surface("pages", test.serve).ServeHTTP(httptest.NewRecorder(), r)
		}()
		cancel()
		good := testutil.ToFloat64(m.answers.WithLabelValues("pages", "2xx"))
		bad := testutil.ToFloat64(m.answers.WithLabelValues("pages", "5xx"))
		if good != test.good || bad != test.bad {
			t.Errorf("%s: %v answers, %v failures", test.what, good, bad)
		}
	}
}
