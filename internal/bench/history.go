package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// history measures what a year of sales costs those who come after it: purchases beside those on an equal database that
// has never sold anything, in the same PostgreSQL server; and the history list of a partner with a tenth of all orders.
func (s *suite) history(ctx context.Context) error {
	// Without replicas, PostgreSQL need not log what is filled into an empty table. So many orders are worth more memory.
	each := s.total(1) + mostWarmUps*s.During
	a, err := s.openArena(ctx, "history", s.stockFor(each, each), "wal_level=minimal", "max_wal_senders=0", "shared_buffers=2GB")
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.copyOurs(ctx); err != nil {
		return err
	}
	past, err := s.fillPast(ctx, a)
	if err != nil {
		return err
	}
	h := &historyRun{suite: s, arena: a, past: &past}
	defer h.stop()
	if h.aged, err = a.serve(ctx); err != nil {
		return err
	}
	if err := h.catchUp(ctx); err != nil {
		return err
	}
	if err := h.lists(); err != nil {
		return err
	}
	if h.fresh, err = startServer(ctx, a.data, a.theirs); err != nil {
		return err
	}
	if err := h.purchases(); err != nil {
		return err
	}
	if h.past.orders > doctorUpTo {
		return nil
	}
	return doctor(ctx, a.data, a.ours)
}

// doctorUpTo is how long a history the doctor looks at. With a longer one, which is filled by the same statements, it would
// take as long as all the rest.
const doctorUpTo = 200_000

