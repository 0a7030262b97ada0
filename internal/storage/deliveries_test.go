package storage_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// TestWhatIsBoughtIsToldAtOnce to the endpoints that chose it, in a form that the library of Standard Webhooks verifies.
func TestWhatIsBoughtIsToldAtOnce(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		all, chosen, other := newSink(t, nil), newSink(t, nil), newSink(t, nil)
		out.endpoint(1, p, all.URL)
		out.endpoint(2, p, chosen.URL, gift.OrderCompleted)
		out.endpoint(3, p, other.URL, gift.BalanceLow)
		deliver(h)
		bought := h.Buy(p, "", 1)
		soon(t, "both are told", func() bool { return len(all.messages()) == 1 && len(chosen.messages()) == 1 })
		m := all.messages()[0]
		var body struct {
			Type      gift.EventType
			Timestamp time.Time
			Data      gift.OrderData
		}
		if err := json.Unmarshal([]byte(m.body), &body); err != nil || body.Type != gift.OrderCompleted ||
			!body.Timestamp.Equal(h.Clock.Now()) || body.Data.Order != bought.Ref || body.Data.Amount != 940 {
			t.Errorf("%s %v", m.body, err)
		}
		verifier, err := standard.NewWebhook(testSecret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.VerifyIgnoringTimestamp([]byte(m.body), m.header); err != nil {
			t.Error(err)
		}
		soon(t, "it is stored", func() bool { return out.deliveries(1)["order.completed"].state == webhook.Delivered })
		if d := out.deliveries(1)["order.completed"]; d.attempts != 1 || d.status != http.StatusNoContent || d.failure != "" {
			t.Errorf("%+v", d)
		}
		if got := len(other.messages()); got != 0 {
			t.Errorf("who chose something else was told %d times", got)
		}
	})
}

// TestAnEventIsTriedTenTimes at growing intervals, with the same name and body, and then abandoned.
func TestAnEventIsTriedTenTimes(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		s := newSink(t, func(w http.ResponseWriter, _ message) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(strings.Repeat("한", 600) + "\xff")) // the test looks at what is stored
		})
		out.endpoint(1, p, s.URL, gift.OrderCompleted)
		sender, _ := deliver(h)
		h.Buy(p, "", 1)
		pauses := []time.Duration{
			5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour,
			24 * time.Hour, 0,
		}
		for i, pause := range pauses {
			var d delivery
			soon(t, fmt.Sprint("attempt ", i+1, " is stored"), func() bool {
				d = out.deliveries(1)["order.completed"]
				return d.attempts == int64(i+1)
			})
			if d.status != http.StatusInternalServerError || d.failure != webhook.FailedStatus || d.answer != strings.Repeat("한", 341) {
				t.Fatalf("attempt %d: %+v", i+1, d)
			}
			if pause == 0 {
				if d.state != webhook.Abandoned {
					t.Errorf("after the last attempt: %+v", d)
				}
				break
			}
			wait := d.dueAt.Sub(h.Clock.Now())
			if d.state != webhook.Waiting || wait < pause*9/10 || wait > pause*11/10 {
				t.Errorf("after attempt %d it waits %v", i+1, wait)
			}
			h.Clock.Set(d.dueAt.Add(-time.Millisecond))
			h.Clock.Advance(time.Millisecond)
			sender.Nudge()
		}
		got := s.messages()
		if len(got) != webhook.MostAttempts {
			t.Fatalf("%d attempts", len(got))
		}
		if slices.ContainsFunc(got, func(m message) bool { return m.id != got[0].id || m.body != got[0].body }) {
			t.Error("an attempt differs from the first")
		}
		if since := out.one(`SELECT failing_since FROM endpoints WHERE id = 1`); since != storagetest.Noon.UnixMilli() {
			t.Errorf("failing since %v", time.UnixMilli(since))
		}
	})
}
