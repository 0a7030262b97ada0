package storage

import (
	"fmt"
	"time"

	"giftimbiz/internal/gift"
)

// idsPerMs is how many order numbers there are for a millisecond.
var idsPerMs = int64(gift.FirstIDAt(gift.ID(0).Time().Add(time.Millisecond)))

// orderChecks are about what was bought, and what became of it.
var orderChecks = []check{
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

	{"every used coupon was used by a seller of its shop", `
SELECT 'order ' || i.order_id || ' line ' || i.line || ': seller ' || COALESCE(i.used_seller, 0) || ' is not of shop ' ||
       COALESCE(c.shop_id, 0) AS detail
FROM order_items i JOIN offers o ON o.id = i.offer_id
LEFT JOIN campaigns c ON c.id = o.campaign_id LEFT JOIN sellers s ON s.id = i.used_seller
WHERE (i.used_at IS NOT NULL OR i.used_seller IS NOT NULL)
  AND (i.used_at IS NULL OR s.id IS NULL OR c.id IS NULL OR s.shop_id <> c.shop_id)`},

	{"every answer kept under a key is of its partner's order", `
SELECT 'partner ' || a.partner_id || ' has an answer of order ' || r.id AS detail
FROM idempotency_answers a JOIN orders r ON r.id = a.order_id WHERE r.partner_id <> a.partner_id`},

	// An offer may become a once-per-partner one after it was sold: only what was bought since its first claim counts. A
	// claim stands for its partner's newest purchase of the offer.
	{"once-per-partner offers are sold once per partner", `
WITH bought AS (
    SELECT partner_id, offer_id, MAX(order_id) AS newest, SUM(claim) AS claims
    FROM (SELECT partner_id, offer_id, 0 AS order_id, 1 AS claim FROM once_claims
          UNION ALL
          SELECT i.partner_id, i.offer_id, i.order_id, 0
          FROM order_items i JOIN offers o ON o.id = i.offer_id WHERE o.once_per = 1) x
    GROUP BY partner_id, offer_id),
since AS (SELECT offer_id, MIN(newest) AS order_id FROM bought WHERE claims > 0 AND newest > 0 GROUP BY offer_id)
SELECT 'partner ' || i.partner_id || ', offer ' || i.offer_id || ': ' || COUNT(*) || ' bought, ' || COUNT(c.offer_id) ||
       ' of them by a partner with a claim' AS detail
FROM order_items i JOIN since ON since.offer_id = i.offer_id AND i.order_id >= since.order_id
LEFT JOIN once_claims c ON c.partner_id = i.partner_id AND c.offer_id = i.offer_id
GROUP BY i.partner_id, i.offer_id HAVING COUNT(*) > 1 OR COUNT(c.offer_id) = 0`},

	{"every claim of a once-per-partner offer has a purchase", `
SELECT 'partner ' || partner_id || ' did not buy from offer ' || offer_id AS detail
FROM (SELECT partner_id, offer_id FROM once_claims EXCEPT SELECT partner_id, offer_id FROM order_items) x`},

	{"every order is dated by its number", fmt.Sprintf(`
SELECT 'order ' || id || ' is dated ' || at || ' instead of ' || (id / %[1]d + %[2]d) AS detail
FROM orders WHERE at <> id / %[1]d + %[2]d`, idsPerMs, gift.ID(0).Time().UnixMilli())},

	{"no item has a price below zero", `
SELECT 'order ' || order_id || ' line ' || line || ' cost ' || paid || ' of ' || face AS detail
FROM order_items WHERE paid < 0 OR face < 0`},

	{"an item is used in all its columns or in none", `
SELECT 'order ' || order_id || ' line ' || line || ' was used at ' || COALESCE(used_at, 0) || ' by ' ||
       COALESCE(used_seller, 0) || ' via ' || COALESCE(used_via, 'nothing') AS detail
FROM order_items
WHERE (used_at IS NULL) <> (used_via IS NULL) OR (used_at IS NULL) <> (used_seller IS NULL)
   OR kind <> 2 AND used_at IS NOT NULL`},

	{"no item is both used and cancelled", `
SELECT 'order ' || order_id || ' line ' || line || ' was used at ' || used_at || ' and cancelled at ' || cancelled_at AS detail
FROM order_items WHERE used_at IS NOT NULL AND cancelled_at IS NOT NULL`},
}
