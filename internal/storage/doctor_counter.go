package storage

// signOfAct is 1 of a redemption and -1 of what undid one, in a query.
const signOfAct = `(CASE WHEN undoes IS NULL THEN 1 ELSE -1 END)`

// counterChecks are about what happened at shops' counters.
var counterChecks = []check{
	{"every used coupon has the one redemption that stands", `
SELECT 'order ' || order_id || ' line ' || line || ': seller ' || seller || ' at ' || at || ' via ' || via || ', ' || SUM(n) ||
       ' too many' AS detail
FROM (SELECT r.order_id, r.line, r.at, r.seller_id AS seller, r.via, 1 AS n FROM redemptions r
      WHERE r.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM redemptions u WHERE u.undoes = r.id)
      UNION ALL
      SELECT order_id, line, used_at, COALESCE(used_seller, 0), COALESCE(used_via, ''), -1 FROM order_items
      WHERE used_at IS NOT NULL) x
GROUP BY order_id, line, at, seller, via HAVING SUM(n) <> 0`},

	{"every redemption is of its item", `
SELECT 'redemption ' || r.id || ' of order ' || r.order_id || ' line ' || r.line AS detail
FROM redemptions r
LEFT JOIN orders o ON o.id = r.order_id
LEFT JOIN order_items i ON i.partner_id = o.partner_id AND i.kind = o.kind AND i.order_id = o.id AND i.line = r.line
WHERE i.line IS NULL OR i.kind <> 2 OR i.offer_id <> r.offer_id OR i.unit_id <> r.unit_id OR i.face <> r.face OR i.paid <> r.paid
   OR i.test_order <> r.test_order`},

	{"what was undone is a redemption of the same coupon at the same shop", `
SELECT 'redemption ' || u.id || ' undoes ' || u.undoes AS detail
FROM redemptions u LEFT JOIN redemptions r ON r.id = u.undoes
WHERE u.undoes IS NOT NULL
  AND (r.id IS NULL OR r.undoes IS NOT NULL OR r.order_id <> u.order_id OR r.line <> u.line OR r.shop_id <> u.shop_id)`},

	{"every redemption of a paid coupon is booked as one, every undoing as one", `
SELECT 'redemption ' || id || ': ' || SUM(booked) || ' instead of ' || SUM(due) || ' booked as ' || kind AS detail
FROM (SELECT id, CASE WHEN undoes IS NULL THEN 'redemption' ELSE 'undone' END AS kind, paid * ` + signOfAct + ` AS due, 0 AS booked, 1 AS n
      FROM redemptions WHERE test_order = 0 AND paid > 0
      UNION ALL
      SELECT t.id, t.kind, 0, e.amount, -1
      FROM accounts a JOIN entries e ON e.account_id = a.id JOIN ledger_transactions t ON t.id = e.txn_id
      WHERE a.kind = 'payable' AND t.kind <> 'settlement') x
GROUP BY id, kind HAVING SUM(due) <> SUM(booked) OR SUM(n) <> 0`},
}
