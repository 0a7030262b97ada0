package main

import (
	"context"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/storage"
)

// TestACommandThatTakesLongLearnsTheKeysMeanwhile: a rotation goes on beside it, and it seals with the new key.
func TestACommandThatTakesLongLearnsTheKeysMeanwhile(t *testing.T) {
	cfg := migratedHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := withJoined(ctx, cfg, func(_ *storage.DB, long *keyring) error {
		return withJoined(ctx, cfg, func(db *storage.DB, keys *keyring) error {
			number, err := db.NewDataKey(ctx, keys.vault, clock.System{}.Now())
			for err == nil && long.vault.Sealing() != number { // which waits for the other command
				_, err = db.ContinueRotation(ctx, keys.vault, clock.System{}.Now())
			}
			return err
		})
	})
	if err != nil {
		t.Error(err)
	}
}
