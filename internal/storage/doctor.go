package storage

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// faultsShown is how many faults of one check are described; the others are counted.
const faultsShown = 20

// Fault is something that must never be: a check that did not hold, and what for.
type Fault struct {
	Check  string
	Detail string
}

// check says in its name what must hold and finds, in its query's only column, the descriptions of what does not.
type check struct{ name, query string }

var checks = []check{
	{"every transaction balances", `
SELECT 'transaction ' || txn_id || ' adds up to ' || SUM(amount) AS detail
FROM entries GROUP BY txn_id HAVING SUM(amount) <> 0`},

	{"every transaction has entries", `
SELECT 'transaction ' || id || ' has none' AS detail
FROM (SELECT id FROM ledger_transactions EXCEPT SELECT txn_id FROM entries) x`},

	{"every entry has a transaction", `
SELECT 'there is no transaction or order ' || txn_id AS detail
FROM (SELECT txn_id FROM entries EXCEPT SELECT id FROM orders EXCEPT SELECT id FROM ledger_transactions) x`},

	{"no order is a ledger transaction too", `
SELECT 'number ' || id || ' is used twice' AS detail
FROM (SELECT id FROM orders INTERSECT SELECT id FROM ledger_transactions) x`},

	// Account 0 stands for the sales accounts: one of them is credited.
	{"every live order is booked from its partner to sales, no other is", `
SELECT 'order ' || txn || ': ' || SUM(booked) || ' instead of ' || SUM(due) || ' booked on ' ||
       CASE WHEN account = 0 THEN 'sales' ELSE 'account ' || account END AS detail
FROM (SELECT r.id AS txn, a.id AS account, -r.amount AS due, 0 AS booked, 1 AS n
      FROM orders r JOIN accounts a ON a.kind = 'prepaid' AND a.owner_id = r.partner_id
      WHERE r.sandbox = 0 AND r.amount > 0
      UNION ALL
      SELECT id, 0, amount, 0, 1 FROM orders WHERE sandbox = 0 AND amount > 0
      UNION ALL
      SELECT e.txn_id, CASE WHEN a.kind = 'sales' THEN 0 ELSE e.account_id END, 0, e.amount, -1
      FROM entries e JOIN orders r ON r.id = e.txn_id LEFT JOIN accounts a ON a.id = e.account_id) x
GROUP BY txn, account HAVING SUM(due) <> SUM(booked) OR SUM(n) <> 0`},

	{"every balance equals its entries", `
SELECT 'account ' || account || ' shows ' || SUM(shown) || ', its entries add up to ' || SUM(booked) AS detail
FROM (SELECT id AS account, balance AS shown, 0 AS booked FROM accounts
      UNION ALL SELECT account_id, 0, amount FROM entries) x
GROUP BY account HAVING SUM(shown) <> SUM(booked)`},

	{"no prepaid balance is below zero", `
SELECT 'partner ' || owner_id || ' has ' || balance AS detail FROM accounts WHERE kind = 'prepaid' AND balance < 0`},

	{"every partner has an account", `
SELECT 'partner ' || id || ' has none' AS detail
FROM (SELECT id FROM partners EXCEPT SELECT owner_id FROM accounts WHERE kind = 'prepaid') x`},

	// A deposit is the only transaction between test money and a sandbox partner, and nothing else touches either.
	{"test money stays apart", `
SELECT 'transaction ' || txn_id || ' is not between test funds and a sandbox partner' AS detail
FROM (SELECT e.txn_id, CASE WHEN a.kind = 'test_funds' OR p.sandbox = 1 THEN 1 ELSE 0 END AS test
      FROM entries e JOIN accounts a ON a.id = e.account_id
      LEFT JOIN partners p ON a.kind = 'prepaid' AND p.id = a.owner_id) x
LEFT JOIN ledger_transactions t ON t.id = x.txn_id
GROUP BY txn_id HAVING MIN(test) <> MAX(test) OR (MAX(test) = 1 AND COALESCE(MAX(t.kind), '') <> 'deposit')`},

	{"no unit is in two live orders", `
SELECT 'unit ' || i.unit_id || ' is in ' || COUNT(*) AS detail
FROM order_items i JOIN orders r ON r.id = i.order_id WHERE r.sandbox = 0
GROUP BY i.unit_id HAVING COUNT(*) > 1`},

	{"every unit in an order is its offer's", `
SELECT 'order ' || i.order_id || ' line ' || i.line || ': unit ' || u.id || ' is of offer ' || u.offer_id ||
       ', not ' || i.offer_id AS detail
FROM order_items i JOIN units u ON u.id = i.unit_id WHERE u.offer_id <> i.offer_id`},

	{"every unit in a live order counts as sold", `
SELECT 'unit ' || u.id || ' stands at ' || u.position || ' of offer ' || o.id || ', sold are those before ' ||
       o.next_position AS detail
FROM order_items i JOIN units u ON u.id = i.unit_id JOIN offers o ON o.id = u.offer_id
WHERE i.test_order = 0 AND u.position >= o.next_position`},

	{"every offer sold what its live orders have", `
SELECT 'offer ' || offer_id || ' counts ' || SUM(counted) || ' sold units, live orders have ' || SUM(sold) AS detail
FROM (SELECT id AS offer_id, next_position - 1 AS counted, 0 AS sold FROM offers
      UNION ALL SELECT offer_id, 0, 1 FROM order_items WHERE test_order = 0) x
GROUP BY offer_id HAVING SUM(counted) <> SUM(sold)`},

	{"every offer's units stand at 1 to its last position", `
SELECT 'offer ' || o.id || ' has ' || COALESCE(u.n, 0) || ' units from ' || COALESCE(u.low, 0) || ' to ' ||
       COALESCE(u.high, 0) || ', its last position is ' || o.last_position AS detail
FROM offers o
LEFT JOIN (SELECT offer_id, COUNT(*) AS n, COUNT(DISTINCT position) AS places, MIN(position) AS low, MAX(position) AS high
           FROM units GROUP BY offer_id) u ON u.offer_id = o.id
WHERE COALESCE(u.n, 0) <> o.last_position OR COALESCE(u.places, 0) <> o.last_position
   OR (u.n > 0 AND (u.low <> 1 OR u.high <> o.last_position))`},

	{"every order costs what its items cost", `
SELECT 'order ' || id || ' is ' || SUM(amount) || ', its items are ' || SUM(paid) AS detail
FROM (SELECT id, amount, 0 AS paid FROM orders UNION ALL SELECT order_id, 0, paid FROM order_items) x
GROUP BY id HAVING SUM(amount) <> SUM(paid)`},

	{"every order has lines 1, 2, …", `
SELECT 'order ' || id || ' has ' || n || ' from ' || low || ' to ' || high AS detail
FROM (SELECT order_id AS id, COUNT(*) AS n, COUNT(DISTINCT line) AS lines, MIN(line) AS low, MAX(line) AS high
      FROM order_items GROUP BY order_id) x
WHERE lines <> n OR low <> 1 OR high <> n
UNION ALL
SELECT 'order ' || id || ' has none' FROM (SELECT id FROM orders EXCEPT SELECT order_id FROM order_items) y`},

	{"every item agrees with its order and its offer", `
SELECT 'order ' || r.id || ' line ' || i.line AS detail
FROM order_items i JOIN orders r ON r.id = i.order_id LEFT JOIN offers o ON o.id = i.offer_id
WHERE i.partner_id <> r.partner_id OR i.kind <> r.kind OR i.test_order <> r.sandbox * r.id OR o.kind <> i.kind`},

	{"every order is as its partner, live or sandbox", `
SELECT 'order ' || r.id AS detail FROM orders r JOIN partners p ON p.id = r.partner_id WHERE r.sandbox <> p.sandbox`},

	{"every partner's days equal its orders", `
SELECT 'partner ' || partner_id || ' day ' || day || ' kind ' || kind || ': ' || SUM(orders) || ' orders, ' ||
       SUM(items) || ' items, ' || SUM(spent) || ' spent and ' || SUM(face) || ' face value too many' AS detail
FROM (SELECT partner_id, day, kind, orders, items, spent, face FROM partner_days
      UNION ALL
      SELECT partner_id, (at + 32400000) / 86400000, kind, -1, 0, -amount, 0 FROM orders
      UNION ALL
      SELECT r.partner_id, (r.at + 32400000) / 86400000, r.kind, 0, -1, 0, -i.face
      FROM order_items i JOIN orders r ON r.id = i.order_id) x
GROUP BY partner_id, day, kind HAVING SUM(orders) <> 0 OR SUM(items) <> 0 OR SUM(spent) <> 0 OR SUM(face) <> 0`},

	{"once-per-partner offers are sold once per partner", `
SELECT 'partner ' || partner_id || ', offer ' || offer_id || ': ' || SUM(items) || ' bought, ' || SUM(claims) ||
       ' claimed' AS detail
FROM (SELECT partner_id, offer_id, 0 AS items, 1 AS claims FROM once_claims
      UNION ALL
      SELECT i.partner_id, i.offer_id, 1, 0
      FROM order_items i JOIN offers o ON o.id = i.offer_id WHERE o.once_per = 1) x
GROUP BY partner_id, offer_id HAVING SUM(items) <> SUM(claims) OR SUM(items) > 1`},

	{"every used coupon was used by a seller of its shop", `
SELECT 'order ' || i.order_id || ' line ' || i.line || ': seller ' || COALESCE(i.used_seller, 0) || ' is not of shop ' ||
       COALESCE(c.shop_id, 0) AS detail
FROM order_items i JOIN offers o ON o.id = i.offer_id
LEFT JOIN campaigns c ON c.id = o.campaign_id LEFT JOIN sellers s ON s.id = i.used_seller
WHERE (i.used_at IS NOT NULL OR i.used_seller IS NOT NULL)
  AND (i.used_at IS NULL OR s.id IS NULL OR c.id IS NULL OR s.shop_id <> c.shop_id)`},

	{"every paid coupon that was used is owed to its shop once", `
SELECT 'order ' || order_id || ', shop ' || shop_id || ': ' || SUM(booked) || ' instead of ' || SUM(due) ||
       ' booked' AS detail
FROM (SELECT i.order_id, c.shop_id, i.paid AS due, 0 AS booked, 1 AS n
      FROM order_items i JOIN offers o ON o.id = i.offer_id JOIN campaigns c ON c.id = o.campaign_id
      WHERE i.used_at IS NOT NULL AND i.test_order = 0 AND i.paid > 0
      UNION ALL
      SELECT COALESCE(t.order_id, 0), a.owner_id, 0, e.amount, -1
      FROM accounts a JOIN entries e ON e.account_id = a.id JOIN ledger_transactions t ON t.id = e.txn_id
      WHERE a.kind = 'payable' AND t.kind = 'redemption') x
GROUP BY order_id, shop_id HAVING SUM(due) <> SUM(booked) OR SUM(n) <> 0`},

	{"every answer kept under a key is of its partner's order", `
SELECT 'partner ' || a.partner_id || ' has an answer of order ' || r.id AS detail
FROM idempotency_answers a JOIN orders r ON r.id = a.order_id WHERE r.partner_id <> a.partner_id`},
}

