package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/jackc/pgx/v5"
)

// audit proves that what was answered is what is stored: as many orders, and books that add up.
func (a *arena) audit(ctx context.Context, bought int) error {
	var stored int
	err := withPostgres(ctx, a.ours, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT COUNT(*) FROM orders").Scan(&stored)
	})
	if err != nil {
		return err
	}
	if stored != bought {
		return fmt.Errorf("%d purchases were answered, %d orders are stored", bought, stored)
	}
	return doctor(ctx, a.data, a.ours)
}

// doctor has the doctor look at a database; a fault is an error.
func doctor(ctx context.Context, data, database string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, self, "doctor", "--data", data, "--database", database).CombinedOutput()
	if err != nil {
		return fmt.Errorf("giftimbiz doctor: %w\n%s", err, out)
	}
	return nil
}
