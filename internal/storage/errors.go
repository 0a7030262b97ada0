package storage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	sqlitedriver "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"giftimbiz/internal/purchase"
)

// ErrDuplicate says that something with this name, number or reference exists already.
var ErrDuplicate = errors.New("exists already")

// ErrNotFound says that what was to be read or changed does not exist.
var ErrNotFound = errors.New("does not exist")

// classify names what a driver's error means, once, where it enters.
func classify(err error) error {
	var pg *pgconn.PgError
	var lite *sqlitedriver.Error
	var network net.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg):
		return classifyPostgres(err, pg.Code)
	case errors.As(err, &lite):
		return classifySQLite(err, lite.Code())
	case errors.As(err, &network), pgconn.SafeToRetry(err), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, context.Canceled):
		return wrap(purchase.ErrUnavailable, err)
	}
	return err
}

// classifyPostgres sorts by SQLSTATE class.
func classifyPostgres(err error, code string) error {
	switch {
	case code == "23505":
		return wrap(ErrDuplicate, err)
	case strings.HasPrefix(code, "40"):
		return wrap(purchase.ErrConflict, err)
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57"),
		strings.HasPrefix(code, "58"), code == "25006": // connection, resources, shutdown, system; read-only standby
		return wrap(purchase.ErrUnavailable, err)
	}
	return err
}

func classifySQLite(err error, code int) error {
	if code == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || code == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY {
		return wrap(ErrDuplicate, err)
	}
	switch code & 0xff {
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED:
		return wrap(purchase.ErrConflict, err)
	case sqlitelib.SQLITE_FULL, sqlitelib.SQLITE_IOERR, sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_CANTOPEN,
		sqlitelib.SQLITE_NOMEM:
		return wrap(purchase.ErrUnavailable, err)
	}
	return err
}

func wrap(class, err error) error { return fmt.Errorf("%w: %w", class, err) }

// definitelyNotCommitted tells whether a failed COMMIT is known to have changed nothing: the server answered, and with
// something else than its own end. SQLite's failed COMMITs are looked at again, as an unanswered one.
func definitelyNotCommitted(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	return !strings.HasPrefix(pg.Code, "08") && !strings.HasPrefix(pg.Code, "57") && !strings.HasPrefix(pg.Code, "58")
}
