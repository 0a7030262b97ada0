package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"giftimbiz/internal/pgtest"
)

// Everybody buys the hot offer; the cold ones are bought at random.
const (
	hotOffer       = 1
	firstColdOffer = 2
)

// stock is what an arena has: partner 1 and so many others, the hot offer and so many cold ones, and their units.
type stock struct {
	partners           int
	coldOffers         int
	hotUnits, eachCold int64
}

// mostPerSecond is more than a server sells on any machine that the bench has run on. A run that sells all there is fails.
const mostPerSecond = 25_000

// errSoldOut is what purchases by hand end with then.
var errSoldOut = errors.New("this machine is faster than the bench has stock for: the offer is sold out")

// leastUnits are for what is under way when a run ends, and for offers that are bought more often than others.
const leastUnits = 50

// unitsFor is how many units are enough for so long a time, spread over so many offers.
func unitsFor(d time.Duration, offers int64) int64 {
	return int64(mostPerSecond*d.Seconds())/offers + leastUnits
}

// stockFor has enough for so long a time of purchases of the hot offer, and another one of the cold ones.
func (s *suite) stockFor(hot, many time.Duration) stock {
	return stock{
		partners: s.Partners, coldOffers: coldOffers,
		hotUnits: unitsFor(hot, 1), eachCold: unitsFor(many, coldOffers),
	}
}

// total is how long all rounds of so many runs take.
func (s *suite) total(runs int) time.Duration { return time.Duration(s.Rounds*runs) * s.During }

// arena is a PostgreSQL server with a database that the server sells from, ours, and where there is a yardstick with one that
// was filled alike, theirs.
type arena struct {
	stock
	cluster      *pgtest.Cluster
	data         string // the server's folder
	ours, theirs string // URLs
	buyers       []Buyer
	sale         Sale
}

// openArena starts a PostgreSQL server as an operator would set it up for a small machine, and fills ours.
func (s *suite) openArena(ctx context.Context, name string, st stock, settings ...string) (*arena, error) {
	data, err := s.folder(name)
	if err != nil {
		return nil, err
	}
	settings = append([]string{"shared_buffers=256MB", "max_wal_size=4GB", "max_connections=300"}, settings...)
	cluster, err := pgtest.Start(settings...)
	if err != nil {
		return nil, err
	}
	a := &arena{stock: st, cluster: cluster, data: data, ours: cluster.URL("ours"), theirs: cluster.URL("theirs")}
	s.say("%s: filling %d partners, %d offers, %d units", name, 1+st.partners, 1+st.coldOffers,
		st.hotUnits+int64(st.coldOffers)*st.eachCold)
	if err := a.fill(ctx, s.House); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return a, nil
}

func (a *arena) close() { _ = a.cluster.Stop() } // a temporary cluster

// serve starts a server that sells from ours.
func (a *arena) serve(ctx context.Context) (*process, error) {
	return startServer(ctx, a.data, a.ours)
}

// fill fills ours. What it commits need not survive a crash: it would be filled anew.
func (a *arena) fill(ctx context.Context, house House) error {
	if _, err := a.cluster.CreateDatabase("ours"); err != nil {
		return err
	}
	offers := make([]int64, 1+a.coldOffers) // their units follow, many at once
	var err error
	if a.buyers, a.sale, err = house.FillStock(ctx, a.data, a.ours+"&synchronous_commit=off", offers, 1+a.partners); err != nil {
		return err
	}
	if err := withPostgres(ctx, a.ours, a.addUnits); err != nil {
		return err
	}
	return a.tidy(ctx, "VACUUM ANALYZE units, offers, accounts, partners, entries")
}

// copyOurs makes theirs, before anybody is connected to ours.
func (a *arena) copyOurs(ctx context.Context) error {
	if err := a.cluster.Copy(a.ours, a.theirs); err != nil {
		return err
	}
	return a.tidy(ctx)
}

// tidy leaves what was filled as the server's own upkeep would; else that would begin in the middle of a run.
func (a *arena) tidy(ctx context.Context, upkeep ...string) error {
	return withPostgres(ctx, a.ours, func(ctx context.Context, conn *pgx.Conn) error {
		return execAll(ctx, conn, append(upkeep, "CHECKPOINT"))
	})
}

// addUnits puts units into offers that have none.
func (a *arena) addUnits(ctx context.Context, conn *pgx.Conn) error {
	return rebuilt(ctx, conn, []string{"units"}, func() error {
		_, err := conn.Exec(ctx, a.lastPositions()+`;
INSERT INTO units (id, offer_id, position, number, number_hash)
SELECT row_number() OVER (ORDER BY o.id, p), o.id, p,
       '\x00000001' || sha256(int8send(o.id * 100000000 + p)), sha256(int8send(o.id * 100000000 + p))
FROM offers o CROSS JOIN LATERAL generate_series(1, o.last_position) p`)
		return err
	})
}

// lastPositions is the statement that tells offers how many units they have.
func (a *arena) lastPositions() string {
	return fmt.Sprintf("UPDATE offers SET last_position = CASE id WHEN %d THEN %d ELSE %d END", hotOffer, a.hotUnits, a.eachCold)
}

// withPostgres runs fn on a connection of its own.
func withPostgres(ctx context.Context, url string, fn func(context.Context, *pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost
	return fn(ctx, conn)
}

// rebuilt takes the indexes off tables while fill adds many rows to them, and makes them again: that is several times
// as fast, and leaves them as an index that grew with care would be. Foreign keys are not looked at meanwhile.
func rebuilt(ctx context.Context, conn *pgx.Conn, tables []string, fill func() error) error {
	drop, create, err := indexes(ctx, conn, tables)
	if err != nil {
		return err
	}
	if err := execAll(ctx, conn, append(drop, "SET session_replication_role = replica", "SET maintenance_work_mem = '2GB'", "SET max_parallel_maintenance_workers = 0")); err != nil {
		return err
	}
	if err := fill(); err != nil {
		return err
	}
	return execAll(ctx, conn, append(create, "RESET session_replication_role"))
}

// indexes lists the statements that drop the tables' indexes and keys, and those that make them again.
func indexes(ctx context.Context, conn *pgx.Conn, tables []string) (drop, create []string, err error) {
	rows, err := conn.Query(ctx, `
SELECT CASE WHEN c.oid IS NULL THEN 'DROP INDEX ' || i.relname ELSE 'ALTER TABLE ' || t.relname || ' DROP CONSTRAINT ' || c.conname END,
       CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.oid)
            ELSE 'ALTER TABLE ' || t.relname || ' ADD CONSTRAINT ' || c.conname || ' ' || pg_get_constraintdef(c.oid) END
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.conrelid = t.oid AND c.contype IN ('p', 'u')
WHERE t.relname = ANY ($1) AND t.relnamespace = current_schema()::regnamespace ORDER BY i.oid`, tables)
	if err != nil {
		return nil, nil, err
	}
	var one, other string
	_, err = pgx.ForEachRow(rows, []any{&one, &other}, func() error {
		drop, create = append(drop, one), append(create, other)
		return nil
	})
	return drop, create, err
}

func execAll(ctx context.Context, conn *pgx.Conn, statements []string) error {
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%w\n%.200s", err, statement)
		}
	}
	return nil
}