// references are all columns that name a row of another table by its id, declared as foreign keys or not. 0 and NULL
// name nothing.
var references = []struct{ table, column, parent, where string }{
	{"partner_keys", "partner_id", "partners", ""},
	{"accounts", "owner_id", "partners", "kind = 'prepaid'"},
	{"accounts", "owner_id", "shops", "kind = 'payable'"},
	{"entries", "account_id", "accounts", ""},
	{"ledger_transactions", "order_id", "orders", ""},
	{"brands", "category_id", "categories", ""},
	{"products", "brand_id", "brands", ""},
	{"shops", "category_id", "categories", ""},
	{"sellers", "shop_id", "shops", ""},
	{"seller_attempts", "seller_id", "sellers", ""},
	{"campaigns", "shop_id", "shops", ""},
	{"offers", "product_id", "products", ""},
	{"offers", "campaign_id", "campaigns", ""},
	{"offers", "last_partner", "partners", ""},
	{"offers", "last_order", "orders", ""},
	{"units", "offer_id", "offers", ""},
	{"orders", "partner_id", "partners", ""},
	{"order_items", "order_id", "orders", ""},
	{"order_items", "offer_id", "offers", ""},
	{"order_items", "unit_id", "units", ""},
	{"order_items", "used_seller", "sellers", ""},
	{"once_claims", "partner_id", "partners", ""},
	{"once_claims", "offer_id", "offers", ""},
	{"partner_days", "partner_id", "partners", ""},
	{"idempotency_answers", "partner_id", "partners", ""},
	{"idempotency_answers", "order_id", "orders", ""},
	{"item_sales", "item_id", "products", "kind = 1"},
	{"item_sales", "item_id", "campaigns", "kind = 2"},
}

