package bench

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// lone measures a purchase that is alone: one connection to an idle server, which asks again when it has its answer. Beside
// it stands the time of the same transaction by hand, on one connection to an equal database, without a server between.
func (s *suite) lone(ctx context.Context) error {
	return errors.Join(s.lonePostgres(ctx), s.loneSQLite(ctx))
}

func (s *suite) lonePostgres(ctx context.Context) error {
	a, err := s.openArena(ctx, "lone", stock{hotUnits: loneUnits(s.total(1))})
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.copyOurs(ctx); err != nil {
		return err
	}
	server, err := a.serve(ctx)
	if err != nil {
		return err
	}
	defer server.stop()
	return withPostgres(ctx, a.theirs, func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, sequence); err != nil {
			return err
		}
		hand := newHandPostgres(conn)
		return s.loneRounds("a lone purchase, PostgreSQL", server, a.buyingHot(), func() error { return hand.purchase(ctx) })
	})
}

func (s *suite) loneSQLite(ctx context.Context) error {
	data, err := s.folder("lone-sqlite")
	if err != nil {
		return err
	}
	filled, err := s.fillSQLite(ctx, data, loneUnits(s.total(1)))
	if err != nil {
		return err
	}
	hand, err := newHandSQLite(ctx, filled.theirs)
	if err != nil {
		return err
	}
	defer hand.close()
	server, err := startServer(ctx, filepath.Clean(data), "sqlite:"+filled.ours)
	if err != nil {
		return err
	}
	defer server.stop()
	return s.loneRounds("a lone purchase, SQLite", server, buying(filled.buyers, filled.sale, hotOffer, hotOffer),
		func() error { return hand.transaction(1, hand.row) })
}

// loneUnits are enough for the rounds, each of which is a sixth of a run. Where a flush costs next to nothing, one connection
// alone buys nearly as fast as many.
func loneUnits(rounds time.Duration) int64 { return unitsFor(rounds/6, 1) }

// loneRounds runs the server and the transaction by hand in turn.
func (s *suite) loneRounds(name string, server *process, src source, byHand func() error) error {
	var ours, theirs figures
	for round := range s.Rounds {
		if err := s.load(&ours, name, server, 1, s.During/6, src); err != nil {
			return err
		}
		r, err := repeat(s.During/6, byHand)
		if err != nil {
			return err
		}
		t := r.trial(name+", by hand", 1, 0)
		s.addTrial(t)
		theirs.add(t)
		s.say("%s, round %d: %.2f ms, by hand %.2f ms", name, round+1, ours.medians[round], theirs.medians[round])
	}
	s.add(ratio(name, "median ms", "its transaction by hand", atMost(1.5, "×"), ours.medians, theirs.medians).missedFor(
		"Beyond the transaction by hand, a bare HTTP round trip takes 0.08 ms, handing the purchase over to who commits it and back 0.03 ms, " +
			"and statements that take any number of rows 0.05 ms more than those that take one."))
	return nil
}
