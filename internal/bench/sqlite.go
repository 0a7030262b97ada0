package bench

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
)

// sqlite measures purchases on SQLite, durable as they are sold: beside bare loops in Go, on one connection with the
// server's settings and prepared statements, without HTTP, checks or anybody who waits.
//
// The loop of one-row commits inserts one row into one table and commits it, again and again: what a purchase costs at
// the least that is committed by itself. The batches are of purchases: all rows that a purchase reads and writes, in the
// same tables, as many purchases to a transaction as the server's had in the same round. Batches of single rows of one
// table are shown as trials.
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
		s.say("SQLite, round %d: %.0f/s; bare commits of one row %.0f/s, batches of %d: %.0f purchases/s, %.0f rows/s", round+1,
			b.ours.rates[round], b.singles[round], b.batch, b.batches[round], b.rowBatches[round])
	}
	const rate, name = "per second", "purchase, SQLite, synchronous=FULL"
	s.add(
		ratio(name, rate, "bare loop, one row per commit", atLeast(3, "×"), b.ours.rates, b.singles).missedFor(
			"A commit of one row takes little longer than the flush of the disk in it. Where that is a seventh of a millisecond, three times as "+
				"many purchases a second would leave 45 µs of two processors for each: HTTP, credentials, rows in seven tables and their "+
				"indexes, and the load generator's share. The engine without HTTP makes 2.5 × the loop, half of it in COMMIT."),
		ratio(name, rate, "bare loop, as many purchases per commit", atLeast(0.5, "×"), b.ours.rates, b.batches),
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

	batch                        int // purchases to a transaction
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
	units := unitsFor(s.total(1), 1)
	s.say("sqlite: filling two databases with %d units each", units)
	filled, err := s.fillSQLite(ctx, data, units)
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
	var err error
	if b.batch, err = b.server.batch(func() error {
		return s.load(&b.ours, b.name, b.server, buyConnections, s.During, b.hot)
	}); err != nil {
		return err
	}
	for _, loop := range []struct {
		name  string
		rates *[]float64
		rows  int
		do    func() error
	}{
		{"SQLite, one row per commit", &b.singles, 1, b.rows.row},
		{"SQLite, purchases in batches", &b.batches, b.batch, func() error { return b.hand.transaction(b.batch, b.hand.row) }},
		{"SQLite, rows in batches", &b.rowBatches, b.batch, func() error { return b.rows.transaction(b.batch, b.rows.row) }},
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

// batch returns how many purchases the server committed together, on average, while something went on.
func (p *process) batch(during func() error) (int, error) {
	const purchases, commits = "giftimbiz_purchase_batch_size_sum", "giftimbiz_purchase_batch_size_count"
	before, err := p.metrics()
	if err != nil {
		return 0, err
	}
	if err := during(); err != nil {
		return 0, err
	}
	after, err := p.metrics()
	if err != nil {
		return 0, err
	}
	size := (after[purchases] - before[purchases]) / max(1, after[commits]-before[commits])
	return max(1, int(math.Round(size))), nil
}

// filledSQLite are two databases that were filled alike.
type filledSQLite struct {
	ours, theirs string // paths
	buyers       []Buyer
	sale         Sale
}

// fillSQLite fills a database with one partner and so many units of the hot offer, and makes a copy.
func (s *suite) fillSQLite(ctx context.Context, data string, units int64) (f filledSQLite, err error) {
	f.ours, f.theirs = filepath.Join(data, "giftimbiz.db"), filepath.Join(data, "theirs.db")
	if f.buyers, f.sale, err = s.House.FillStock(ctx, data, "sqlite:"+f.ours, []int64{units}, 1); err != nil {
		return f, err
	}
	whole, err := os.Open(f.ours) // nobody has it open: its log was written back when it was closed
	if err != nil {
		return f, err
	}
	defer func() { _ = whole.Close() }() // only read
	theirs, err := os.Create(f.theirs)
	if err != nil {
		return f, err
	}
	_, err = io.Copy(theirs, whole)
	return f, errors.Join(err, theirs.Close())
}
