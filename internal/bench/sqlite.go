package bench

import (
	"context"
	"fmt"
	"path/filepath"
)

// sqliteBatch is how many purchases the server commits together at 64 connections: while half of them are committed,
// the other half gathers.
const sqliteBatch = buyConnections / 2

// sqlite measures purchases on SQLite, durable as they are sold: beside bare loops in Go, on one connection with the
// server's settings and prepared statements, without HTTP, checks or anybody who waits.
//
// The loop of one-row commits inserts one row into one table and commits it, again and again: what a purchase costs at
// the least that is committed by itself. The batches are of purchases: all rows that a purchase reads and writes, in the
// same tables, as many purchases to a transaction as the server's have.
func (s *suite) sqlite(ctx context.Context) error {
	b, err := s.openSQLiteRun(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	for round := range s.Rounds {
		if err := b.round(s); err != nil {
			return err
		}
		s.say("SQLite, round %d: %.0f/s; bare commits of one row %.0f/s, bare batches %.0f purchases/s, %.0f rows/s", round+1,
			b.ours.rates[round], b.singles[round], b.batches[round], b.rowBatches[round])
	}
	const rate, name = "per second", "purchase, SQLite, synchronous=FULL"
	s.add(
		ratio(name, rate, "bare loop, one row per commit", atLeast(3, "×"), b.ours.rates, b.singles),
		ratio(name, rate, fmt.Sprintf("bare loop, %d purchases per commit", sqliteBatch), atLeast(0.5, "×"), b.ours.rates, b.batches),
	)
	return nil
}

// sqliteRun is what the job measures.
type sqliteRun struct {
	name   string
	server *process
	hot    source
	rows   *rowLoop
	hand   *handSQLite

	ours                         figures
	singles, batches, rowBatches []float64
}

// openSQLiteRun fills two databases alike, one for the server and one for the batches, and makes one for the rows.
func (s *suite) openSQLiteRun(ctx context.Context) (*sqliteRun, error) {
	data, err := s.folder("sqlite")
	if err != nil {
		return nil, err
	}
	b := &sqliteRun{name: "purchase, SQLite, one hot account"}
	s.say("sqlite: filling two databases with %d units each", s.Units/4)
	filled, err := s.fillSQLite(ctx, data, int64(s.Units/4))
	if err != nil {
		return nil, err
	}
	b.hot = buying(filled.buyers, filled.sale, hotOffer, hotOffer)
	if b.rows, err = newRowLoop(ctx, filepath.Join(data, "rows.db")); err != nil {
		return nil, err
	}
	if b.hand, err = newHandSQLite(ctx, filled.theirs); err != nil {
		b.close()
		return nil, err
	}
	if b.server, err = startServer(ctx, data, "sqlite:"+filled.ours); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *sqliteRun) close() {
	if b.server != nil {
		b.server.stop()
	}
	if b.hand != nil {
		b.hand.close()
	}
	b.rows.close()
}

// round runs the server and each of the loops once.
func (b *sqliteRun) round(s *suite) error {
	if err := s.load(&b.ours, b.name, b.server, buyConnections, s.During, b.hot); err != nil {
		return err
	}
	for _, loop := range []struct {
		name  string
		rates *[]float64
		rows  int
		do    func() error
	}{
		{"SQLite, one row per commit", &b.singles, 1, b.rows.row},
		{"SQLite, purchases in batches", &b.batches, sqliteBatch, func() error { return b.hand.transaction(sqliteBatch, b.hand.row) }},
		{"SQLite, rows in batches", &b.rowBatches, sqliteBatch, func() error { return b.rows.transaction(sqliteBatch, b.rows.row) }},
	} {
		r, err := repeat(s.During/2, loop.do)
		if err != nil {
			return err
		}
		rate := r.rate() * float64(loop.rows)
		*loop.rates = append(*loop.rates, rate)
		s.addTrial(Trial{Job: loop.name, Connections: 1, Rate: rate})
	}
	return nil
}

// filledSQLite are two databases that were filled alike.
type filledSQLite struct {
	ours, theirs string // paths
	buyers       []Buyer
	sale         Sale
}

// fillSQLite fills a database with one partner and so many units of the hot offer, and another one alike.
func (s *suite) fillSQLite(ctx context.Context, data string, units int64) (f filledSQLite, err error) {
	f.ours, f.theirs = filepath.Join(data, "giftimbiz.db"), filepath.Join(data, "theirs.db")
	if _, _, err = s.House.FillStock(ctx, data, "sqlite:"+f.theirs, []int64{units}, 1); err != nil {
		return f, err
	}
	f.buyers, f.sale, err = s.House.FillStock(ctx, data, "sqlite:"+f.ours, []int64{units}, 1)
	return f, err
}
