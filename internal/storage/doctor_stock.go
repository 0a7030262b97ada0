package storage

// stockChecks are about offers and units.
var stockChecks = []check{
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

	// Withdrawn units stand below all others; see withdrawnBelow.
	// What an import wrote and has not put on sale is not counted: it is taken away if the import fails.
	{"every offer's units stand at 1 to its last position", `
SELECT 'offer ' || o.id || ' has ' || COALESCE(u.n, 0) || ' units from ' || COALESCE(u.low, 0) || ' to ' ||
       COALESCE(u.high, 0) || ', its last position is ' || o.last_position AS detail
FROM offers o
LEFT JOIN (SELECT offer_id, COUNT(*) AS n, COUNT(DISTINCT position) AS places, MIN(position) AS low, MAX(position) AS high
           FROM units WHERE position >= -1000000000000000
               AND NOT EXISTS (SELECT 1 FROM imports i WHERE i.busy = 1 AND units.id BETWEEN i.first_unit AND i.last_unit)
           GROUP BY offer_id) u ON u.offer_id = o.id
WHERE COALESCE(u.n, 0) <> o.last_position OR COALESCE(u.places, 0) <> o.last_position
   OR (u.n > 0 AND (u.low <> 1 OR u.high <> o.last_position))`},

	{"no withdrawn unit is in a live order", `
SELECT 'unit ' || u.id || ' is in order ' || i.order_id AS detail
FROM order_items i JOIN units u ON u.id = i.unit_id WHERE i.test_order = 0 AND u.position < 1`},

	{"every gifticon has a number", `
SELECT 'unit ' || u.id || ' of offer ' || o.id || ' has none' AS detail
FROM units u JOIN offers o ON o.id = u.offer_id WHERE o.kind = 1 AND (u.number IS NULL OR u.number_hash IS NULL)`},

	{"every offer is of a product or a campaign, as its kind says", `
SELECT 'offer ' || id || ' of kind ' || kind || ' is of product ' || COALESCE(product_id, 0) || ', campaign ' ||
       COALESCE(campaign_id, 0) AS detail
FROM offers
WHERE NOT (kind = 1 AND product_id IS NOT NULL AND campaign_id IS NULL
           OR kind = 2 AND product_id IS NULL AND campaign_id IS NOT NULL)`},

	// The unit sold last stands before the first free one, whatever the order's number: clocks of two nodes may differ.
	{"every offer knows who bought its last unit", `
SELECT 'offer ' || o.id || ' names order ' || o.last_order || ' of partner ' || o.last_partner ||
       ', the unit sold last is in order ' || COALESCE(i.order_id, 0) || ' of partner ' || COALESCE(i.partner_id, 0) AS detail
FROM offers o LEFT JOIN units u ON u.offer_id = o.id AND u.position = o.next_position - 1
LEFT JOIN order_items i ON i.unit_id = u.id AND i.test_order = 0
WHERE o.last_order <> COALESCE(i.order_id, 0) OR o.last_partner <> COALESCE(i.partner_id, 0)`},
}
