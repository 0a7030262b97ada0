package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"giftimbiz/client"
)

// byHand answers requests without a network, so that time can stand still around it.
type byHand http.HandlerFunc

func (h byHand) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/api/v2/token" {
		h = byHand(say(`{"access_token":"a","expires_in":3600}`))
	}
	w := httptest.NewRecorder()
	h(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// TestPausesGrowAndAreAtRandom measures, in a time that only pauses move, how long a call is tried that always fails.
func TestPausesGrowAndAreAtRandom(t *testing.T) {
	var took []time.Duration
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			var asked int
			c := client.New(client.Options{Credentials: credentials, BaseURL: "http://x", HTTP: &http.Client{
				Transport: byHand(func(w http.ResponseWriter, r *http.Request) {
					asked++
					problem(503, "busy", "")(w, r)
				}),
			}})
			began := time.Now()
			_, err := c.Balance(t.Context())
			if !errors.Is(err, client.ErrUnavailable) || asked != 5 {
				t.Errorf("%v after %d attempts", err, asked)
			}
			took = append(took, time.Since(began))
		})
	}
	different := map[time.Duration]bool{}
	for _, d := range took {
		different[d] = true
		if d >= 1500*time.Millisecond { // 0.1 + 0.2 + 0.4 + 0.8
			t.Errorf("took %v", d)
		}
	}
	if len(different) < 15 {
		t.Errorf("took %v", took)
	}
}

func TestTheServersWordOnWhenToComeBackIsHonoured(t *testing.T) {
	for _, test := range []struct {
		after    string
		deadline time.Duration
		asked    int64
		longest  time.Duration
	}{
		{"7", time.Hour, 2, 7*time.Second + 100*time.Millisecond},
		{"Fri, 01 Jan 1999 00:00:00 GMT", time.Hour, 2, 100 * time.Millisecond},
		{"7", 6 * time.Second, 1, 0}, // there is not so much time
		{"61", time.Hour, 1, 0},      // the caller shall hear of it
	} {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int64
			c := client.New(client.Options{Credentials: credentials, BaseURL: "http://x", HTTP: &http.Client{
				Transport: byHand(func(w http.ResponseWriter, r *http.Request) {
					if asked.Add(1) > 1 {
						fmt.Fprint(w, "{}")
						return
					}
					w.Header().Set("Retry-After", test.after)
					problem(429, "rate-limited", "")(w, r)
				}),
			}})
			ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
			defer cancel()
			began := time.Now()
			_, err := c.Balance(ctx)
			took := time.Since(began)
			if asked.Load() != test.asked || took > test.longest || test.asked == 2 && err != nil {
				t.Errorf("Retry-After %s: %v after %v and %d attempts", test.after, err, took, asked.Load())
			}
			if test.asked == 1 && (!errors.Is(err, client.ErrTooManyRequests) || client.Code(err) != "") {
				t.Errorf("Retry-After %s: %v", test.after, err)
			}
		})
	}
}

