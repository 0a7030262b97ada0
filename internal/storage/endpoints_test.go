package storage_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// sealed is a secret of an endpoint as tests have it.
func sealed(id int64) ([]byte, error) { return fmt.Appendf(nil, "whsec of %d", id), nil }

func addEndpoint(h *storagetest.House, partner int64, types ...gift.EventType) webhook.Endpoint {
	h.T.Helper()
	e, err := h.DB.AddEndpoint(h.T.Context(), webhook.Endpoint{
		PartnerID: partner, URL: "https://shop.example/hooks?key=hidden", Types: types,
	}, sealed, h.Clock.Now())
	if err != nil {
		h.T.Fatal(err)
	}
	return e
}

func endpoint(h *storagetest.House, id int64) webhook.Listed {
	h.T.Helper()
	l, err := h.DB.Endpoint(h.T.Context(), id)
	if err != nil {
		h.T.Fatal(err)
	}
	return l
}

// turn switches an endpoint on or off.
func turn(h *storagetest.House, id int64, to webhook.State) {
	h.T.Helper()
	_, err := h.DB.ChangeEndpoint(h.T.Context(), "endpoint.turn", id, 0, h.Clock.Now(), func(_ gift.Partner, e *webhook.Endpoint) error {
		if to == webhook.On {
			e.SwitchOn()
		} else {
			e.SwitchOff()
		}
		return nil
	})
	if err != nil {
		h.T.Fatal(err)
	}
}

func deliveriesTo(h *storagetest.House, q webhook.Query) webhook.Page {
	h.T.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	page, err := h.DB.Deliveries(h.T.Context(), q)
	if err != nil {
		h.T.Fatal(err)
	}
	return page
}

// sorts are the types of deliveries, in their order.
func sorts(page webhook.Page) (all []gift.EventType) {
	for _, d := range page.Deliveries {
		all = append(all, d.Event.Type)
	}
	return all
}

func TestAPartnerHearsWhileOneOfItsEndpointsIsOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 9)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		h.Buy(p, "", 1)
		all, orders := addEndpoint(h, p), addEndpoint(h, p, gift.OrderCompleted, gift.OfferSoldOut)
		if all.State != webhook.On || all.ID == orders.ID || string(endpoint(h, all.ID).Secret) != fmt.Sprintf("whsec of %d", all.ID) {
			t.Errorf("%+v", all)
		}
		h.Buy(p, "", 1)
		turn(h, all.ID, webhook.Off)
		h.Buy(p, "", 1)
		turn(h, orders.ID, webhook.Off)
		h.Buy(p, "", 1) // heard by nobody
		turn(h, all.ID, webhook.On)
		h.Buy(p, "", 1)
		if n := len(told(t, h, p)); n != 3 {
			t.Errorf("%d events", n)
		}
		for _, e := range []webhook.Endpoint{all, orders} {
			if got := deliveriesTo(h, webhook.Query{EndpointID: e.ID}); len(got.Deliveries) != 2 || endpoint(h, e.ID).Waiting != 2 {
				t.Errorf("endpoint %d: %+v", e.ID, got)
			}
		}
		if err := h.DB.RemoveEndpoint(t.Context(), all.ID, 0, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		h.Buy(p, "", 1)
		if n := len(told(t, h, p)); n != 3 {
			t.Errorf("%d events", n)
		}
	})
}

func TestAPartnerHasOnlySoManyEndpoints(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		var wg sync.WaitGroup
		second := h.SecondNode()
		for i := range 2 * webhook.MaxEndpoints {
			wg.Go(func() {
				db := []*storage.DB{h.DB, second.DB}[i%2]
				_, err := db.AddEndpoint(t.Context(), webhook.Endpoint{PartnerID: p, URL: "https://a.example"}, sealed, h.Clock.Now())
				if err != nil && !errors.Is(err, webhook.ErrTooMany) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, err := h.DB.Endpoints(t.Context(), p)
		if err != nil || len(list) != webhook.MaxEndpoints || list[0].Partner != "demo" {
			t.Fatalf("%d endpoints, %v", len(list), err)
		}
		if err := h.DB.RemoveEndpoint(t.Context(), list[3].ID, list[3].Version, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		addEndpoint(h, p) // there is room again
	})
}

// TestSwitchingOnForgetsWhyItWasOff and since when nothing was taken.
func TestSwitchingOnForgetsWhyItWasOff(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		e := addEndpoint(h, p)
		o.alter(`UPDATE endpoints SET state = 3, off_reason = 'failing', failing_since = 5, given_up_at = 6`)
		o.alter(`UPDATE partners SET hears = 0`)
		if got := endpoint(h, e.ID); got.State != webhook.GivenUp || got.OffReason != webhook.Failing || got.FailingSince.IsZero() {
			t.Errorf("%+v", got)
		}
		turn(h, e.ID, webhook.On)
		if got := endpoint(h, e.ID); got.State != webhook.On || got.OffReason != "" || !got.FailingSince.IsZero() {
			t.Errorf("%+v", got)
		}
		o.alter(`UPDATE endpoints SET created_at = 7 WHERE given_up_at IS NULL`)
	})
}

