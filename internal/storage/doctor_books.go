package storage

import (
	"fmt"

	"giftimbiz/internal/gift"
)

// dayOfID is the day of a transaction by its number, in a query.
var dayOfID = fmt.Sprintf("(txn_id / %d + %d) / 86400000", idsPerMs, gift.ID(0).Time().UnixMilli()+32_400_000)

// bookChecks are about what is derived from the ledger and the orders so that it can be asked for.
var bookChecks = []check{
	{"every closing balance equals the entries before it", `
SELECT 'account ' || account || ' day ' || day || ': ' || SUM(closed) || ' closed, ' || SUM(booked) || ' booked' AS detail
FROM (SELECT account_id AS account, day, balance - LAG(balance, 1, 0) OVER (PARTITION BY account_id ORDER BY day) AS closed,
             0 AS booked FROM account_days
      UNION ALL
      SELECT account_id, ` + dayOfID + `, 0, amount FROM entries
      WHERE ` + dayOfID + ` < (SELECT MAX(next_day) FROM account_days_cursor)) x
GROUP BY account, day HAVING SUM(closed) <> SUM(booked)`},

	{"no day is closed that is after the closed ones", `
SELECT 'account ' || account_id || ' day ' || day AS detail FROM account_days
WHERE day >= (SELECT MAX(next_day) FROM account_days_cursor)`},

	{"every transaction is found by the accounts that it moved", `
SELECT 'transaction ' || txn || ', account ' || account || ', as a ' || kind AS detail
FROM (SELECT e.txn_id AS txn, e.account_id AS account, t.kind, 1 AS n
      FROM entries e JOIN ledger_transactions t ON t.id = e.txn_id
      UNION ALL SELECT txn_id, account_id, kind, -1 FROM moved_accounts) x
GROUP BY txn, account, kind HAVING SUM(n) <> 0`},

	{"every shop's days equal what was redeemed there", `
SELECT 'shop ' || shop || ' day ' || day || ': ' || SUM(coupons) || ' coupons, ' || SUM(face) || ' face value and ' ||
       SUM(paid) || ' paid too many' AS detail
FROM (SELECT shop_id AS shop, day, coupons, face, paid FROM shop_days
      UNION ALL
      SELECT shop_id, day, -` + signOfAct + `, -face * ` + signOfAct + `, -paid * ` + signOfAct + `
      FROM redemptions WHERE test_order = 0) x
GROUP BY shop, day HAVING SUM(coupons) <> 0 OR SUM(face) <> 0 OR SUM(paid) <> 0`},

	{"every settlement is of what was redeemed in its period", `
SELECT 'shop ' || s.shop_id || ' from day ' || s.first_day || ': ' || s.paid || ' settled, ' || COALESCE(SUM(d.paid), 0) ||
       ' redeemed' AS detail
FROM settlements s LEFT JOIN shop_days d ON d.shop_id = s.shop_id AND d.day BETWEEN s.first_day AND s.last_day
GROUP BY s.shop_id, s.first_day, s.paid, s.coupons, s.face
HAVING s.paid <> COALESCE(SUM(d.paid), 0) OR s.coupons <> COALESCE(SUM(d.coupons), 0) OR s.face <> COALESCE(SUM(d.face), 0)`},

	{"no day of a shop is settled twice", `
SELECT 'shop ' || s.shop_id || ' from day ' || s.first_day || ' and from day ' || o.first_day AS detail
FROM settlements s JOIN settlements o ON o.shop_id = s.shop_id AND o.first_day > s.first_day AND o.first_day <= s.last_day`},

	{"every settlement is booked from what is owed to its shop", `
SELECT 'transaction ' || txn || ', shop ' || shop || ': ' || SUM(booked) || ' instead of ' || SUM(due) || ' booked' AS detail
FROM (SELECT txn_id AS txn, shop_id AS shop, -paid AS due, 0 AS booked, 1 AS n FROM settlements
      UNION ALL
      SELECT t.id, a.owner_id, 0, e.amount, -1
      FROM ledger_transactions t JOIN entries e ON e.txn_id = t.id JOIN accounts a ON a.id = e.account_id
      WHERE t.kind = 'settlement' AND a.kind = 'payable') x
GROUP BY txn, shop HAVING SUM(due) <> SUM(booked) OR SUM(n) <> 0`},

	// It may be below zero: what was undone after it was paid out is taken off the next settlement.
	{"every shop is owed what it redeemed less what was settled", `
SELECT 'shop ' || shop || ': ' || SUM(balance) || ' instead of ' || SUM(due) || ' owed' AS detail
FROM (SELECT owner_id AS shop, balance, 0 AS due FROM accounts WHERE kind = 'payable'
      UNION ALL SELECT shop_id, 0, paid FROM shop_days
      UNION ALL SELECT shop_id, 0, -paid FROM settlements) x
GROUP BY shop HAVING SUM(balance) <> SUM(due)`},

	{"the unused coupons are those that were sold and neither used nor cancelled", fmt.Sprintf(`
SELECT 'offer ' || offer || ': ' || SUM(n) || ' coupons, ' || SUM(face) || ' face value and ' || SUM(paid) ||
       ' paid too many' AS detail
FROM (SELECT offer_id AS offer, coupons AS n, face, paid FROM unused_coupons
      UNION ALL
      SELECT i.offer_id, -1, -i.face, -i.paid FROM order_items i CROSS JOIN unused_coupons_cursor c
      WHERE i.kind = 2 AND i.test_order = 0 AND i.order_id / %[1]d + %[2]d < c.up_to
      UNION ALL
      SELECT i.offer_id, 1, i.face, i.paid FROM order_items i CROSS JOIN unused_coupons_cursor c
      WHERE i.kind = 2 AND i.test_order = 0 AND i.cancelled_at < c.up_to
      UNION ALL
      SELECT r.offer_id, %[3]s, r.face * %[3]s, r.paid * %[3]s FROM redemptions r CROSS JOIN unused_coupons_cursor c
      WHERE r.test_order = 0 AND r.id / %[1]d + %[2]d < c.up_to) x
GROUP BY offer HAVING SUM(n) <> 0 OR SUM(face) <> 0 OR SUM(paid) <> 0`, idsPerMs, gift.ID(0).Time().UnixMilli(), signOfAct)},
}
