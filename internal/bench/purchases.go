package bench

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	buyConnections  = 64
	wideConnections = 256
	coldOffers      = 1000
)

// keys makes every purchase of a run a new one.
var keys atomic.Int64

// figures are what the rounds of one kind of run found.
type figures struct{ rates, medians, p99s []float64 }

func (f *figures) add(t Trial) {
	f.rates, f.medians, f.p99s = append(f.rates, t.Rate), append(f.medians, t.P50), append(f.p99s, t.P99)
}

// purchases measures purchases on PostgreSQL beside pgbench making the same ones: of one hot partner and offer, and of
// many partners over many offers.
func (s *suite) purchases(ctx context.Context) error {
	a, err := s.openArena(ctx, "purchases", s.stockFor(s.total(2), s.total(2)))
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.copyOurs(ctx); err != nil {
		return err
	}
	if err := withPostgres(ctx, a.theirs, createFunction); err != nil {
		return err
	}
	server, err := a.serve(ctx)
	if err != nil {
		return err
	}
	defer server.stop()
	run := newPurchaseRun(s, a, server)
	for round := range s.Rounds {
		if err := run.round(ctx); err != nil {
			return err
		}
		s.say("purchases, round %d: %s", round+1, run)
	}
	s.add(run.rows()...)
	return nil
}

func createFunction(ctx context.Context, conn *pgx.Conn) error {
	return execAll(ctx, conn, []string{sequence, function})
}

// purchaseRun is one run of the purchases job.
type purchaseRun struct {
	suite                         *suite
	arena                         *arena
	server                        *process
	hotName, manyName             string
	hot, hotWide, many, manyWide  figures
	pgHot, pgHand, pgMany, pgEach *pgbench // a stored function, statements; of one account, of many
}

func newPurchaseRun(s *suite, a *arena, server *process) *purchaseRun {
	one, hotOnly := [2]int64{1, 1}, [2]int64{hotOffer, hotOffer}
	all, cold := [2]int64{2, int64(len(a.buyers))}, [2]int64{firstColdOffer, int64(1 + a.coldOffers)}
	return &purchaseRun{
		suite: s, arena: a, server: server,
		hotName:  hotPurchases,
		manyName: a.manyPurchases(),
		pgHot:    &pgbench{script: functionScript, buyers: one, offers: hotOnly},
		pgHand:   &pgbench{script: byHandScript(), buyers: one, offers: hotOnly},
		pgMany:   &pgbench{script: functionScript, buyers: all, offers: cold},
		pgEach:   &pgbench{script: byHandScript(), buyers: all, offers: cold},
	}
}

// round runs each kind once, ours and pgbench's in turn.
func (p *purchaseRun) round(ctx context.Context) error {
	hot, many := p.arena.buyingHot(), p.arena.buyingMany()
	during := p.suite.During
	steps := []func() error{
		func() error { return p.ours(&p.hot, p.hotName, buyConnections, hot) },
		func() error { return p.pgHot.run(ctx, p.arena.theirs, during/2) },
		func() error { return p.ours(&p.many, p.manyName, buyConnections, many) },
		func() error { return p.pgMany.run(ctx, p.arena.theirs, during/2) },
		func() error { return p.ours(&p.hotWide, p.hotName, wideConnections, hot) },
		func() error { return p.pgHand.run(ctx, p.arena.theirs, during/2) },
		func() error { return p.ours(&p.manyWide, p.manyName, wideConnections, many) },
		func() error { return p.pgEach.run(ctx, p.arena.theirs, during/2) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	p.suite.addTrial(p.pgHot.trial("pgbench, one stored function, one hot account"),
		p.pgHand.trial("pgbench, six statements, one hot account"),
		p.pgMany.trial("pgbench, one stored function, many accounts"),
		p.pgEach.trial("pgbench, six statements, many accounts"))
	return nil
}

func (p *purchaseRun) ours(f *figures, name string, connections int, src source) error {
	return p.suite.load(f, name, p.server, connections, p.suite.During, src)
}

// load drives a server and adds what was seen to the figures and, as a trial, to the report.
func (s *suite) load(
	f *figures, name string, server *process, connections int, during time.Duration, src source,
) error {
	t, err := s.measure(name, connections, func() (result, error) {
		return drive(server.addr, connections, during, src)
	}, server)
	f.add(t)
	return err
}

// String is the last round in a line.
func (p *purchaseRun) String() string {
	last := func(values []float64) string { return short(values[len(values)-1]) }
	return fmt.Sprintf("hot %s/s with 64 connections, %s/s with 256, pgbench %s and %s; many %s/s and %s/s, pgbench %s and %s",
		last(p.hot.rates), last(p.hotWide.rates), last(p.pgHot.rates), last(p.pgHand.rates),
		last(p.many.rates), last(p.manyWide.rates), last(p.pgMany.rates), last(p.pgEach.rates))
}

func (p *purchaseRun) rows() []Row {
	const rate, function, statements = "per second", "pgbench, one stored function", "pgbench, six statements in a transaction"
	hot, wide, many := p.hotName+", 64 connections", p.hotName+", 256 connections", p.manyName+", 64 connections"
	return []Row{
		ratio(wide, rate, function, atLeast(7, "×"), p.hotWide.rates, p.pgHot.rates),
		bound(wide, "p99 ms", atMost(100, "ms"), p.hotWide.p99s),
		ratio(hot, rate, function, atLeast(4, "×"), p.hot.rates, p.pgHot.rates),
		ratio(hot, rate, statements, atLeast(4, "×"), p.hot.rates, p.pgHand.rates),
		bound(hot, "p99 ms", atMost(40, "ms"), p.hot.p99s),
		ratio(many, rate, function, atLeast(1.5, "×"), p.many.rates, p.pgMany.rates),
		ratio(many, rate, statements, atLeast(1.5, "×"), p.many.rates, p.pgEach.rates),
		ratio(many, rate, "our own hot account", atLeast(0.9, "×"), p.many.rates, p.hot.rates).missedFor(
			"A purchase costs PostgreSQL 66 µs instead of 42: its account, offer and day are rows that no other purchase of the batch changes, " +
				"on pages of their own."),
	}
}

// hotPurchases and manyPurchases name the two kinds of purchases in reports.
const hotPurchases = "purchase, one hot account"

func (a *arena) manyPurchases() string { return fmt.Sprintf("purchase, %d accounts", a.partners) }

// buyingHot lets partner 1 buy the hot offer, buyingMany all others the cold ones.
func (a *arena) buyingHot() source { return buying(a.buyers[:1], a.sale, hotOffer, hotOffer) }

func (a *arena) buyingMany() source {
	return buying(a.buyers[1:], a.sale, firstColdOffer, 1+a.coldOffers)
}

// buying makes new purchases by random buyers of random offers; each answer must be a completed order.
func buying(buyers []Buyer, sale Sale, firstOffer, lastOffer int) source {
	return func(conn int) func() request {
		r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(conn)))
		writer := newPurchaseWriter(sale)
		return func() request {
			offer := firstOffer + r.IntN(lastOffer-firstOffer+1)
			return request{raw: writer.write(buyers[r.IntN(len(buyers))], offer, keys.Add(1)), check: completed}
		}
	}
}

var success, orderNumber = []byte(`"result":"0000"`), []byte(`"tid":"`)

func completed(body []byte) error {
	if bytes.Contains(body, success) && bytes.Contains(body, orderNumber) {
		return nil
	}
	return fmt.Errorf("a purchase was answered %.200s", body)
}
