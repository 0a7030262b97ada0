package storage

import "strconv"

// moneyChecks are about the ledger.
var moneyChecks = []check{
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

	// Purchases and redemptions find accounts by these numbers.
	{"every account's number follows from its owner", `
SELECT 'account ' || id || ' is ' || kind || ' of ' || owner_id AS detail FROM accounts
WHERE (kind = 'prepaid' AND id <> owner_id + ` + strconv.Itoa(prepaidBase) + `)
   OR (kind = 'payable' AND id <> owner_id + ` + strconv.Itoa(payableBase) + `)`},

	// Deposits and adjustments are between test money and a sandbox partner, and nothing else touches either.
	{"test money stays apart", `
SELECT 'transaction ' || txn_id || ' is not between test funds and a sandbox partner' AS detail
FROM (SELECT e.txn_id, CASE WHEN a.kind = 'test_funds' OR p.sandbox = 1 THEN 1 ELSE 0 END AS test
      FROM entries e JOIN accounts a ON a.id = e.account_id
      LEFT JOIN partners p ON a.kind = 'prepaid' AND p.id = a.owner_id) x
LEFT JOIN ledger_transactions t ON t.id = x.txn_id
GROUP BY txn_id HAVING MIN(test) <> MAX(test) OR (MAX(test) = 1 AND COALESCE(MAX(t.kind), '') NOT IN ('deposit', 'adjustment'))`},

	{"every paid coupon that was used is owed to its shop once", `
SELECT 'order ' || order_id || ', shop ' || shop_id || ': ' || SUM(booked) || ' instead of ' || SUM(due) ||
       ' booked' AS detail
FROM (SELECT i.order_id, c.shop_id, i.paid AS due, 0 AS booked, 1 AS n
      FROM order_items i JOIN offers o ON o.id = i.offer_id JOIN campaigns c ON c.id = o.campaign_id
      WHERE i.used_at IS NOT NULL AND i.test_order = 0 AND i.paid > 0
      UNION ALL
      SELECT COALESCE(t.order_id, 0), a.owner_id, 0, e.amount, CASE WHEN t.kind = 'undone' THEN 1 ELSE -1 END
      FROM accounts a JOIN entries e ON e.account_id = a.id JOIN ledger_transactions t ON t.id = e.txn_id
      WHERE a.kind = 'payable' AND t.kind IN ('redemption', 'undone')) x
GROUP BY order_id, shop_id HAVING SUM(due) <> SUM(booked) OR SUM(n) <> 0`},

	// Of a redemption's entries another check tells whether they are right.
	{"every ledger transaction is between the accounts of its kind", `
SELECT 'transaction ' || id || ' is a ' || kind || ' from ' || debit || ' to ' || credit || ' in ' || n || ' entries' AS detail
FROM (SELECT t.id, t.kind, COUNT(e.amount) AS n,
             COALESCE(MAX(CASE WHEN e.amount < 0 THEN a.kind END), 'nobody') AS debit,
             COALESCE(MAX(CASE WHEN e.amount > 0 THEN a.kind END), 'nobody') AS credit
      FROM ledger_transactions t LEFT JOIN entries e ON e.txn_id = t.id LEFT JOIN accounts a ON a.id = e.account_id
      GROUP BY t.id, t.kind) x
WHERE n <> 2 OR NOT (kind = 'deposit' AND debit IN ('bank', 'test_funds') AND credit = 'prepaid'
                     OR kind = 'adjustment' AND debit IN ('adjustments', 'test_funds') AND credit = 'prepaid'
                     OR kind = 'adjustment' AND debit = 'prepaid' AND credit IN ('adjustments', 'test_funds')
                     OR kind = 'redemption' AND debit = 'sales' AND credit = 'payable'
                     OR kind = 'undone' AND debit = 'payable' AND credit = 'sales'
                     OR kind = 'settlement' AND debit = 'payable' AND credit = 'bank'
                     OR kind = 'refund' AND debit = 'refunds' AND credit = 'prepaid')`},

	{"a redemption or a refund is of an order, a deposit or an adjustment of none", `
SELECT 'transaction ' || id || ' is a ' || kind || ' of order ' || COALESCE(order_id, 0) AS detail
FROM ledger_transactions
WHERE kind IN ('deposit', 'adjustment') AND order_id IS NOT NULL OR kind IN ('redemption', 'undone', 'refund') AND order_id IS NULL`},
}
