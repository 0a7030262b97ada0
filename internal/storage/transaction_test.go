package storage_test

import (
	"context"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
)

// TestAPanicEndsItsTransaction: calls and jobs outlive a panic, and nobody else may wait for what it held.
func TestAPanicEndsItsTransaction(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "demo"}, 1000)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		change := func(edit func(*gift.Partner) error) error {
			_, err := h.DB.ChangePartner(ctx, "demo", 0, h.Clock.Now(), edit)
			return err
		}
		func() {
			defer func() { _ = recover() }()
			_ = change(func(*gift.Partner) error { panic("a fault of one change") })
			t.Error("it did not panic")
		}()
		if err := change(func(p *gift.Partner) error { p.Title = "Demo"; return nil }); err != nil {
			t.Errorf("the next waits for it: %v", err)
		}
		storagetest.Healthy(t, h.DB)
	})
}
