package storage_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage/storagetest"
)

// countingStore counts transactions.
type countingStore struct {
	purchase.Store
	tried atomic.Int64
}

func (c *countingStore) Transact(
	ctx context.Context, reads purchase.Reads, decide func(*purchase.State) (purchase.Writes, error),
) error {
	c.tried.Add(1)
	return c.Store.Transact(ctx, reads, decide)
}

// TestAFullDiskIsSaidAtOnce lets no file grow, as a full disk does, so that COMMIT fails: nothing was bought, nobody asks
// for ever, and with room again purchases go on.
func TestAFullDiskIsSaidAtOnce(t *testing.T) {
	dsn := sqliteURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(1, 50)
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	store := &countingStore{Store: h.DB}
	engine := purchase.New(purchase.Options{Store: store, Clock: h.Clock, IDs: h.DB.IDs(), Resolve: 5 * time.Second})
	engine.Start()
	t.Cleanup(engine.Stop)

	log, err := os.Stat(strings.TrimPrefix(dsn, "sqlite:") + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	grow := stopGrowth(t, uint64(log.Size()))
	for i := range 3 {
		store.tried.Store(0)
		_, err := engine.Buy(t.Context(), storagetest.GiftRequest(p, fmt.Sprint("full", i), 1))
		if !errors.Is(err, purchase.ErrNotJournalled) || !errors.Is(err, purchase.ErrUnavailable) {
			t.Errorf("with a full disk: %v", err)
		}
		if n := store.tried.Load(); n != 1 {
			t.Errorf("%d transactions were tried", n)
		}
	}
	grow()
	out, err := engine.Buy(t.Context(), storagetest.GiftRequest(p, "room", 1))
	if err != nil || out.Refusal != nil || h.Balance("demo") != 100_000-940 {
		t.Errorf("with room again: %v, %v, balance %d", out.Refusal, err, h.Balance("demo"))
	}
}

// stopGrowth forbids this process files larger than size until the returned function is called.
func stopGrowth(t *testing.T, size uint64) (grow func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // writing fails instead
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	grow = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(grow)
	return grow
}
