package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	sqlitedriver "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
)

// ErrDuplicate says that something with this name, number or reference exists already, ErrNotFound that what was to be read
// or changed does not exist, and ErrChanged that somebody else changed it since it was read.
var (
	ErrDuplicate = office.ErrDuplicate
	ErrNotFound  = office.ErrNotFound
	ErrChanged   = office.ErrChanged
)

// ErrUnanswered says that a transaction was sent to be stored, and that the database never said whether it was.
var ErrUnanswered = office.ErrUnanswered

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

// outcomeUnknown is the SQLSTATE of a COMMIT of which a server of several cannot tell what became. It is of the class of lost races,
// but must not be begun again.
const outcomeUnknown = "40003"

// classifyPostgres sorts by SQLSTATE class.
func classifyPostgres(err error, code string) error {
	switch {
	case code == "23505":
		return wrap(ErrDuplicate, err)
	case code == outcomeUnknown:
		return wrap(purchase.ErrUnavailable, err)
	case strings.HasPrefix(code, "40"), code == "25P03": // the server ended a transaction that stood still
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

// NotAnswering is what WhyUnavailable says when nothing more is known.
const NotAnswering = "the database does not answer"

// WhyUnavailable says, for whoever runs the server, why the database cannot be reached or written; "" when that is not what the
// error says.
func WhyUnavailable(err error) string {
	var pg *pgconn.PgError
	var lite *sqlitedriver.Error
	switch {
	case !errors.Is(classify(err), purchase.ErrUnavailable):
		return ""
	case errors.As(err, &pg):
		return whyPostgres(pg.Code)
	case errors.As(err, &lite):
		return whySQLite(lite.Code())
	}
	return NotAnswering
}

func whyPostgres(code string) string {
	switch code {
	case "53100":
		return "the database's disk is full"
	case tooManyConnections:
		return "the database takes no more connections"
	case "25006":
		return "the database is read-only"
	case "57P03":
		return "the database is starting or stopping"
	}
	return NotAnswering
}

func whySQLite(code int) string {
	switch code & 0xff {
	case sqlitelib.SQLITE_FULL:
		return "the disk is full"
	case sqlitelib.SQLITE_READONLY:
		return "the database is read-only"
	case sqlitelib.SQLITE_CANTOPEN:
		return "the database's files cannot be opened"
	}
	return "the database cannot be read or written"
}

func wrap(class, err error) error { return fmt.Errorf("%w: %w", class, err) }

// undecided tells whether a COMMIT that failed may have stored its transaction all the same: PostgreSQL did not answer, or
// with its own end. SQLite rolls back what it cannot commit, but for what the disk would not promise to keep: that may be there
// after a crash.
func (db *DB) undecided(err error) bool {
	if err == nil || errors.Is(err, sql.ErrTxDone) {
		return false
	}
	if db.pool == nil {
		var lite *sqlitedriver.Error
		if errors.As(err, &lite) {
			return lite.Code() == sqlitelib.SQLITE_IOERR_FSYNC
		}
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return true
	}
	return pg.Code == outcomeUnknown || strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57") || strings.HasPrefix(pg.Code, "58")
}
