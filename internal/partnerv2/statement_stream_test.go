package partnerv2_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// slowly is a connection that calls before for each write, and takes what it lets pass.
type slowly struct {
	*httptest.ResponseRecorder
	before func() error
}

func (s slowly) Write(b []byte) (int, error) {
	if err := s.before(); err != nil {
		return 0, err
	}
	return s.ResponseRecorder.Write(b)
}

// download asks for a statement as a file, and tells whether the answer was broken off.
func (d *desk) download(ctx context.Context, partner string, before func() error) (w *httptest.ResponseRecorder, broken bool) {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v2/statement?format=csv", nil)
	r.Header.Set("Authorization", "Bearer "+d.tokens[partner])
	w = httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			broken = true
		}
	}()
	d.api.ServeHTTP(slowly{w, before}, r)
	return w, false
}

func TestOnlySoManyStatementsAreSentAtATime(t *testing.T) {
	d := newDesk(t)
	begun, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			first := sync.OnceFunc(func() { begun <- struct{}{} })
			_, _ = d.download(t.Context(), "demo", func() error { first(); <-release; return nil })
		})
		<-begun
	}
	d.call("demo", http.MethodGet, "statement?format=csv", "").refused(http.StatusTooManyRequests, "too-many-polls", "Q")
	d.want(http.StatusOK, "demo", http.MethodGet, "statement", "")
	d.want(http.StatusOK, "other", http.MethodGet, "statement?format=csv", "")
	close(release)
	wg.Wait()
	d.want(http.StatusOK, "demo", http.MethodGet, "statement?format=csv", "") // there is room again
}

// TestHalfAStatementIsNotTakenForTheWhole: the connection breaks, or the database does, when a part is sent.
func TestHalfAStatementIsNotTakenForTheWhole(t *testing.T) {
	d := newDesk(t)
	d.buyMany("busy")
	writes := 0
	_, broken := d.download(t.Context(), "busy", func() error {
		if writes++; writes > 2 {
			return errors.New("nobody listens")
		}
		return nil
	})
	if !broken {
		t.Error("a connection that broke")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w, broken := d.download(ctx, "busy", func() error { cancel(); return nil })
	if !broken || w.Body.Len() == 0 {
		t.Errorf("a database that answers no more: %d bytes, broken off: %v", w.Body.Len(), broken)
	}
	if w, broken := d.download(ctx, "busy", func() error { return nil }); broken || w.Code != http.StatusServiceUnavailable {
		t.Errorf("one that never did: %d %s, broken off: %v", w.Code, w.Body, broken)
	}
}