// TestOnlyWhatDoesNoHarmIsSentAgain fails calls in several ways and counts how often each was sent.
func TestOnlyWhatDoesNoHarmIsSentAgain(t *testing.T) {
	calls := map[string]func(context.Context, *client.Client) error{
		"a read": func(ctx context.Context, c *client.Client) error { _, err := c.Balance(ctx); return err },
		"a repeatable change": func(ctx context.Context, c *client.Client) error {
			_, err := c.CancelOrder(ctx, "X", nil)
			return err
		},
		"another change": func(ctx context.Context, c *client.Client) error { _, err := c.RotateWebhookSecret(ctx, 1); return err },
		"a change with a key": func(ctx context.Context, c *client.Client) error {
			_, err := c.Do(ctx, http.MethodPost, "/orders", nil, []byte("{}"), client.IdempotencyKey("k"))
			return err
		},
		"a read of v1": func(ctx context.Context, c *client.Client) error { _, err := c.V1().CateGift(ctx, 0, 0); return err },
		"a change of v1": func(ctx context.Context, c *client.Client) error {
			_, err := c.V1().SetUseStarCoupon(ctx, client.V1Use{})
			return err
		},
	}
	again := map[string]bool{"a read": true, "a repeatable change": true, "a change with a key": true, "a read of v1": true}
	whatIsSafe := func(call string) bool { return again[call] }
	all := func(string) bool { return true }
	none := func(string) bool { return false }
	for _, test := range []struct {
		how    string
		answer http.HandlerFunc
		again  func(call string) bool
	}{
		{"the connection breaks", cut, whatIsSafe},
		{"a gateway fails", answer(502, "<html>"), whatIsSafe},
		{"the server fails", problem(500, "failed", ""), whatIsSafe},
		{"the server is busy", problem(503, "busy", ""), all},
		{"too many requests come", problem(429, "rate-limited", ""), all},
		{"too many quotes are open", problem(429, "too-many-quotes", ""), none},
		{"the server refuses", problem(409, "sold-out", ""), none},
		{"v1 fails", answer(503, `{"result":"GPLF","msg":"later"}`), whatIsSafe},
		{"v1 has too many requests", answer(429, `{"result":"Q","msg":"later"}`), all},
		{"v1 refuses", say(`{"result":"PD","msg":"no"}`), none},
	} {
		for what, call := range calls {
			if strings.HasSuffix(what, "v1") != strings.HasPrefix(test.how, "v1") && strings.Contains(test.how+what, "v1") {
				continue // the APIs fail in their own ways
			}
			h := newHouse(t, test.answer)
			err := call(t.Context(), h.client())
			if n, want := h.calls.Load(), times(test.again(what)); n != want || err == nil {
				t.Errorf("%s when %s: sent %d times, want %d: %v", what, test.how, n, want, err)
			}
		}
	}
}

func times(again bool) int64 {
	if again {
		return 5
	}
	return 1
}

func TestWhatNeverReachedTheServerIsSentAgain(t *testing.T) {
	h := newHouse(t, say("{}"))
	var dials atomic.Int64
	c := client.New(client.Options{BaseURL: h.URL, Credentials: credentials, HTTP: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) <= 2 {
				return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("refused")}
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}}}).WithoutPauses()
	if _, err := c.TestWebhook(t.Context(), 1); err != nil || h.calls.Load() != 1 {
		t.Errorf("%v, sent %d times", err, h.calls.Load())
	}
}

func TestRetriesCanBeSwitchedOff(t *testing.T) {
	h := newHouse(t, answer(503, ""))
	for retries, want := range map[int]int64{-1: 1, 2: 3, 100: 11} {
		h.calls.Store(0)
		c := client.New(client.Options{BaseURL: h.URL, Credentials: credentials, Retries: retries}).WithoutPauses()
		if _, err := c.Balance(t.Context()); err == nil || h.calls.Load() != want {
			t.Errorf("%d retries: %v, sent %d times", retries, err, h.calls.Load())
		}
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := client.New(client.Options{Credentials: credentials, BaseURL: "http://x", HTTP: &http.Client{
			Transport: byHand(func(w http.ResponseWriter, r *http.Request) {
				time.AfterFunc(time.Second, cancel)
				w.Header().Set("Retry-After", "30")
				problem(503, "starting", "")(w, r)
			}),
		}})
		began := time.Now()
		if _, err := c.Balance(ctx); err == nil || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestTransportOutcomesOfTheSandboxHappenOnce shows that a call gets over them, and that refusals stay.
func TestTransportOutcomesOfTheSandboxHappenOnce(t *testing.T) {
	for name, want := range map[string]string{
		client.OutcomeAnswerLost: "answer-lost|", client.OutcomeRateLimited: "rate-limited|", client.OutcomeSoldOut: "sold-out|sold-out",
	} {
		var heard []string
		h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
			heard = append(heard, r.Header.Get("Sandbox-Outcome"))
			if len(heard) == 1 {
				problem(503, "unavailable", "")(w, r)
				return
			}
			fmt.Fprint(w, "{}")
		})
		_, err := h.client().Balance(t.Context(), client.SandboxOutcome(name))
		if got := strings.Join(heard, "|"); err != nil || got != want {
			t.Errorf("%s: %v, heard %q", name, err, got)
		}
	}
}