func TestAWithdrawnPartnerIsTaughtNothingNew(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		p := h.Partner(gift.Partner{Name: "demo", State: gift.Withdrawn}, 0)
		_, err := h.DB.AddEndpoint(t.Context(), webhook.Endpoint{PartnerID: p, URL: "https://a.example"}, sealed, h.Clock.Now())
		if !errors.Is(err, gift.ErrWithdrawn) {
			t.Error(err)
		}
		if _, err := h.DB.AddEndpoint(t.Context(), webhook.Endpoint{PartnerID: 77}, sealed, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
	})
}

// TestOfTwoOperatorsOneIsTold that somebody else changed the endpoint meanwhile.
func TestOfTwoOperatorsOneIsTold(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		e := addEndpoint(h, p)
		nodes := []*storage.DB{h.DB, h.SecondNode().DB}
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = nodes[i%2].ChangeEndpoint(t.Context(), "endpoint.change", e.ID, e.Version, h.Clock.Now(),
					func(_ gift.Partner, e *webhook.Endpoint) error {
						e.URL = fmt.Sprintf("https://%d.example", i)
						return nil
					})
			})
		}
		wg.Wait()
		won := ""
		for i, err := range errs {
			switch {
			case err == nil && won == "":
				won = fmt.Sprintf("https://%d.example", i)
			case !errors.Is(err, office.ErrChanged):
				t.Error(err)
			}
		}
		if got := endpoint(h, e.ID); got.URL != won || got.Version != 2 {
			t.Errorf("%s by version %d, want %s", got.URL, got.Version, won)
		}
		if err := h.DB.RemoveEndpoint(t.Context(), e.ID, e.Version, h.Clock.Now()); !errors.Is(err, office.ErrChanged) {
			t.Error(err)
		}
	})
}

