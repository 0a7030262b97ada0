package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/jackc/pgx/v5"

	"giftimbiz/internal/pgtest"
)

// shop is a PostgreSQL database with stock, a server on it, and partners who buy there.
type shop struct {
	data, database string
	cluster        *pgtest.Cluster
	server         *process
	buyers         []Buyer // the first is the hot one
	sale           Sale
}

// openShop fills a database with so many units of the hot offer, and of each other one, and starts a server on it.
func (s *suite) openShop(ctx context.Context, name string, hot, cold int64) (h *shop, err error) {
	h = &shop{}
	if h.data, err = s.folder(name); err != nil {
		return nil, err
	}
	if h.cluster, err = pgtest.Start("shared_buffers=256MB", "max_wal_size=4GB", "max_connections=100"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if h.database, err = h.cluster.CreateDatabase(ourDatabase); err != nil {
		return nil, err
	}
	units := make([]int64, 1+coldOffers)
	for i := range units {
		units[i] = cold
	}
	units[0] = hot
	s.say("%s: filling a database with %d units", name, hot+coldOffers*cold)
	if h.buyers, h.sale, err = s.House.FillStock(ctx, h.data, h.database, units, 1+s.Partners); err != nil {
		return nil, err
	}
	if h.server, err = startServer(ctx, h.data, h.database); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *shop) close() {
	if h.server != nil {
		h.server.stop()
	}
	_ = h.cluster.Stop() // a temporary cluster
}

// orders counts what was bought.
func (h *shop) orders(ctx context.Context) (count int, err error) {
	conn, err := pgx.Connect(ctx, h.database)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }() // only read
	err = conn.QueryRow(ctx, "SELECT COUNT(*) FROM orders").Scan(&count)
	return count, err
}

// doctor has the built program prove that money and stock add up.
func (h *shop) doctor(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, self, "doctor", "--data", h.data, "--database", h.database).CombinedOutput()
	if err != nil {
		return fmt.Errorf("doctor: %w\n%s", err, out)
	}
	return nil
}
