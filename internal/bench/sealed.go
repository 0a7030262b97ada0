package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// soakBuys is how many purchases a second a soak has units for.
const soakBuys = 5000

// addSealed puts units whose numbers can be read in histories into offers that have none: enough for so long a soak.
func (a *arena) addSealed(ctx context.Context, house House, d time.Duration) error {
	seal, err := house.Sealer(a.data, a.ours)
	if err != nil {
		return err
	}
	all := int64(soakBuys * d.Seconds())
	a.hotUnits = all/2 + leastUnits
	a.eachCold = all/int64(a.coldOffers) + leastUnits
	unit, offer, position := int64(0), int64(1), int64(0)
	next := func() ([]any, error) {
		position++
		if offer == hotOffer && position > a.hotUnits || offer != hotOffer && position > a.eachCold {
			offer, position = offer+1, 1
		}
		if offer > int64(1+a.coldOffers) {
			return nil, nil // the end
		}
		unit++
		number := fmt.Sprintf("%016d", unit)
		sealed, err := seal(unit, number)
		return []any{unit, offer, position, sealed, []byte("hash of number " + number)}, err
	}
	return withPostgres(ctx, a.ours, func(ctx context.Context, conn *pgx.Conn) error {
		if err := rebuilt(ctx, conn, []string{"units"}, func() error {
			_, err := conn.CopyFrom(ctx, pgx.Identifier{"units"}, []string{"id", "offer_id", "position", "number", "number_hash"}, pgx.CopyFromFunc(next))
			return err
		}); err != nil {
			return err
		}
		return execAll(ctx, conn, []string{
			a.lastPositions(),
			"VACUUM ANALYZE units, offers", "CHECKPOINT",
		})
	})
}
