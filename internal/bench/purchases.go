package bench

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"giftimbiz/internal/pgtest"
)

const (
	hotOffer        = 1
	coldOffers      = 1000
	leastColdUnits  = 40
	buyConnections  = 64
	pgbenchDatabase = "pgbench"
	ourDatabase     = "ours"
)

// keys makes every purchase of a run a new one.
var keys atomic.Int64

// purchases measures purchases on PostgreSQL beside pgbench making the same ones: of one hot partner and offer, and of
// many partners over many offers.
func (s *suite) purchases(ctx context.Context) error {
	data, err := s.folder("purchases")
	if err != nil {
		return err
	}
	cluster, err := pgtest.Start("shared_buffers=256MB", "max_wal_size=4GB", "max_connections=300")
	if err != nil {
		return err
	}
	defer func() { _ = cluster.Stop() }() // a temporary cluster
	units, coldUnits := make([]int64, 1+coldOffers), max(leastColdUnits, int64(s.Units)/(2*coldOffers))
	for i := range units {
		units[i] = coldUnits
	}
	units[0] = int64(s.Units)
	s.say("filling two databases with %d units each", int64(s.Units)+coldOffers*coldUnits)
	ours, err := cluster.CreateDatabase(ourDatabase)
	if err != nil {
		return err
	}
	theirs, err := cluster.CreateDatabase(pgbenchDatabase)
	if err != nil {
		return err
	}
	buyers, sale, err := s.House.FillStock(ctx, data, ours, units, 1+s.Partners)
	if err != nil {
		return err
	}
	if _, _, err := s.House.FillStock(ctx, data, theirs, units, 1+s.Partners); err != nil {
		return err
	}
	if err := createFunction(ctx, theirs); err != nil {
		return err
	}
	server, err := startServer(ctx, data, ours)
	if err != nil {
		return err
	}
	defer server.stop()
	return s.purchaseRounds(ctx, cluster, server, buyers, sale)
}

// purchaseRounds runs ours hot, ours of many, pgbench hot, pgbench of many, in turn.
func (s *suite) purchaseRounds(ctx context.Context, cluster *pgtest.Cluster, server *process, buyers []Buyer, sale Sale,
) error {
	var hot, many, pgHot, pgMany []float64
	n := int64(len(buyers))
	hotName, manyName := "purchase, one hot account", fmt.Sprintf("purchase, %d accounts", s.Partners)
	for round := range s.Rounds {
		before := server.cpu()
		hotRun, err := drive(server.addr, buyConnections, s.During, buying(buyers[:1], sale, hotOffer, hotOffer))
		if err != nil {
			return err
		}
		s.addTrial(hotRun.trial(hotName, buyConnections, server.cpu()-before))
		before = server.cpu()
		manyRun, err := drive(server.addr, buyConnections, s.During, buying(buyers[1:], sale, 2, 1+coldOffers))
		if err != nil {
			return err
		}
		s.addTrial(manyRun.trial(manyName, buyConnections, server.cpu()-before))
		best, err := s.bestPgbench(ctx, cluster, [2]int64{1, 1}, [2]int64{hotOffer, hotOffer})
		if err != nil {
			return err
		}
		spreadRate, err := s.bestPgbench(ctx, cluster, [2]int64{2, n}, [2]int64{2, 1 + coldOffers})
		if err != nil {
			return err
		}
		hot, many = append(hot, hotRun.rate()), append(many, manyRun.rate())
		pgHot, pgMany = append(pgHot, best), append(pgMany, spreadRate)
		s.say("purchases, round %d: hot %.0f/s, of many %.0f/s; pgbench hot %.0f/s, of many %.0f/s",
			round+1, hotRun.rate(), manyRun.rate(), best, spreadRate)
	}
	s.add(
		ratio(hotName+", 64 connections", "per second", "pgbench, one stored function", atLeast(4, "×"), hot, pgHot),
		ratio(manyName, "per second", "our own hot account", atLeast(0.9, "×"), many, hot),
		ratio(manyName, "per second", "pgbench, as many accounts", atLeast(1.5, "×"), many, pgMany),
	)
	return nil
}

// bestPgbench runs pgbench at several numbers of clients and returns its best rate.
func (s *suite) bestPgbench(ctx context.Context, cluster *pgtest.Cluster, buyers, offers [2]int64) (best float64, err error) {
	for _, clients := range []int{16, 32, 64} {
		rate, err := runPgbench(ctx, cluster, pgbenchDatabase, clients, s.During/2, buyers, offers)
		if err != nil {
			return 0, err
		}
		best = max(best, rate)
	}
	return best, nil
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
