package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"giftimbiz/client"
)

const (
	orderOfA1 = `{"id":"20261126-01","reference":"A-1","kind":"gifticon","total":940,"vouchers":[]}`
	v1Order   = `{"result":"0000","message":"done","tid":"20261126-01"}`
)

// halfOf sends the beginning of an answer that says it is longer.
func halfOf(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		_, _ = io.WriteString(w, text[:len(text)/2]) // the server breaks the connection
	}
}

// purchases are a purchase in each API.
var purchases = map[string]func(context.Context, *client.Client) (order, key string, err error){
	"v2": func(ctx context.Context, c *client.Client) (string, string, error) {
		o, err := c.Purchase(ctx, client.PurchaseRequest{Reference: "A-1", Key: "key-1", Items: []client.Item{{OfferID: 1, Quantity: 1}}, Total: 940})
		if err != nil {
			return "", "", err
		}
		return o.ID, "key-1", nil
	},
	"v1": func(ctx context.Context, c *client.Client) (string, string, error) {
		o, err := c.V1().BuyGifticoupon(ctx, client.V1Purchase{Key: "key-1", Items: []client.V1Item{{OfferID: 1, Product: "p"}}, Cash: 940})
		if err != nil {
			return "", "", err
		}
		return o.ID, o.Key, nil
	},
}

// success is the answer of each API to a purchase.
var success = map[string]string{"v2": orderOfA1, "v1": v1Order}

// TestALostAnswerIsAskedForUnderTheSameKey loses the first two answers in each way there is.
func TestALostAnswerIsAskedForUnderTheSameKey(t *testing.T) {
	for api, buy := range purchases {
		lost := map[string]http.HandlerFunc{
			"cut":                    cut,
			"half of it":             halfOf(success[api]),
			"half of it, unnoticed":  say(success[api][:30]),
			"empty":                  say(""),
			"garbled":                say(strings.Replace(success[api], `"`, "", 1)),
			"of nothing":             say("{}"),
			"without the order":      say(strings.Replace(success[api], "20261126-01", "", 1)),
			"a page of a proxy":      say("<html>"),
			"refused by a proxy":     answer(403, "<html>"),
			"a gateway's time-out":   answer(504, ""),
			"a failure":              problem(500, "failed", ""),
			"a failure of v1":        answer(500, `{"result":"GPLF","msg":"?"}`),
			"an outcome unknown":     problem(503, "outcome-unknown", ""),
			"under way":              problem(409, "idempotency-key-in-progress", ""),
			"unknown, as v1 says it": answer(503, `{"result":"GPLF","msg":"?"}`),
		}
		for how, first := range lost {
			if api == "v1" && how == "under way" {
				continue // it has no such word
			}
			var keys noted
			answers := oneAfterTheOther(first, first, say(success[api]))
			h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
				keys.add(r.Header.Get("Idempotency-Key"))
				answers(w, r)
			})
			order, key, err := buy(t.Context(), h.client())
			if err != nil || order != "20261126-01" || keys.String() != strings.Repeat(key+" ", 2)+key {
				t.Errorf("%s, %s: %q under %q, %v", api, how, order, keys.String(), err)
			}
		}
	}
}

// TestAnUnknownOutcomeIsAskedForUntilTheContextEnds, however often calls are sent again else.
func TestAnUnknownOutcomeIsAskedForUntilTheContextEnds(t *testing.T) {
	for api, buy := range purchases {
		h := newHouse(t, cut)
		c := client.New(client.Options{BaseURL: h.URL, Credentials: credentials, Retries: -1}).WithPauses(20)
		_, _, err := buy(t.Context(), c)
		var unknown *client.UnknownOutcomeError
		if !errors.As(err, &unknown) || unknown.Key != "key-1" || (unknown.Reference == "A-1") != (api == "v2") || h.calls.Load() != 21 {
			t.Errorf("%s: %v after %d attempts", api, err, h.calls.Load())
		}
		if text := err.Error(); !strings.Contains(text, "unknown") || !strings.Contains(text, "key-1") {
			t.Errorf("%s: %v", api, err)
		}
	}
}

func TestAContextWithoutADeadlineIsBoundedByPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client.New(client.Options{Credentials: credentials, BaseURL: "http://x", Patience: time.Minute, HTTP: &http.Client{
			Transport: byHand(problem(500, "failed", "")),
		}})
		began := time.Now()
		_, err := c.Purchase(context.Background(), client.PurchaseRequest{Total: 1})
		took := time.Since(began)
		var unknown *client.UnknownOutcomeError
		if !errors.As(err, &unknown) || len(unknown.Reference) < 20 || len(unknown.Key) < 20 || unknown.Key == unknown.Reference {
			t.Errorf("%v", err)
		}
		if took < 59*time.Second || took > time.Minute {
			t.Errorf("after %v", took)
		}
	})
}

