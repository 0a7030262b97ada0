package bench

import (
	"context"
	"errors"
	"regexp"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// statement is one of the six of a purchase by hand. What it selects is what those after it name with an @.
type statement struct {
	text    string
	selects bool
}

// byHand is a purchase as a careful programmer writes it in an application, with the same locks, questions and rows as the
// function: six statements between BEGIN and COMMIT. The offer is locked before its next unit is looked for, as whoever
// waited for the lock would else find the unit sold.
var byHand = []statement{
	{`SELECT nextval('bench_ids') AS txn, a.id AS account, a.balance, 16 + CAST(random() * 15 AS BIGINT) AS sales,
    CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now,
    CAST(extract(epoch FROM clock_timestamp()) * 1000 + 32400000 AS BIGINT) / 86400000 AS today,
    p.state, p.sandbox, p.daily_limit, p.duplicate_sec, (SELECT SUM(orders) FROM partner_days d WHERE d.partner_id = @buyer
        AND d.day = CAST(extract(epoch FROM clock_timestamp()) * 1000 + 32400000 AS BIGINT) / 86400000) AS today_orders
FROM accounts a JOIN partners p ON p.id = a.owner_id
WHERE a.kind = 'prepaid' AND a.owner_id = @buyer FOR UPDATE OF a`, true},
	{`SELECT o.price_far AS price, o.face, o.last_day, products.name FROM offers o LEFT JOIN products ON products.id = o.product_id
WHERE o.id = @offer FOR UPDATE OF o`, true},
	{`SELECT u.id AS unit FROM units u
WHERE u.offer_id = @offer AND u.position = (SELECT next_position FROM offers WHERE id = @offer) AND NOT EXISTS (SELECT 1 FROM idempotency_answers k
    WHERE k.partner_id = @buyer AND k.key_hash = (SELECT sha256(int8send(currval('bench_ids')))))`, true},
	{`WITH o AS (INSERT INTO orders (id, partner_id, kind, sandbox, amount, fingerprint, at)
    VALUES (@txn, @buyer, 1, 0, @price, @txn, @now)),
    i AS (INSERT INTO order_items VALUES (@buyer, 1, @txn, 1, 0, @offer, @unit, @face, @price)),
    e AS (INSERT INTO entries VALUES (@account, @txn, -CAST(@price AS BIGINT)), (@sales, @txn, @price))
INSERT INTO idempotency_answers VALUES (@buyer, sha256(int8send(@txn)), sha256(int8send(@txn)), @txn,
    '{"result":"0000","message":"bought","tid":"20251123-06C8ZQ4T1N0G2"}', @now)`, false},
	{`INSERT INTO partner_days AS d VALUES (@buyer, @today, 1, 1, 1, @price, @face)
ON CONFLICT (partner_id, day, kind) DO UPDATE SET orders = d.orders + 1, items = d.items + 1,
    spent = d.spent + excluded.spent, face = d.face + excluded.face`, false},
	{`WITH o AS (UPDATE offers SET next_position = next_position + 1, last_partner = @buyer, last_order = @txn WHERE id = @offer)
UPDATE accounts SET balance = balance + CASE WHEN id = @account THEN -CAST(@price AS BIGINT) ELSE @price END
WHERE id IN (@account, @sales)`, false},
}

// positional is a statement with numbers instead of names, as the drivers want it.
type positional struct {
	text    string
	names   []string
	selects bool
}

var named = regexp.MustCompile(`@[a-z]+`)

func (st statement) positional() positional {
	p := positional{selects: st.selects}
	numbers := map[string]string{}
	p.text = named.ReplaceAllStringFunc(st.text, func(name string) string {
		if numbers[name] == "" {
			p.names = append(p.names, name[1:])
			numbers[name] = "$" + strconv.Itoa(len(p.names))
		}
		return numbers[name]
	})
	return p
}

// args are the statement's values.
func (p *positional) args(known map[string]any) []any {
	args := make([]any, len(p.names))
	for i, name := range p.names {
		args[i] = known[name]
	}
	return args
}

// handPostgres makes purchases of the hot offer by partner 1 without a server: each in four round trips: BEGIN, all that locks and reads, all that writes, COMMIT.
type handPostgres struct {
	conn       *pgx.Conn
	statements []positional
}

func newHandPostgres(conn *pgx.Conn) *handPostgres {
	h := &handPostgres{conn: conn}
	for _, st := range byHand {
		h.statements = append(h.statements, st.positional())
	}
	return h
}

func (h *handPostgres) purchase(ctx context.Context) error {
	tx, err := h.conn.Begin(ctx)
	if err != nil {
		return err
	}
	known := map[string]any{"buyer": int64(1), "offer": int64(hotOffer)}
	for _, selects := range []bool{true, false} {
		if err := h.step(ctx, tx, selects, known); err != nil {
			return err // whoever measures ends the connection
		}
	}
	return tx.Commit(ctx)
}

func (h *handPostgres) step(ctx context.Context, tx pgx.Tx, selects bool, known map[string]any) error {
	var batch pgx.Batch
	for i := range h.statements {
		st := &h.statements[i]
		if st.selects != selects {
			continue
		}
		queued := batch.Queue(st.text, st.args(known)...)
		if selects {
			queued.Query(func(rows pgx.Rows) error {
				row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToMap)
				if errors.Is(err, pgx.ErrNoRows) {
					return errSoldOut
				}
				for name, value := range row {
					known[name] = value
				}
				return err
			})
		}
	}
	return tx.SendBatch(ctx, &batch).Close()
}
