package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"giftimbiz/client"
)

func TestEventsAreAskedForWithTheAccessTokenAlone(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.String() != "/api/v2/events?after=evt_1&wait=7" || r.Header.Get("Authorization") != "Bearer access-1" ||
			r.Header.Get("Partnerkey") != "" || r.Header.Get("Accept-Language") != "en" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		fmt.Fprint(w, `{"events":[{"id":"evt_2","type":"order.completed","timestamp":"2025-09-15T12:00:00.000+09:00","data":{"order":"X"}}],"next":"evt_2"}`)
	})
	page, err := h.client().Events(t.Context(), "evt_1", 7*time.Second)
	if err != nil || page.Next != "evt_2" || len(page.Events) != 1 {
		t.Fatal(page, err)
	}
	e := page.Events[0]
	if e.ID != "evt_2" || e.Type != "order.completed" || string(e.Data) != `{"order":"X"}` || e.At.Unix() != 1757905200 {
		t.Errorf("%+v", e)
	}
}

func TestAProblemIsAnErrorWithItsCode(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "r-2")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"type":"urn:giftimbiz:problem:sandbox-only","title":"Forbidden","status":403,"detail":"sandbox partners only"}`)
	})
	_, err := h.client().Events(t.Context(), client.LatestEvent, time.Hour)
	var e *client.Error
	if !errors.As(err, &e) || e.Type != "sandbox-only" || !errors.Is(err, client.ErrSandboxOnly) || e.Message != "sandbox partners only" || e.Status != 403 || e.RequestID != "r-2" {
		t.Errorf("%#v", err)
	}
}

func TestADeadTokenIsRenewedForEventsOnce(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access-2" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"type":"urn:giftimbiz:problem:token-expired","status":401}`)
			return
		}
		fmt.Fprint(w, `{"events":[],"next":"evt_0"}`)
	})
	if _, err := h.client().Events(t.Context(), "", 0); err != nil || h.signIns.Load() != 2 || h.calls.Load() != 2 {
		t.Errorf("%v after %d sign-ins and %d calls", err, h.signIns.Load(), h.calls.Load())
	}
}

func TestAnAnswerThatIsNoneOfOursSaysSo(t *testing.T) {
	for status, body := range map[int]string{http.StatusOK: "<html>", http.StatusBadGateway: "<html>", http.StatusNotFound: `{}`} {
		h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
		if _, err := h.client().Events(t.Context(), "", 0); err == nil || !strings.Contains(err.Error(), "is the base URL right?") {
			t.Errorf("HTTP %d: %v", status, err)
		}
	}
}
