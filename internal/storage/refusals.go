package storage

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// AddRefusals adds to how often each code was answered in the hour of now. Several nodes may do it at once.
func (db *DB) AddRefusals(ctx context.Context, byCode map[string]int64, now time.Time) error {
	day, hour := int64(gift.DayOf(now)), int64(now.In(gift.Seoul).Hour())
	return db.tx(ctx, func(tx *sql.Tx) error {
		for _, code := range slices.Sorted(maps.Keys(byCode)) { // in one order: nodes wait for each other's rows
			_, err := tx.ExecContext(ctx, `INSERT INTO refusal_hours (day, hour, code, calls) VALUES ($1, $2, $3, $4)
ON CONFLICT (day, hour, code) DO UPDATE SET calls = refusal_hours.calls + excluded.calls`, day, hour, code, byCode[code])
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM refusal_hours WHERE day < $1`, day-hoursKept)
		return err
	})
}

// Refusals returns what was added up on a day, for each hour and code.
func (db *DB) Refusals(ctx context.Context, day gift.Day) ([]office.HourRefusals, error) {
	list, err := collect(ctx, db.read, func(row scanner) (r office.HourRefusals, err error) {
		err = row.Scan(&r.Day, &r.Hour, &r.Code, &r.Calls)
		return r, err
	}, `SELECT day, hour, code, calls FROM refusal_hours WHERE day = $1 ORDER BY hour, code`, int64(day))
	return list, classify(err)
}
