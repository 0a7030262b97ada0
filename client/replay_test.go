package client_test

import (
	"errors"
	"net/http"
	"testing"

	"giftimbiz/client"
)

// TestAServerThatDiesOverAPurchaseLeavesItsOutcomeUnknown: net/http by itself sends again what has an Idempotency-Key, when a connection
// that was used before breaks. The error of that, which says that nothing was sent, must not hide that the first may have bought.
func TestAServerThatDiesOverAPurchaseLeavesItsOutcomeUnknown(t *testing.T) {
	for api, buy := range purchases {
		var h *house
		h = newHouse(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.Header.Get("Idempotency-Key") != "" { // it is bought, and then:
				_ = h.Listener.Close()
				panic(http.ErrAbortHandler)
			}
			say("{}")(w, r)
		})
		c := h.client().WithPauses(20)                    // more than what was never sent is sent again
		if _, err := c.Balance(t.Context()); err != nil { // leaves a connection
			t.Fatal(err)
		}
		_, _, err := buy(t.Context(), c)
		var unknown *client.UnknownOutcomeError
		if !errors.As(err, &unknown) || h.calls.Load() != 2 {
			t.Errorf("%s: %v after %d calls", api, err, h.calls.Load())
		}
	}
}

// TestAPurchaseIsSentOnceByAnAttempt: what an earlier one may have done would stay hidden behind the answer to the next.
func TestAPurchaseIsSentOnceByAnAttempt(t *testing.T) {
	h := newHouse(t, oneAfterTheOther(say("{}"), cut, problem(503, "busy", "")))
	c := h.client()
	if _, err := c.Balance(t.Context()); err != nil { // leaves a connection
		t.Fatal(err)
	}
	_, err := c.Buy(t.Context(), client.PurchaseRequest{Reference: "A-1", Key: "key-1"})
	var unknown *client.UnknownOutcomeError
	if !errors.As(err, &unknown) || h.calls.Load() != 2 {
		t.Errorf("%v after %d calls", err, h.calls.Load())
	}
}