// TestARefusalSettlesAPurchaseOnlyIfItIsAboutIt: after an answer was lost, being kept out says nothing about what was lost.
func TestARefusalSettlesAPurchaseOnlyIfItIsAboutIt(t *testing.T) {
	for _, test := range []struct {
		api    string
		answer http.HandlerFunc
		code   string
		known  bool
	}{
		{"v2", problem(409, "sold-out", `,"code":"PD"`), "PD", true},
		{"v2", problem(402, "balance-low", `,"code":"PC"`), "PC", true},
		{"v2", problem(422, "idempotency-key-reused", `,"code":"PPA"`), "PPA", true},
		{"v2", problem(403, "may-not-spend", `,"code":"UB"`), "UB", false},
		{"v2", problem(403, "partner-barred", `,"code":"TOKEN04"`), "TOKEN04", false},
		{"v2", problem(401, "token-invalid", `,"code":"TOKEN08"`), "TOKEN08", false},
		{"v2", problem(400, "body-invalid", `,"code":"Q"`), "Q", false},
		{"v1", say(`{"result":"PC","msg":"?"}`), "PC", true},
		{"v1", say(`{"result":"PPA","msg":"?","tid":"X"}`), "PPA", true},
		{"v1", say(`{"result":"UB","msg":"?"}`), "UB", false},
		{"v1", say(`{"result":"TOKEN04","msg":"?"}`), "TOKEN04", false},
		{"v1", answer(404, `{"result":"L","msg":"?"}`), "L", false},
	} {
		var unknown *client.UnknownOutcomeError
		h := newHouse(t, test.answer)
		_, _, err := purchases[test.api](t.Context(), h.client())
		if client.Code(err) != test.code || errors.As(err, &unknown) {
			t.Errorf("%s: refused with %v", test.code, err)
		}
		h = newHouse(t, oneAfterTheOther(cut, test.answer))
		_, _, err = purchases[test.api](t.Context(), h.client())
		if test.known && client.Code(err) != test.code || errors.As(err, &unknown) == test.known {
			t.Errorf("%s: after a lost answer %v", test.code, err)
		}
		if !test.known && (client.Code(err) != "" || client.Code(unknown.Err) != test.code) {
			t.Errorf("%s: an unknown outcome looks like a refusal: %v", test.code, err)
		}
	}
}

// TestWhatWasNeverDoneIsNoUnknownOutcome: a busy server says so, and a server that is not there was not asked.
func TestWhatWasNeverDoneIsNoUnknownOutcome(t *testing.T) {
	var unknown *client.UnknownOutcomeError
	h := newHouse(t, problem(503, "busy", ""))
	_, _, err := purchases["v2"](t.Context(), h.client())
	if !errors.Is(err, client.ErrUnavailable) || errors.As(err, &unknown) || h.calls.Load() != 5 {
		t.Errorf("busy: %v after %d attempts", err, h.calls.Load())
	}
	c := h.client()
	h.Close()
	for api, buy := range purchases {
		if _, _, err := buy(t.Context(), c); err == nil || errors.As(err, &unknown) {
			t.Errorf("%s, gone: %v", api, err)
		}
	}
}

func TestBuySendsAPurchaseOnce(t *testing.T) {
	h := newHouse(t, oneAfterTheOther(cut, say(orderOfA1), problem(409, "sold-out", "")))
	p := client.PurchaseRequest{Reference: "A-1", Key: "key-1"}
	var unknown *client.UnknownOutcomeError
	if _, err := h.client().Buy(t.Context(), p); !errors.As(err, &unknown) || h.calls.Load() != 1 {
		t.Errorf("%v after %d attempts", err, h.calls.Load())
	}
	if o, err := h.client().Buy(t.Context(), p); err != nil || o.ID == "" {
		t.Error(o, err)
	}
	if _, err := h.client().Buy(t.Context(), p); !errors.Is(err, client.ErrSoldOut) {
		t.Error(err)
	}
}

func TestAbandoningEndsTheDoubt(t *testing.T) {
	var deleted bool
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.EscapedPath() != "/api/v2/orders/by-reference/A%2F1":
			t.Errorf("%s %s", r.Method, r.URL)
		case r.Method == http.MethodDelete && !deleted:
			deleted = true
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodDelete:
			problem(409, "reference-used", `,"order_id":"20261126-01"`)(w, r)
		default:
			fmt.Fprint(w, orderOfA1)
		}
	})
	if o, err := h.client().Abandon(t.Context(), "A/1"); o != nil || err != nil {
		t.Error(o, err)
	}
	if o, err := h.client().Abandon(t.Context(), "A/1"); err != nil || o.ID != "20261126-01" {
		t.Error(o, err)
	}
	var e *client.Error
	if err := h.client().CloseReference(t.Context(), "A/1"); !errors.Is(err, client.ErrReferenceUsed) || !errors.As(err, &e) || e.OrderID != "20261126-01" {
		t.Error(err)
	}
}

// TestASilentServerIsAskedAgain: an attempt to buy is given up after 10 s, and asked for under the same key.
func TestASilentServerIsAskedAgain(t *testing.T) {
	for api, buy := range purchases {
		synctest.Test(t, func(t *testing.T) {
			var keys noted
			c := client.New(client.Options{Credentials: credentials, BaseURL: "http://x", HTTP: &http.Client{
				Transport: byHand(func(w http.ResponseWriter, r *http.Request) {
					if keys.add(r.Header.Get("Idempotency-Key")) < 3 {
						<-r.Context().Done()
						return
					}
					fmt.Fprint(w, success[api])
				}),
			}})
			began := time.Now()
			order, key, err := buy(t.Context(), c)
			took := time.Since(began)
			if err != nil || order == "" || keys.String() != strings.Repeat(key+" ", 2)+key || took < 20*time.Second || took > 21*time.Second {
				t.Errorf("%s: %q under %q after %v, %v", api, order, keys.String(), took, err)
			}
		})
	}
}
