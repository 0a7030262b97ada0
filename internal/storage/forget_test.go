package storage_test

import (
	"fmt"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
)

// TestEventsAreForgottenAfterAMonth with their deliveries; but for what still waits.
func TestEventsAreForgottenAfterAMonth(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.Stock(1, 2)
		p := h.Partner(gift.Partner{Name: "live"}, 1_000_000)
		test := h.Partner(gift.Partner{Name: "test", Sandbox: true}, 1_000_000)
		o.hear(p)
		first := h.Buy(p, "", 1)
		h.Buy(p, "1", 1) // and sold out, which all are told
		h.Clock.Advance(time.Minute)
		const many = 600
		o.alter(`INSERT INTO events (id, type, partner_id, order_id, data)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
SELECT 1 + i, 'test.sent', CASE WHEN i > 500 THEN ` + fmt.Sprint(test) + ` ELSE ` + fmt.Sprint(p) + ` END, 0, '{}' FROM n`)
		o.alter(`INSERT INTO deliveries (endpoint_id, event_id, order_id, state, due_at)
SELECT ` + fmt.Sprint(p) + `, id, 0, CASE WHEN id = 7 THEN 1 ELSE 2 + id % 2 END, 0 FROM events WHERE id <= 501`)
		o.alter(`UPDATE deliveries SET state = 2 WHERE order_id = ` + fmt.Sprint(int64(first.OrderID)))
		rest := func(table string) (n int64) {
			t.Helper()
			if err := o.raw.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		forget := func(at time.Time, want, events, deliveries int64) {
			t.Helper()
			n, err := h.DB.ForgetEvents(t.Context(), at)
			if err != nil || n != want || rest("events") != events || rest("deliveries") != deliveries {
				t.Errorf("%d forgotten, %d events and %d deliveries left, %v", n, rest("events"), rest("deliveries"), err)
			}
		}
		const month = 30 * 24 * time.Hour
		forget(h.Clock.Now().Add(month-2*time.Minute), many-1, 4, 4) // the one that waits, and three of the purchases
		forget(h.Clock.Now().Add(month), 1, 3, 3)                    // two of which wait
		o.alter(`UPDATE deliveries SET state = 3`)
		forget(h.Clock.Now().Add(month), 3, 0, 0)
	})
}

func TestSessionsThatAreOverAreForgotten(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		o.alter(`INSERT INTO operators (id, email, name, role, password_hash, created_at) VALUES (1, 'kim@x', 'Kim', 'admin', '', 0)`)
		now := h.Clock.Now()
		for i, expires := range []time.Time{now.Add(-time.Hour), now, now.Add(time.Millisecond)} {
			o.alter(`INSERT INTO sessions (token_hash, operator_id, created_at, seen_at, expires_at, address, agent)
VALUES ($1, 1, 0, 0, $2, '', '')`, []byte{byte(i)}, expires.UnixMilli())
			o.alter(`INSERT INTO sign_in_failures (email, address, failures, last_at) VALUES ('', $1, 1, $2)`, fmt.Sprint(i), expires.UnixMilli())
		}
		if n, err := h.DB.ForgetSignIns(t.Context(), now, now); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		var tries int
		if err := o.raw.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM sign_in_failures`).Scan(&tries); err != nil || tries != 2 {
			t.Errorf("%d tries left, %v", tries, err)
		}
	})
}
