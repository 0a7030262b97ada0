package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/pgtest"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// server starts a PostgreSQL of the test's own.
func server(t *testing.T, settings ...string) *pgtest.Cluster {
	t.Helper()
	c, err := pgtest.Start(append(settings, "fsync=off")...)
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() }) // its folder is temporary
	return c
}

func run(t *testing.T, raw *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := raw.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// awaitRow asks until the answer is above 0.
func awaitRow(t *testing.T, raw *sql.DB, what, query string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for n := 0; n == 0; {
		if err := raw.QueryRowContext(ctx, query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

const standbyWaits = `SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`

// standbyLeaves has the server wait with every COMMIT for a standby that is not there, until the function it returns is
// called.
func standbyLeaves(t *testing.T, raw *sql.DB) (comesBack func()) {
	t.Helper()
	run(t, raw, `ALTER SYSTEM SET synchronous_standby_names = 'nobody'`, `SELECT pg_reload_conf()`)
	waits, over := make(chan error, 1), make(chan struct{})
	go func() {
		for n := 0; ; n++ { // the setting holds some time after it was made
			_, err := raw.ExecContext(t.Context(), fmt.Sprintf(`CREATE TABLE waits_%d ()`, n))
			select {
			case <-over:
				waits <- err
				return
			default:
			}
			if err != nil {
				waits <- err
				return
			}
		}
	}()
	awaitRow(t, raw, "the server waits for its standby", standbyWaits)
	return func() {
		t.Helper()
		close(over)
		run(t, raw, `ALTER SYSTEM RESET synchronous_standby_names`, `SELECT pg_reload_conf()`)
		if err := <-waits; err != nil {
			t.Error(err)
		}
	}
}

// TestWhatNoStandbyHasIsNotShown gives up waiting for a COMMIT that waits for a standby. Nobody may see what a failover
// would lose, so the driver must not have the server cancel the waiting.
func TestWhatNoStandbyHasIsNotShown(t *testing.T) {
	c := server(t)
	dsn := c.URL("postgres")
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Partner(gift.Partner{Name: "demo"}, 1000)
	raw := rawDB(t, "pgx", dsn)
	comesBack := standbyLeaves(t, raw)

	deposit := func() (giveUp func() error) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := h.DB.Deposit(ctx, "demo", 5, "", "", h.Clock.Now())
			done <- err
		}()
		return func() error {
			cancel()
			return <-done
		}
	}
	giveUp := deposit()
	awaitRow(t, raw, "its COMMIT waits", standbyWaits+` AND query = 'commit'`)
	if err := giveUp(); !errors.Is(err, storage.ErrUnanswered) {
		t.Errorf("a deposit that no standby has was answered %v", err)
	}
	giveUp = deposit() // a cancelled COMMIT would let it go on to its own
	awaitRow(t, raw, "another waits for it", `SELECT COUNT(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' OR (SELECT SUM(balance) FROM accounts WHERE kind = 'prepaid') > 1000`)
	if err := giveUp(); !errors.Is(err, purchase.ErrUnavailable) {
		t.Errorf("another one was answered %v", err)
	}
	var won int
	err := raw.QueryRowContext(t.Context(), `SELECT SUM(balance) FROM accounts WHERE kind = 'prepaid'`).Scan(&won)
	if err != nil || won != 1000 {
		t.Errorf("%d won are shown, of which no standby has more than 1000; %v", won, err)
	}
	comesBack()
	awaitRow(t, raw, "the deposit is stored when it is safe",
		`SELECT COUNT(*) FROM accounts WHERE kind = 'prepaid' AND balance >= 1005`)
}

// TestAConnectionToAReadOnlyServerIsNotKept: the server was demoted, and another takes writes under the same address.
func TestAConnectionToAReadOnlyServerIsNotKept(t *testing.T) {
	dsn := postgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(1, 5)
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	raw := rawDB(t, "pgx", dsn)
	raw.SetMaxOpenConns(1) // one from before
	var name string
	if err := raw.QueryRowContext(t.Context(), `SELECT current_database()`).Scan(&name); err != nil {
		t.Fatal(err)
	}
	const others = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND backend_type = 'client backend'`
	run(t, raw, `ALTER DATABASE `+name+` SET default_transaction_read_only = on`, `SELECT pg_terminate_backend(pid) `+others)
	awaitRow(t, raw, "its connections are gone", `SELECT CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END `+others)

	deposit := func() error {
		_, err := h.DB.Deposit(t.Context(), "demo", 5, "", "", h.Clock.Now())
		return err
	}
	for range 3 {
		if err := deposit(); !errors.Is(err, purchase.ErrUnavailable) || errors.Is(err, storage.ErrUnanswered) {
			t.Errorf("a deposit on a read-only server is refused as %v", err)
		}
	}
	run(t, raw, `ALTER DATABASE `+name+` RESET default_transaction_read_only`)
	if err := deposit(); err != nil {
		t.Errorf("the connection is still to the read-only server: %v", err)
	}
	if out := h.Buy(p, "", 1); out.Refusal != nil {
		t.Error(out.Refusal)
	}
}

// TestOfSeveralServersTheOneThatTakesWritesIsUsed: the first is read-only, as a standby is, and one does not answer at all.
func TestOfSeveralServersTheOneThatTakesWritesIsUsed(t *testing.T) {
	standby, primary := server(t, "default_transaction_read_only=on"), server(t)
	gone, err := net.Listen("tcp", "127.0.0.1:0") // never accepts
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = gone.Close() }() // nothing was written
	dsn := fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable",
		gone.Addr().(*net.TCPAddr).Port, standby.Port, primary.Port)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAnAnswerThatIsToldAgainIsAsSafeAsTheFirst: the server started again after a crash shows what it had not told,
// though its standbys may not have it.
func TestAnAnswerThatIsToldAgainIsAsSafeAsTheFirst(t *testing.T) {
	c := server(t)
	dsn := c.URL("postgres")
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(1, 5)
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	first := h.Buy(p, "key", 1)
	raw := rawDB(t, "pgx", dsn)
	comesBack := standbyLeaves(t, raw)
	told := make(chan purchase.Outcome, 1)
	go func() { told <- h.Buy(p, "key", 1) }()
	awaitRow(t, raw, "the repeated answer waits too", standbyWaits+` AND query = 'COMMIT'`)
	select {
	case out := <-told:
		t.Errorf("it was told %+v before a standby had it", out)
	default:
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
	defer cancel()
	if found, err := h.DB.Committed(ctx, []int64{p}, []gift.ID{first.OrderID}); err == nil {
		t.Errorf("%v was read back before a standby had it", found)
	}
	comesBack()
	if out := <-told; out.OrderID != first.OrderID {
		t.Errorf("first %d, then %+v", first.OrderID, out)
	}
}
