package storage

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// hoursKept is how many days of hourly figures are kept.
const hoursKept = 35

const sumsOfDay = `CAST(COALESCE(SUM(d.orders), 0) AS BIGINT), CAST(COALESCE(SUM(d.items), 0) AS BIGINT),
CAST(COALESCE(SUM(d.spent), 0) AS BIGINT), CAST(COALESCE(SUM(d.face), 0) AS BIGINT)
FROM partner_days d JOIN partners p ON p.id = d.partner_id AND p.sandbox = 0`

// SalesByDay returns what was bought on the days from … to, both included, one entry for each day, also those without sales.
// It costs a row for each partner that bought on one of them.
func (db *DB) SalesByDay(ctx context.Context, from, to gift.Day) ([]office.DaySales, error) {
	list := make([]office.DaySales, 0, to-from+1)
	for day := from; day <= to; day++ {
		list = append(list, office.DaySales{Day: day})
	}
	rows, err := db.read.QueryContext(ctx, `SELECT d.day, `+sumsOfDay+`
WHERE d.day >= $1 AND d.day <= $2 GROUP BY d.day`, int64(from), int64(to))
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		var d office.DaySales
		err := row.Scan(&d.Day, &d.Orders, &d.Items, &d.Spent, &d.Face)
		list[d.Day-from] = d
		return err
	})
	return list, classify(err)
}

// NoteSales keeps what has been bought today, as the figure of this hour. Called a few times an hour, it gives the curve of a
// day. Several nodes may do it at once.
func (db *DB) NoteSales(ctx context.Context, now time.Time) error {
	day, hour := gift.DayOf(now), now.In(gift.Seoul).Hour()
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO day_hours (day, hour, orders, items, spent, face)
SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), `+sumsOfDay+` WHERE d.day = $1
ON CONFLICT (day, hour) DO UPDATE SET orders = excluded.orders, items = excluded.items, spent = excluded.spent,
    face = excluded.face WHERE day_hours.items <> excluded.items OR day_hours.spent <> excluded.spent`, int64(day), int64(hour))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM day_hours WHERE day < $1`, int64(day)-hoursKept)
		return err
	})
}

// SalesByHour returns what NoteSales kept of a day.
func (db *DB) SalesByHour(ctx context.Context, day gift.Day) ([]office.HourSales, error) {
	list, err := collect(ctx, db.read, func(row scanner) (h office.HourSales, err error) {
		err = row.Scan(&h.Day, &h.Hour, &h.Orders, &h.Items, &h.Spent, &h.Face)
		return h, err
	}, `SELECT day, hour, orders, items, spent, face FROM day_hours WHERE day = $1 ORDER BY hour`, int64(day))
	return list, classify(err)
}

// expiringShown is how many of the offers that expire soonest Stock tells of.
const expiringShown = 10

// Stock counts what is on sale. It reads all offers: call it in the background.
func (db *DB) Stock(ctx context.Context, now time.Time, salesFrom gift.Day) (office.Stock, error) {
	stock := office.Stock{AsOf: now, Sold: map[office.SoldKey]int64{}}
	today := int64(gift.DayOf(now))
	err := db.wholeSnapshot(ctx, func(tx *sql.Tx) (err error) {
		if stock.Items, err = readStockItems(ctx, tx, today); err == nil {
			stock.Expiring, err = readExpiring(ctx, tx, today)
		}
		return err
	})
	if err != nil {
		return stock, err
	}
	sold, err := db.Popularity(ctx, salesFrom)
	for key, n := range sold {
		stock.Sold[office.SoldKey{Kind: key.Kind, ID: key.ID}] = n
	}
	return stock, err
}

// onSale selects offers that can be bought on the day $1.
const onSale = `FROM offers o WHERE o.stopped = 0 AND o.last_day >= $1 AND o.next_position <= o.last_position`

func readStockItems(ctx context.Context, tx *sql.Tx, today int64) ([]office.StockItem, error) {
	return collect(ctx, tx, func(row scanner) (i office.StockItem, err error) {
		err = row.Scan(&i.Kind, &i.ID, &i.Name, &i.Category, &i.Offers, &i.Units, &i.In7, &i.In30)
		return i, err
	}, `SELECT g.kind, g.item, COALESCE(p.name, m.coupon_name, ''), COALESCE(c.name, d.name, ''),
g.offers, g.units, g.in7, g.in30
FROM (SELECT o.kind, COALESCE(o.product_id, o.campaign_id) AS item, COUNT(*) AS offers,
    CAST(SUM(o.last_position - o.next_position + 1) AS BIGINT) AS units,
    CAST(SUM(CASE WHEN o.last_day < CAST($1 AS BIGINT) + 7 THEN o.last_position - o.next_position + 1 ELSE 0 END) AS BIGINT) AS in7,
    CAST(SUM(CASE WHEN o.last_day < CAST($1 AS BIGINT) + 30 THEN o.last_position - o.next_position + 1 ELSE 0 END) AS BIGINT) AS in30
    `+onSale+` GROUP BY o.kind, COALESCE(o.product_id, o.campaign_id)) g
LEFT JOIN products p ON g.kind = 1 AND p.id = g.item LEFT JOIN brands b ON b.id = p.brand_id
LEFT JOIN categories c ON c.id = b.category_id
LEFT JOIN campaigns m ON g.kind = 2 AND m.id = g.item LEFT JOIN shops s ON s.id = m.shop_id
LEFT JOIN categories d ON d.id = s.category_id`, today)
}

