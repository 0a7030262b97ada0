package bench

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	_ "modernc.org/sqlite" // the server's driver
)

// repeat does something again and again for a while, and tells how often and how long each took.
func repeat(during time.Duration, do func() error) (r result, err error) {
	began := time.Now()
	for last := began; last.Sub(began) < during; {
		if err := do(); err != nil {
			return r, err
		}
		now := time.Now()
		r.latencies = append(r.latencies, now.Sub(last))
		last = now
	}
	r.took, r.requests = time.Since(began), len(r.latencies)
	slices.Sort(r.latencies)
	return r, nil
}

// sqliteLoop is one connection to a SQLite database, set up as the server's is.
type sqliteLoop struct {
	db            *sql.DB
	conn          *sql.Conn
	begin, commit *sql.Stmt
}

func openSQLiteLoop(ctx context.Context, path string) (*sqliteLoop, error) {
	file := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
	db, err := sql.Open("sqlite", file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"+
		"&_pragma=journal_size_limit(67108864)&_pragma=cache_size(-65536)&_pragma=temp_store(MEMORY)")
	if err != nil {
		return nil, err
	}
	l := &sqliteLoop{db: db}
	if l.conn, err = db.Conn(ctx); err == nil {
		l.begin, err = l.conn.PrepareContext(ctx, "BEGIN IMMEDIATE")
	}
	if err == nil {
		l.commit, err = l.conn.PrepareContext(ctx, "COMMIT")
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// close ends the connection and its statements.
func (l *sqliteLoop) close() {
	if l.conn != nil {
		_ = l.conn.Close() // a temporary database
	}
	_ = l.db.Close() // likewise
}

// transaction does something so many times in one transaction.
func (l *sqliteLoop) transaction(times int, do func() error) error {
	if _, err := l.begin.Exec(); err != nil {
		return err
	}
	for range times {
		if err := do(); err != nil {
			return err // whoever measures ends the connection
		}
	}
	_, err := l.commit.Exec()
	return err
}

// rowLoop inserts rows like those of orders into a database of one table.
type rowLoop struct {
	*sqliteLoop
	insert *sql.Stmt
	id     int64
}

func newRowLoop(ctx context.Context, path string) (*rowLoop, error) {
	l, err := openSQLiteLoop(ctx, path)
	if err != nil {
		return nil, err
	}
	_, err = l.conn.ExecContext(ctx, `CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, partner_id BIGINT NOT NULL,
kind SMALLINT NOT NULL, sandbox SMALLINT NOT NULL, amount BIGINT NOT NULL, fingerprint BIGINT NOT NULL, at BIGINT NOT NULL)`)
	r := &rowLoop{sqliteLoop: l}
	if err == nil {
		r.insert, err = l.conn.PrepareContext(ctx, `INSERT INTO orders VALUES ($1, 1, 1, 0, 1500, $1, $2)`)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return r, nil
}

// row inserts one row: in the transaction that is open, or else in one of its own.
func (r *rowLoop) row() error {
	r.id++
	_, err := r.insert.Exec(r.id, time.Now().UnixMilli())
	return err
}

// byHandSQLite is the purchase for SQLite, where one writer has the database to itself and needs no locks.
var byHandSQLite = []statement{
	{`SELECT a.id AS account, a.balance, p.state, p.sandbox, p.daily_limit, p.duplicate_sec,
    (SELECT SUM(orders) FROM partner_days d WHERE d.partner_id = @buyer AND d.day = @today) AS orders
FROM accounts a JOIN partners p ON p.id = a.owner_id WHERE a.kind = 'prepaid' AND a.owner_id = @buyer`, true},
	{`SELECT o.price_far AS price, o.face, o.last_day, products.name, u.id AS unit FROM offers o
JOIN units u ON u.offer_id = o.id AND u.position = o.next_position LEFT JOIN products ON products.id = o.product_id
WHERE o.id = @offer`, true},
	{`SELECT COUNT(*) AS known FROM idempotency_answers WHERE partner_id = @buyer AND key_hash = @key`, true},
	{`INSERT INTO orders (id, partner_id, kind, sandbox, amount, fingerprint, at)
    VALUES (@txn, @buyer, 1, 0, @price, @txn, @now)`, false},
	{`INSERT INTO order_items (partner_id, kind, order_id, line, test_order, offer_id, unit_id, face, paid)
VALUES (@buyer, 1, @txn, 1, 0, @offer, @unit, @face, @price)`, false},
	{`INSERT INTO entries VALUES (@account, @txn, -@price), (16, @txn, @price)`, false},
	{`INSERT INTO idempotency_answers VALUES (@buyer, @key, @key, @txn,
    CAST('{"result":"0000","message":"bought","tid":"20251123-06C8ZQ4T1N0G2"}' AS BLOB), @now)`, false},
	{`INSERT INTO partner_days AS d VALUES (@buyer, @today, 1, 1, 1, @price, @face)
ON CONFLICT (partner_id, day, kind) DO UPDATE SET orders = d.orders + 1, items = d.items + 1,
    spent = d.spent + excluded.spent, face = d.face + excluded.face`, false},
	{`UPDATE offers SET next_position = next_position + 1, last_partner = @buyer, last_order = @txn WHERE id = @offer`, false},
	{`UPDATE accounts SET balance = balance + CASE WHEN id = @account THEN -@price ELSE @price END
WHERE id IN (@account, 16)`, false},
}

// handSQLite makes purchases of the hot offer by partner 1 without a server, with statements prepared once.
type handSQLite struct {
	*sqliteLoop
	statements []positional
	prepared   []*sql.Stmt
	txn        int64
}

func newHandSQLite(ctx context.Context, path string) (*handSQLite, error) {
	loop, err := openSQLiteLoop(ctx, path)
	if err != nil {
		return nil, err
	}
	h := &handSQLite{sqliteLoop: loop, txn: 1_000_000_000}
	for _, st := range byHandSQLite {
		p := st.positional()
		prepared, err := loop.conn.PrepareContext(ctx, p.text)
		if err != nil {
			loop.close()
			return nil, fmt.Errorf("%w\n%s", err, p.text)
		}
		h.statements, h.prepared = append(h.statements, p), append(h.prepared, prepared)
	}
	return h, nil
}

// row makes one purchase in the transaction that is open.
func (h *handSQLite) row() error {
	h.txn++
	key := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(h.txn)))
	now := time.Now().UnixMilli()
	known := map[string]any{
		"buyer": int64(1), "offer": int64(hotOffer), "txn": h.txn, "key": key[:], "now": now,
		"today": (now + 32_400_000) / 86_400_000,
	}
	for i := range h.statements {
		st, args := h.prepared[i], h.statements[i].args(known)
		var err error
		if h.statements[i].selects {
			err = selectOne(st, args, known)
		} else {
			_, err = st.Exec(args...)
		}
		if err != nil {
			return fmt.Errorf("%w\n%s", err, h.statements[i].text)
		}
	}
	return nil
}

// selectOne adds the columns of a query's row to what is known.
func selectOne(st *sql.Stmt, args []any, known map[string]any) error {
	rows, err := st.Query(args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err below reports what matters
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	if !rows.Next() {
		return errors.Join(rows.Err(), errSoldOut)
	}
	into := make([]any, len(columns))
	for i := range into {
		into[i] = new(any)
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	for i, name := range columns {
		known[name] = *into[i].(*any)
	}
	return rows.Err()
}