// TestTheTrailKnowsWhatWasDoneToAnEndpoint but neither its secrets nor what may be one in its address.
func TestTheTrailKnowsWhatWasDoneToAnEndpoint(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		ctx := office.As(t.Context(), office.Actor{OperatorID: 7, Name: "kim@example.com"})
		e := addEndpoint(h, p, gift.OrderCompleted)
		_, err := h.DB.ChangeEndpoint(ctx, "endpoint.rotate", e.ID, e.Version, h.Clock.Now(), func(_ gift.Partner, e *webhook.Endpoint) error {
			e.Rotate([]byte("whsec new"), h.Clock.Now())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		event, err := h.DB.SendTest(ctx, e.ID, h.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if done, err := h.DB.Replay(ctx, webhook.Replay{EndpointID: e.ID, Event: event}, h.Clock.Now()); err != nil || done.Count != 1 {
			t.Fatal(done, err)
		}
		if err := h.DB.RemoveEndpoint(ctx, e.ID, 2, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		trail, err := h.DB.Audit(ctx, office.AuditFilter{Subject: "partner:demo"}, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, entry := range trail {
			lines = append(lines, entry.Action+" by "+entry.Actor.Name)
			if text := entry.Before + entry.After; strings.Contains(text, "whsec") || strings.Contains(text, "hidden") {
				t.Errorf("%s: %s", entry.Action, text)
			}
		}
		want := []string{
			"endpoint.remove by kim@example.com", "endpoint.replay by kim@example.com", "endpoint.test by kim@example.com",
			"endpoint.rotate by kim@example.com", "endpoint.create by command line", "partner.create by command line",
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
		if want := `"secret_before_until":"2025-09-16T12:00:00+09:00"`; !strings.Contains(trail[3].After, want) {
			t.Errorf("%s without %s", trail[3].After, want)
		}
	})
}

func TestARemovedEndpointLeavesNothing(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.Stock(1, 3)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		e, other := addEndpoint(h, p), addEndpoint(h, p)
		h.Buy(p, "", 1)
		if owner, err := h.DB.EndpointOwner(t.Context(), e.ID); owner != p || err != nil {
			t.Errorf("it is partner %d's, %v", owner, err)
		}
		if err := h.DB.RemoveEndpoint(t.Context(), e.ID, e.Version, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.EndpointOwner(t.Context(), e.ID); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
		if _, err := h.DB.Endpoint(t.Context(), e.ID); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
		if _, err := h.DB.SendTest(t.Context(), e.ID, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
		if err := h.DB.RemoveEndpoint(t.Context(), e.ID, 0, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
		// A transaction that began before tells it something all the same.
		_, err := o.raw.ExecContext(t.Context(), fmt.Sprintf(
			`INSERT INTO deliveries (endpoint_id, event_id, order_id, due_at) SELECT %d, id, order_id, 0 FROM events`, e.ID))
		if err != nil {
			t.Fatal(err)
		}
		for _, pass := range []time.Duration{time.Minute, time.Hour} {
			h.Clock.Advance(pass)
			if err := h.DB.SweepEndpoints(t.Context(), h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		for table, want := range map[string]int{"endpoints": 1, "deliveries": 1} {
			var n int
			if err := o.raw.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil || n != want {
				t.Errorf("%d %s, %v", n, table, err)
			}
		}
		if len(deliveriesTo(h, webhook.Query{EndpointID: other.ID}).Deliveries) != 1 {
			t.Error("another endpoint's deliveries are gone")
		}
	})
}

func TestATestReachesOneEndpointAndNeedsItOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		e, other := addEndpoint(h, p, gift.OrderCompleted), addEndpoint(h, p)
		event, err := h.DB.SendTest(t.Context(), e.ID, h.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		d, err := h.DB.Delivery(t.Context(), e.ID, event)
		if err != nil || d.Event.Type != gift.TestSent || string(d.Event.Data) != "{}" || d.State != webhook.Waiting || !d.DueAt.Equal(h.Clock.Now()) {
			t.Errorf("%+v, %v", d, err)
		}
		if n := len(deliveriesTo(h, webhook.Query{EndpointID: other.ID}).Deliveries); n != 0 {
			t.Errorf("another endpoint has %d deliveries", n)
		}
		turn(h, e.ID, webhook.Off)
		if _, err := h.DB.SendTest(t.Context(), e.ID, h.Clock.Now()); !errors.Is(err, webhook.ErrOff) {
			t.Error(err)
		}
	})
}

func TestDeliveriesAreListedByStateTypeAndDay(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.Stock(3, 1)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		e := addEndpoint(h, p)
		for i := range 3 { // each sells an offer out
			h.Buy(p, "", int64(i+1))
			h.Clock.Advance(24 * time.Hour)
		}
		list := deliveriesTo(h, webhook.Query{EndpointID: e.ID})
		if got := fmt.Sprint(sorts(list)); got != "[offer.sold_out order.completed offer.sold_out order.completed offer.sold_out order.completed]" {
			t.Error(got)
		}
		set := func(state webhook.DeliveryState, which ...int) {
			for _, i := range which {
				_, err := o.raw.ExecContext(t.Context(), fmt.Sprintf(
					`UPDATE deliveries SET state = %d, failure = 'HTTP 500', status = 500, tried_at = %d, attempts = 1 WHERE event_id = %d`,
					state, h.Clock.Now().UnixMilli()+int64(i), list.Deliveries[i].Event.ID))
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		set(webhook.Delivered, 0, 1, 2)
		set(webhook.Abandoned, 3, 4)
		for _, q := range []struct {
			query webhook.Query
			want  int
		}{
			{webhook.Query{State: webhook.Waiting}, 1},
			{webhook.Query{State: webhook.Delivered}, 3},
			{webhook.Query{State: webhook.Abandoned}, 2},
			{webhook.Query{Type: gift.OrderCompleted}, 3},
			{webhook.Query{Type: gift.OrderCompleted, State: webhook.Abandoned}, 1},
			{webhook.Query{From: gift.DateOf(2025, 9, 16), To: gift.DateOf(2025, 9, 16)}, 2},
			{webhook.Query{From: gift.DateOf(2025, 9, 16)}, 4},
			{webhook.Query{Type: gift.BalanceLow}, 0},
		} {
			q.query.EndpointID = e.ID
			var ids []gift.ID
			for q.query.Limit = 2; ; { // pages of two, in their order
				page := deliveriesTo(h, q.query)
				for _, d := range page.Deliveries {
					ids = append(ids, d.Event.ID)
				}
				if q.query.Before = page.Next; page.Next == 0 {
					break
				}
			}
			if len(ids) != q.want {
				t.Errorf("%+v: %v", q.query, ids)
			}
		}
		if last := endpoint(h, e.ID).LastFailure; last.Event != list.Deliveries[4].Event.ID || last.Status != 500 || last.Text != "HTTP 500" {
			t.Errorf("%+v", last)
		}
	})
}

func TestWhatIsReplayedIsDueAsIfItWereNew(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.Stock(1, 5)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		e := addEndpoint(h, p, gift.OrderCompleted)
		for range 4 {
			h.Buy(p, "", 1)
			h.Clock.Advance(time.Hour)
		}
		tried := h.Clock.Now()
		_, err := o.raw.ExecContext(t.Context(), fmt.Sprintf(`UPDATE deliveries SET attempts = 10, tried_at = %d,
state = CASE WHEN event_id = (SELECT MIN(id) FROM events) THEN 2 ELSE 3 END`, tried.UnixMilli()))
		if err != nil {
			t.Fatal(err)
		}
		h.Clock.Advance(time.Minute)
		replay := func(r webhook.Replay) (webhook.Replayed, error) {
			r.EndpointID = e.ID
			return h.DB.Replay(t.Context(), r, h.Clock.Now())
		}
		newest := deliveriesTo(h, webhook.Query{EndpointID: e.ID}).Deliveries[0]
		one := webhook.Replay{Event: newest.Event.ID, TriedAt: newest.TriedAt}
		if done, err := replay(one); err != nil || done.Count != 1 {
			t.Error(done, err)
		}
		d, err := h.DB.Delivery(t.Context(), e.ID, newest.Event.ID)
		if err != nil || d.State != webhook.Waiting || d.Attempts != 0 || !d.DueAt.Equal(h.Clock.Now()) {
			t.Errorf("%+v, %v", d, err)
		}
		if _, err := replay(one); !errors.Is(err, office.ErrChanged) { // the form of somebody else
			t.Error(err)
		}
		if _, err := replay(webhook.Replay{Event: 5}); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
		noon := storagetest.Noon
		for _, r := range []struct {
			webhook.Replay
			want int64
		}{
			{webhook.Replay{From: noon, To: noon.Add(2 * time.Hour), State: webhook.Abandoned}, 1},
			{webhook.Replay{From: noon, To: noon.Add(2 * time.Hour)}, 2},
			{webhook.Replay{From: noon.Add(time.Minute), To: noon.Add(5 * time.Hour)}, 3},
			{webhook.Replay{From: noon.Add(-time.Hour), To: noon}, 0},
		} {
			if done, err := replay(r.Replay); err != nil || done.Count != r.want || done.More {
				t.Errorf("%+v: %+v, %v", r.Replay, done, err)
			}
		}
		if n := endpoint(h, e.ID).Waiting; n != 4 {
			t.Errorf("%d wait", n)
		}
	})
}

// TestAReplayIsBounded sends the oldest again and says that there are more.
func TestAReplayIsBounded(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		e := addEndpoint(h, p)
		const more = 7
		first := int64(gift.FirstIDAt(storagetest.Noon))
		for _, text := range []string{
			`INSERT INTO events (id, type, partner_id, order_id, data) SELECT n, 'test.sent', 0, 0, '{}' FROM numbers`,
			fmt.Sprintf(`INSERT INTO deliveries (endpoint_id, event_id, order_id, state, due_at) SELECT %d, n, 0, 3, 0 FROM numbers`, e.ID),
		} {
			_, err := o.raw.ExecContext(t.Context(), fmt.Sprintf(`WITH RECURSIVE numbers (n) AS (
    SELECT CAST(%d AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) `, first, first+webhook.MaxReplayed+more-1)+text)
			if err != nil {
				t.Fatal(err)
			}
		}
		if page := deliveriesTo(h, webhook.Query{EndpointID: e.ID, Type: gift.OrderCompleted}); !page.Searched || page.Next == 0 {
			t.Errorf("a search without end: %+v", page)
		}
		r := webhook.Replay{EndpointID: e.ID, From: storagetest.Noon, To: storagetest.Noon.Add(time.Second), State: webhook.Abandoned}
		for _, want := range []webhook.Replayed{
			{Count: webhook.MaxReplayed, Last: gift.ID(first + webhook.MaxReplayed - 1), More: true},
			{Count: more, Last: gift.ID(first + webhook.MaxReplayed + more - 1)},
		} {
			if done, err := h.DB.Replay(t.Context(), r, h.Clock.Now()); err != nil || done != want {
				t.Errorf("%+v, %v; want %+v", done, err, want)
			}
		}
	})
}

// TestNoEventIsOlderThanTheLag holds a transaction that wrote open, and looks how old what it will show can be.
func TestNoEventIsOlderThanTheLag(t *testing.T) {
	dsn := migratedPostgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	raw := rawDB(t, "pgx", dsn)
	tx, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // it committed
	_, err = tx.ExecContext(t.Context(), `INSERT INTO events (id, type, partner_id, order_id, data) VALUES (1, 'x', 0, 0, '{}')`)
	if err != nil {
		t.Fatal(err)
	}
	var last time.Duration
	for range 2 {
		if _, err := raw.ExecContext(t.Context(), `SELECT pg_sleep(0.02)`); err != nil {
			t.Fatal(err)
		}
		lag, err := h.DB.EventLag(t.Context())
		if err != nil || lag < last+20*time.Millisecond {
			t.Fatal(lag, last, err)
		}
		last = lag
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