// referenceChecks makes a check of each reference, under one name.
func referenceChecks() []check {
	made := make([]check, len(references))
	for i, r := range references {
		where := r.column + " <> 0"
		if r.where != "" {
			where += " AND " + r.where
		}
		made[i] = check{"every reference names a row", fmt.Sprintf(`
SELECT '%s.%s ' || id || ' is not in %s' AS detail
FROM (SELECT %s AS id FROM %s WHERE %s EXCEPT SELECT id FROM %s) x`,
			r.table, r.column, r.parent, r.column, r.table, where, r.parent)}
	}
	return made
}

// Doctor proves that money, stock and references add up, and names what does not. It works on a live database: all checks
// see the same state. It only reads.
func (db *DB) Doctor(ctx context.Context) (faults []Fault, err error) {
	err = db.wholeSnapshot(ctx, func(tx *sql.Tx) error {
		for _, c := range slices.Concat(checks, referenceChecks()) {
			found, err := c.run(ctx, tx)
			if err != nil {
				return fmt.Errorf("check that %s: %w", c.name, err)
			}
			faults = append(faults, found...)
		}
		return nil
	})
	return faults, err
}

func (c check) run(ctx context.Context, tx *sql.Tx) ([]Fault, error) {
	rows, err := tx.QueryContext(ctx, fmt.Sprintf(`SELECT detail, COUNT(*) OVER () FROM (%s) faults LIMIT %d`,
		c.query, faultsShown))
	if err != nil {
		return nil, err
	}
	var faults []Fault
	total := 0
	err = scanAll(rows, func(row scanner) error {
		f := Fault{Check: c.name}
		err := row.Scan(&f.Detail, &total)
		faults = append(faults, f)
		return err
	})
	if more := total - len(faults); more > 0 {
		faults = append(faults, Fault{c.name, fmt.Sprintf("and %d more", more)})
	}
	return faults, err
}