func readExpiring(ctx context.Context, tx *sql.Tx, today int64) ([]office.ExpiringOffer, error) {
	return collect(ctx, tx, func(row scanner) (e office.ExpiringOffer, err error) {
		err = row.Scan(&e.OfferID, &e.Kind, &e.Name, &e.Category, &e.LastDay, &e.Units)
		return e, err
	}, `SELECT x.id, x.kind, COALESCE(p.name, m.coupon_name, ''), COALESCE(c.name, d.name, ''), x.last_day,
x.units
FROM (SELECT o.id, o.kind, o.product_id, o.campaign_id, o.last_day, o.last_position - o.next_position + 1 AS units
    `+onSale+` AND o.last_day < CAST($1 AS BIGINT) + 30 ORDER BY o.last_day, o.last_position - o.next_position DESC, o.id LIMIT $2) x
LEFT JOIN products p ON p.id = x.product_id LEFT JOIN brands b ON b.id = p.brand_id
LEFT JOIN categories c ON c.id = b.category_id
LEFT JOIN campaigns m ON m.id = x.campaign_id LEFT JOIN shops s ON s.id = m.shop_id
LEFT JOIN categories d ON d.id = s.category_id
ORDER BY x.last_day, x.units DESC, x.id`, today, expiringShown)
}

// LowPartners returns active live partners whose balance is below an amount, the lowest first, limit at most. It reads the
// balances of all partners: call it in the background.
func (db *DB) LowPartners(ctx context.Context, below gift.Won, limit int) ([]office.LowPartner, error) {
	list, err := collect(ctx, db.read, func(row scanner) (p office.LowPartner, err error) {
		err = row.Scan(&p.Name, &p.Title, &p.Balance)
		return p, err
	}, `SELECT p.name, p.title, a.balance
FROM accounts a JOIN partners p ON p.id = a.owner_id
WHERE a.kind = 'prepaid' AND a.balance < $1 AND p.sandbox = 0 AND p.state = $2 ORDER BY a.balance, p.name LIMIT $3`,
		int64(below), int64(gift.Active), limit)
	return list, classify(err)
}

// Health tells which nodes hold a number, how far sales are counted, how the newest import is, and how partners are told.
func (db *DB) Health(ctx context.Context) (h office.Health, err error) {
	var upTo int64
	if err := db.read.QueryRowContext(ctx, `SELECT up_to FROM item_sales_cursor WHERE id = 1`).Scan(&upTo); err != nil {
		return h, classify(err)
	}
	if upTo > 0 {
		h.Tallied = gift.ID(upTo).Time()
	}
	err = db.read.QueryRowContext(ctx, `SELECT id, file, state, done, total FROM imports ORDER BY id DESC LIMIT 1`).Scan(
		&h.Import.ID, &h.Import.File, &h.Import.State, &h.Import.Done, &h.Import.Total)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, classify(err)
	}
	if err := db.readDeliveryHealth(ctx, &h); err != nil {
		return h, err
	}
	rows, err := db.read.QueryContext(ctx, `SELECT number, expires_at, `+db.dialect.now+` FROM node_leases
WHERE token <> '' AND expires_at > 0 ORDER BY number`)
	if err != nil {
		return h, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		var number, expires, now int64
		err := row.Scan(&number, &expires, &now)
		if now-expires < nodesForgotten.Milliseconds() {
			renewed := time.UnixMilli(expires).Add(-LeaseFor)
			h.Nodes = append(h.Nodes, office.Node{
				Number: number, Renewed: renewed, Late: time.UnixMilli(now).Sub(renewed) > 3*RenewEvery,
			})
		}
		return err
	})
	return h, classify(err)
}

// nodesForgotten is how long a node that stopped without giving its number back is told of.
const nodesForgotten = 24 * time.Hour

// givenUpShown is how many endpoints Health names.
const givenUpShown = 5

func (db *DB) readDeliveryHealth(ctx context.Context, h *office.Health) (err error) {
	if h.Waiting, err = db.WaitingDeliveries(ctx, office.MostWaiting); err != nil {
		return err
	}
	rows, err := db.read.QueryContext(ctx, `SELECT e.id, p.name, e.url, e.off_reason, e.given_up_at
FROM endpoints e JOIN partners p ON p.id = e.partner_id
WHERE e.given_up_at IS NOT NULL ORDER BY e.given_up_at DESC LIMIT $1`, givenUpShown)
	if err != nil {
		return classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		var e office.GivenUpEndpoint
		var address string
		var at int64
		err := row.Scan(&e.ID, &e.Partner, &address, &e.Reason, &at)
		if u, bad := url.Parse(address); bad == nil {
			e.Host = u.Host
		}
		e.At = time.UnixMilli(at)
		h.GivenUp = append(h.GivenUp, e)
		return err
	})
	return classify(err)
}
