package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// scanner is a row of either driver.
type scanner interface{ Scan(dest ...any) error }

// session is one write transaction that takes set statements. Statements are queued; flush sends what is queued, in
// order, in one round trip where the engine can, and reports the first fault. After a fault only rollback is allowed.
type session interface {
	// query queues a statement; scan is called for each row while flush runs.
	query(s *setStatement, scan func(scanner) error, input ...any)
	// exec queues a statement that must change exactly want rows; want < 0 = any number.
	exec(s *setStatement, want int, input ...any)
	flush(ctx context.Context) error
	// read flushes, then runs an ordinary query; scan is called for each row. Who holds a session reads by it: one that waited
	// for another connection would wait for ever where all that there are are held by sessions that wait for its locks.
	read(ctx context.Context, scan func(scanner) error, query string, args ...any) error
	commit(ctx context.Context) error
	rollback()
	database() *DB
}

// begin opens a session: on SQLite on the hot connection, on PostgreSQL on one of the pool.
func (db *DB) begin(ctx context.Context, pool *share) (session, error) {
	if pool == nil {
		return db.beginHot(ctx)
	}
	conn, err := pool.acquire(ctx)
	if err != nil {
		return nil, err
	}
	s := &pgSession{db: db, conn: conn}
	s.batch.Queue(db.isolation.begin) // sent with the first flush
	return s, nil
}

// beginHot does not give BEGIN the caller's context: the driver may report its end although the transaction has begun,
// and would leave the connection inside it. Waiting for another process is bounded by the busy timeout.
func (db *DB) beginHot(ctx context.Context) (session, error) {
	release, err := db.lockWriter(ctx)
	if err != nil {
		return nil, err
	}
	s := &sqliteSession{db: db, ctx: context.WithoutCancel(ctx), release: release}
	if err := s.control("BEGIN IMMEDIATE"); err != nil {
		s.rollback()
		return nil, err
	}
	return s, nil
}

// pgSession pipelines: a flush is one round trip, whatever is queued.
type pgSession struct {
	db    *DB
	conn  *pgxpool.Conn
	batch pgx.Batch
}

func (s *pgSession) query(st *setStatement, scan func(scanner) error, input ...any) {
	if columnar(input).rows() == 0 {
		return
	}
	s.batch.Queue(st.sql(postgres, 0), input...).Query(scanning(scan))
}

func (s *pgSession) exec(st *setStatement, want int, input ...any) {
	if columnar(input).rows() == 0 {
		return
	}
	query := s.batch.Queue(st.sql(postgres, 0), input...)
	query.Query(func(rows pgx.Rows) error {
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
		return checkCount(st, int(rows.CommandTag().RowsAffected()), want)
	})
}

func (s *pgSession) flush(ctx context.Context) error {
	if s.batch.Len() == 0 {
		return nil
	}
	err := s.conn.SendBatch(ctx, &s.batch).Close()
	s.batch = pgx.Batch{}
	return err
}

func (s *pgSession) read(ctx context.Context, scan func(scanner) error, query string, args ...any) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	rows, err := s.conn.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return scanning(scan)(rows)
}

func (s *pgSession) commit(ctx context.Context) error {
	if _, err := s.conn.Exec(ctx, "COMMIT"); err != nil {
		s.rollback()
		return err
	}
	s.conn.Release()
	s.db.news.committed()
	return nil
}

func (s *pgSession) database() *DB { return s.db }

// rollback gives the connection back; the pool closes one that is still inside a transaction.
func (s *pgSession) rollback() {
	if s.conn.Conn().PgConn().TxStatus() != 'I' && !s.conn.Conn().IsClosed() {
		ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
		defer cancel()
		_, _ = s.conn.Exec(ctx, "ROLLBACK") // a connection that cannot roll back is closed on release
	}
	s.conn.Release()
}

// sqliteSession runs each statement at once, on a connection that keeps them prepared; the first fault is kept for flush.
type sqliteSession struct {
	db      *DB
	ctx     context.Context // of all statements; it says what they are part of, and never ends
	release func()
	err     error
}

func (s *sqliteSession) query(st *setStatement, scan func(scanner) error, input ...any) {
	s.each(st, input, func(stmt *sql.Stmt, args []any) error {
		rows, err := stmt.QueryContext(s.ctx, args...)
		if err != nil {
			return err
		}
		return scanAll(rows, scan)
	})
}

func (s *sqliteSession) exec(st *setStatement, want int, input ...any) {
	got := 0
	s.each(st, input, func(stmt *sql.Stmt, args []any) error {
		res, err := stmt.ExecContext(s.ctx, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		got += int(n)
		return err
	})
	if s.err == nil && columnar(input).rows() > 0 {
		s.err = checkCount(st, got, want)
	}
}

// each runs the statement over chunks of the input.
func (s *sqliteSession) each(st *setStatement, input columnar, run func(*sql.Stmt, []any) error) {
	var args []any
	from := 0
	for _, size := range chunks(input.rows(), s.db.dialect.maxRows) {
		if s.err != nil {
			return
		}
		stmt, err := s.db.prepared(st.sql(s.db.dialect, size))
		if err != nil {
			s.err = err
			return
		}
		args = input.values(args[:0], from, from+size)
		s.err = run(stmt, args)
		from += size
	}
}

func (s *sqliteSession) flush(context.Context) error { return s.err }

func (s *sqliteSession) read(_ context.Context, scan func(scanner) error, query string, args ...any) error {
	if s.err != nil {
		return s.err
	}
	stmt, err := s.db.prepared(query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(s.ctx, args...)
	if err != nil {
		return err
	}
	return scanAll(rows, scan)
}

// commit is not given the caller's context: the driver would interrupt it halfway. SQLite has rolled back, or still can,
// what it could not commit.
func (s *sqliteSession) commit(context.Context) error {
	if err := s.control("COMMIT"); err != nil {
		s.rollback()
		return err
	}
	s.release()
	s.db.news.committed()
	return nil
}

func (s *sqliteSession) database() *DB { return s.db }

func (s *sqliteSession) rollback() {
	_ = s.control("ROLLBACK") // some faults have rolled back by themselves
	s.release()
}

// control runs a statement that begins or ends the transaction.
func (s *sqliteSession) control(text string) error {
	stmt, err := s.db.prepared(text)
	if err == nil {
		_, err = stmt.ExecContext(s.ctx)
	}
	return err
}

func scanAll(rows *sql.Rows, scan func(scanner) error) error {
	defer func() { _ = rows.Close() }() // Err below reports what matters
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func checkCount(st *setStatement, got, want int) error {
	if want >= 0 && got != want {
		return fmt.Errorf("%w: %d rows where %d had to: %.60s", errCount, got, want, st.text)
	}
	return nil
}

// errCount says that a statement changed more or fewer rows than it had to.
var errCount = errors.New("storage: rows changed")