// fillPast fills the sales of a year into ours.
func (s *suite) fillPast(ctx context.Context, a *arena) (p past, err error) {
	var face int64
	err = withPostgres(ctx, a.ours, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT face FROM offers WHERE id = $1`, hotOffer).Scan(&face)
	})
	if err != nil {
		return p, err
	}
	seal, err := s.House.Sealer(a.data, a.ours)
	if err != nil {
		return p, err
	}
	p = newPast(s.History, a, face)
	began := time.Now()
	if err := p.fill(ctx, a.ours, seal); err != nil {
		return p, err
	}
	s.say("history: filled %d orders in %.0f s", p.orders, time.Since(began).Seconds())
	return p, nil
}

// historyRun is what the job measures.
type historyRun struct {
	suite       *suite
	arena       *arena
	past        *past
	aged, fresh *process
}

func (h *historyRun) stop() {
	for _, server := range []*process{h.aged, h.fresh} {
		if server != nil {
			server.stop()
		}
	}
}

// catchUpWithin bounds the wait for jobs that go over the filled sales.
const catchUpWithin = 2 * time.Minute

// catchUp waits until the jobs that add up sales have gone over the year that was filled in, once. In use each day is added to what
// was added up before.
func (h *historyRun) catchUp(ctx context.Context) error {
	began := time.Now()
	for _, job := range []string{"sales", "unused-coupons", "ledger-days", "day-sales"} {
		for name := fmt.Sprintf("giftimbiz_job_runs_total{job=%q,outcome=\"ok\"}", job); ; {
			figures, err := h.aged.metrics()
			if err != nil {
				return err
			}
			if figures[name] > 0 {
				break
			}
			if time.Since(began) > catchUpWithin || ctx.Err() != nil {
				h.suite.say("history: the job %s is still at it", job)
				return ctx.Err()
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	h.suite.say("history: the jobs added the sales up in %.0f s", time.Since(began).Seconds())
	return nil
}

// during is how long one run of purchases lasts.
func (h *historyRun) during() time.Duration { return h.suite.During * 2 / 3 }

// mostWarmUps bounds how often the server with the long history warms up.
const mostWarmUps = 8

// warmUp gets over what follows the checkpoint that ended the filling: PostgreSQL logs every page whole that is touched for
// the first time after one, and a long history has many pages. The runs are shown as trials; in use, that phase takes as long
// after each checkpoint.
func (h *historyRun) warmUp(name string, src source) error {
	var fresh float64 // bytes logged for a purchase
	for n, server := range append([]*process{h.fresh}, slices.Repeat([]*process{h.aged}, mostWarmUps)...) {
		label := name + ", empty history, after a checkpoint"
		if n > 0 {
			label = fmt.Sprintf("%s, after %d orders and a checkpoint", name, h.past.orders)
		}
		t, err := h.suite.measure(label, buyConnections, func() (result, error) {
			return drive(server.addr, buyConnections, h.during(), src)
		}, server)
		if err != nil {
			return err
		}
		if n == 0 {
			fresh = t.Logged
		} else if t.Logged < 1.25*fresh {
			return nil
		}
	}
	return nil
}

// lists measures the first page of the big partner's history and one behind nine tenths and more of it.
func (h *historyRun) lists() error {
	s, depth := h.suite, int64(h.suite.History/bigEvery)
	for _, page := range []struct {
		name  string
		newer int64
	}{
		{fmt.Sprintf("history list of %d orders, page 1", h.past.bigOrders()), 0},
		{fmt.Sprintf("history list, after %d orders", depth), depth},
	} {
		var f figures
		for range s.Rounds {
			if err := s.load(&f, page.name, h.aged, 1, s.During/4, h.listing(page.newer)); err != nil {
				return err
			}
		}
		s.say("%s: %s ms, p99 %s ms", page.name, spread(f.medians), spread(f.p99s))
		s.add(bound(page.name, "median ms", atMost(5, "ms"), f.medians), bound(page.name, "p99 ms", atMost(5, "ms"), f.p99s))
	}
	return nil
}

// listing asks for the page of partner 1 that so many newer orders stand before.
func (h *historyRun) listing(newer int64) source {
	buyer := h.arena.buyers[0]
	form := url.Values{"partner_id": {buyer.Name}, "limit": {strconv.Itoa(historyPage)}}
	if newer > 0 {
		form.Set("after", string(h.past.id(h.past.bigOrder(newer-1)).Ref(false)))
	}
	req := request{raw: post("giftimbiz/buyGifticonList", buyer, form, ""), check: func(body []byte) error {
		return h.past.checkPage(body, newer)
	}}
	return func(int) func() request { return func() request { return req } }
}

// checkPage looks at every order of a page, and at where the next page begins.
func (p *past) checkPage(body []byte, newer int64) error {
	var page struct {
		Result string `json:"result"`
		Total  int64  `json:"total_count"`
		IsNext string `json:"isNext"`
		Next   string `json:"next"`
		List   []struct{ Tid, Pin string }
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return fmt.Errorf("%w in %.200s", err, body)
	}
	if page.Result != "0000" || page.Total != p.bigOrders() || page.IsNext != "true" || len(page.List) != historyPage ||
		page.Next != page.List[historyPage-1].Tid {
		return fmt.Errorf("a page of %d of %d orders was answered %.200s", historyPage, p.bigOrders(), body)
	}
	for n, item := range page.List {
		i := p.bigOrder(newer + int64(n))
		if item.Tid != string(p.id(i).Ref(false)) || item.Pin != pinOf(p.unit(i)) {
			return fmt.Errorf("order %d from the newest is listed as %+v", newer+int64(n), item)
		}
	}
	return nil
}

// purchases runs the server with the long history and the one without any in turn.
func (h *historyRun) purchases() error {
	s, during := h.suite, h.during()
	for _, kind := range []struct {
		name string
		src  source
	}{
		{hotPurchases, h.arena.buyingHot()},
		{h.arena.manyPurchases(), h.arena.buyingMany()},
	} {
		var aged, fresh figures
		name := fmt.Sprintf("%s, after %d orders", kind.name, h.past.orders)
		if err := h.warmUp(kind.name, kind.src); err != nil {
			return err
		}
		for range s.Rounds {
			if err := s.load(&fresh, kind.name+", empty history", h.fresh, buyConnections, during, kind.src); err != nil {
				return err
			}
			if err := s.load(&aged, name, h.aged, buyConnections, during, kind.src); err != nil {
				return err
			}
		}
		s.say("%s: %s/s, with an empty history %s/s", name, spread(aged.rates), spread(fresh.rates))
		s.add(ratio(name, "per second", "an empty history", atLeast(0.9, "×"), aged.rates, fresh.rates).missedFor(
			"Indexes of many orders are one level deeper, and the first purchases after a checkpoint that touch one of their pages log it whole: " +
				"11 kB a purchase instead of 2 for half a minute."))
	}
	return nil
}
