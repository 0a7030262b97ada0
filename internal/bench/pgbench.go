package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/pgtest"
)

// sequence numbers the purchases of both.
const sequence = `CREATE SEQUENCE bench_ids START 1000000000`

// function is a purchase of one voucher as a stored function on the server's own tables: the same locks, the same
// questions, the same rows. It is what a careful programmer would write who commits each purchase by itself.
const function = `
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
    INSERT INTO orders (id, partner_id, kind, sandbox, amount, fingerprint, at)
    VALUES (txn, buyer, 1, 0, off.price_far, txn, now_ms);
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

// functionScript calls the function.
const functionScript = "SELECT bench_buy(:buyer, :offer);\n"

// byHandScript makes the six statements in a transaction, each with a round trip of its own.
func byHandScript() string {
	var b strings.Builder
	b.WriteString("BEGIN;\n")
	for _, st := range byHand {
		b.WriteString(strings.ReplaceAll(st.text, "@", ":"))
		if st.selects {
			b.WriteString(" \\gset\n")
		} else {
			b.WriteString(";\n")
		}
	}
	b.WriteString("COMMIT;\n")
	return b.String()
}

// pgbench makes one kind of purchase. Buyers and offers are ranges of ids from which each purchase picks at random.
type pgbench struct {
	script         string
	buyers, offers [2]int64
	clients        int       // the best number of them; 0 = not known yet
	rates          []float64 // of each round
}

// run makes purchases for a while. The first time it tries several numbers of clients, and keeps the best; in less than
// a second, which is a trial of the bench itself, there is none.
func (p *pgbench) run(ctx context.Context, url string, during time.Duration) error {
	tried := []int{16, 32, 64}
	switch {
	case p.clients != 0:
		tried = []int{p.clients}
	case during < time.Second:
		tried = tried[:1]
	}
	best := 0.0
	for _, clients := range tried {
		rate, err := p.purchases(ctx, url, clients, during)
		if err != nil {
			return err
		}
		if rate > best {
			best, p.clients = rate, clients
		}
	}
	p.rates = append(p.rates, best)
	return nil
}

// trial is the last round as the report shows it.
func (p *pgbench) trial(job string) Trial {
	return Trial{Job: job, Connections: p.clients, Rate: p.rates[len(p.rates)-1]}
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// purchases runs pgbench with so many clients and returns how many purchases a second it made.
func (p *pgbench) purchases(ctx context.Context, url string, clients int, during time.Duration) (float64, error) {
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
	text := fmt.Sprintf("\\set buyer random(%d, %d)\n\\set offer random(%d, %d)\n%s",
		p.buyers[0], p.buyers[1], p.offers[0], p.offers[1], p.script)
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		return 0, err
	}
	seconds := max(1, int(during.Seconds()))
	cmd := exec.CommandContext(ctx, bin, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2",
		"-T", strconv.Itoa(seconds), "-f", script, url)
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
