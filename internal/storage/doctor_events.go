package storage

// eventChecks are about what partners are told.
var eventChecks = []check{
	{"a partner hears if and only if one of its endpoints is on", `
SELECT 'partner ' || p.name || ': hears is ' || p.hears || ', endpoints that are on: ' ||
       (SELECT COUNT(*) FROM endpoints e WHERE e.partner_id = p.id AND e.state = 1) AS detail
FROM partners p
WHERE p.hears <> CASE WHEN EXISTS (SELECT 1 FROM endpoints e WHERE e.partner_id = p.id AND e.state = 1) THEN 1 ELSE 0 END`},

	{"every delivery is of an event, to an endpoint that may be told of it", `
SELECT 'endpoint ' || d.endpoint_id || ', event ' || d.event_id AS detail
FROM deliveries d LEFT JOIN events v ON v.id = d.event_id LEFT JOIN endpoints e ON e.id = d.endpoint_id
WHERE v.id IS NULL OR e.id IS NULL OR v.partner_id NOT IN (0, e.partner_id) OR v.order_id <> d.order_id`},

	{"every event of an order is told to its buyer", `
SELECT 'event ' || v.id || ' of order ' || v.order_id || ' is told to partner ' || v.partner_id AS detail
FROM events v JOIN orders o ON o.id = v.order_id WHERE v.partner_id <> o.partner_id`},
}
