package storage

// quoteChecks are about quotes, what they hold, and partners' own numbers of orders.
var quoteChecks = []check{
	{"every offer knows until when quotes hold units of it", `
SELECT 'offer ' || o.id || ': quote ' || i.quote_id || ' holds units until ' || i.held_until || ', the offer says ' ||
       o.held_until AS detail
FROM quote_items i JOIN offers o ON o.id = i.offer_id WHERE i.held_until > o.held_until`},

	{"open quotes of live partners hold units until they expire, others hold none", `
SELECT 'quote ' || q.id || ' of state ' || q.state || ' expires at ' || q.expires_at || ', holds units of offer ' ||
       i.offer_id || ' until ' || i.held_until AS detail
FROM quotes q JOIN quote_items i ON i.quote_id = q.id
WHERE i.held_until <> CASE WHEN q.state = 1 AND q.sandbox = 0 THEN q.expires_at ELSE 0 END`},

	{"every used quote has its order, which cost its total, and no other has any", `
SELECT 'quote ' || q.id || ' of state ' || q.state || ' over ' || q.total || ', order ' || q.order_id || ' over ' ||
       COALESCE(r.amount, 0) AS detail
FROM quotes q
LEFT JOIN orders r ON r.id = q.order_id AND r.partner_id = q.partner_id AND r.kind = q.kind AND r.sandbox = q.sandbox
WHERE (q.state = 2) <> (q.order_id <> 0) OR q.state = 2 AND COALESCE(r.amount, -1) <> q.total`},

	{"no order is of two quotes", `
SELECT 'order ' || order_id || ' is of ' || COUNT(*) AS detail
FROM quotes WHERE order_id <> 0 GROUP BY order_id HAVING COUNT(*) > 1`},

	{"every quote costs what its items cost", `
SELECT 'quote ' || id || ' is ' || SUM(total) || ', its items are ' || SUM(cost) AS detail
FROM (SELECT id, total, 0 AS cost, 0 AS items FROM quotes UNION ALL SELECT quote_id, 0, units * price, 1 FROM quote_items) x
GROUP BY id HAVING SUM(total) <> SUM(cost) OR SUM(items) = 0`},

	{"every quote is as its partner, live or sandbox", `
SELECT 'quote ' || q.id AS detail FROM quotes q JOIN partners p ON p.id = q.partner_id WHERE q.sandbox <> p.sandbox`},

	{"a partner's reference is of one order, or closed", `
SELECT 'partner ' || partner_id || ', reference ' || reference || ': ' || SUM(n) || ' orders, closed ' ||
       (COUNT(*) - SUM(n)) || ' times' AS detail
FROM (SELECT partner_id, reference, 1 AS n FROM orders WHERE reference IS NOT NULL
      UNION ALL SELECT partner_id, reference, 0 FROM closed_references) x
GROUP BY partner_id, reference HAVING COUNT(*) > 1`},

	{"only sandbox partners' clocks are ahead", `
SELECT 'partner ' || name || ' is ' || clock_ahead || ' milliseconds ahead' AS detail
FROM partners WHERE clock_ahead < 0 OR clock_ahead > 0 AND sandbox = 0`},
}
