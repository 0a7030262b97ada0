package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"giftimbiz/internal/pgtest"
)

// function is a purchase of one voucher as a stored function on the server's own tables: the same locks, the same
// questions, the same rows. It is what a careful programmer would write who commits each purchase by itself.
const function = `
CREATE SEQUENCE bench_ids START 1000000000;
CREATE FUNCTION bench_buy(buyer BIGINT, wanted BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    txn BIGINT := nextval('bench_ids');
    key BYTEA := sha256(int8send(txn));
    acc accounts%ROWTYPE;
    off RECORD;
    unit BIGINT;
    who RECORD;
    sales BIGINT := 16 + (random() * 15)::BIGINT;
    now_ms BIGINT := (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT;
    today BIGINT := (now_ms + 32400000) / 86400000;
BEGIN
    SELECT * INTO acc FROM accounts WHERE kind = 'prepaid' AND owner_id = buyer FOR UPDATE;
    SELECT offers.*, products.name INTO off FROM offers LEFT JOIN products ON products.id = offers.product_id
        WHERE offers.id = wanted FOR UPDATE OF offers;
    SELECT state, sandbox, daily_limit, duplicate_sec,
        (SELECT SUM(orders) FROM partner_days d WHERE d.partner_id = buyer AND d.day = today) INTO who
        FROM partners WHERE partners.id = buyer;
    SELECT units.id INTO unit FROM units WHERE offer_id = wanted AND position = off.next_position;
    PERFORM 1 FROM idempotency_answers a WHERE a.partner_id = buyer AND a.key_hash = key;
    IF FOUND OR who.state <> 1 OR unit IS NULL OR off.last_day < today OR acc.balance < off.price_far THEN
        RAISE EXCEPTION 'refused';
    END IF;
    INSERT INTO orders VALUES (txn, buyer, 1, 0, off.price_far, txn, now_ms);
    INSERT INTO order_items VALUES (buyer, 1, txn, 1, 0, wanted, unit, off.face, off.price_far);
    INSERT INTO entries VALUES (acc.id, txn, -off.price_far), (sales, txn, off.price_far);
    INSERT INTO idempotency_answers VALUES (buyer, key, key, txn,
        '{"result":"0000","message":"bought","tid":"20251123-06C8ZQ4T1N0G2"}', now_ms);
    INSERT INTO partner_days AS d VALUES (buyer, today, 1, 1, 1, off.price_far, off.face)
        ON CONFLICT (partner_id, day, kind) DO UPDATE SET orders = d.orders + 1, items = d.items + 1,
            spent = d.spent + excluded.spent, face = d.face + excluded.face;
    UPDATE offers SET next_position = next_position + 1, last_partner = buyer, last_order = txn WHERE offers.id = wanted;
    UPDATE accounts SET balance = balance - off.price_far WHERE accounts.id = acc.id;
    UPDATE accounts SET balance = balance + off.price_far WHERE accounts.id = sales;
    RETURN txn;
END $$;`

// createFunction adds the stored function to a database.
func createFunction(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost
	_, err = conn.Exec(ctx, function)
	return err
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// runPgbench makes purchases with pgbench and returns how many a second. buyers and offers are ranges of ids from which
// each purchase picks one at random.
func runPgbench(ctx context.Context, cluster *pgtest.Cluster, database string, clients int, during time.Duration,
	buyers, offers [2]int64,
) (float64, error) {
	bin, err := pgtest.Bin("pgbench")
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "giftimbiz-pgbench-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	script := filepath.Join(dir, "buy.sql")
	text := fmt.Sprintf("\\set buyer random(%d, %d)\n\\set offer random(%d, %d)\nSELECT bench_buy(:buyer, :offer);\n",
		buyers[0], buyers[1], offers[0], offers[1])
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		return 0, err
	}
	seconds := max(1, int(during.Seconds()))
	cmd := exec.CommandContext(ctx, bin, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2",
		"-T", strconv.Itoa(seconds), "-f", script, cluster.URL(database))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	match := tps.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("pgbench printed no tps:\n%s", out)
	}
	return strconv.ParseFloat(string(match[1]), 64)
}
