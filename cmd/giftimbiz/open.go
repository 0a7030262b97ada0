package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// openDatabase opens the configured database for a command that works on it, its schema up to date.
func openDatabase(ctx context.Context, cfg *config) (*storage.DB, error) {
	db, err := storage.Open(ctx, cfg.database())
	if err != nil {
		return nil, err
	}
	if err := db.CheckSchema(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// withDatabase opens the database, runs fn and closes it.
func withDatabase(ctx context.Context, cfg *config, fn func(*storage.DB) error) (err error) {
	db, err := openDatabase(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return fn(db)
}

// withNumber is withDatabase for commands that change what is audited: with a node number of its own.
func withNumber(ctx context.Context, cfg *config, fn func(*storage.DB) error) error {
	return withDatabase(ctx, cfg, func(db *storage.DB) error {
		if err := db.Join(ctx, clock.System{}); err != nil {
			return fmt.Errorf("join: %w", err)
		}
		return fn(db)
	})
}

// withJoined is withNumber for commands that make ledger transactions or keys: with the right encryption keys, too.
func withJoined(ctx context.Context, cfg *config, fn func(*storage.DB, *keyring) error) error {
	return withNumber(ctx, cfg, func(db *storage.DB) error {
		v, err := cfg.vault(ctx, db)
		if err != nil {
			return err
		}
		if err := db.RefreshVault(ctx, v); err != nil {
			return err
		}
		return staying(ctx, db, v, func() error { return fn(db, newKeyring(v, clock.System{})) })
	})
}

// staying runs fn and keeps the node number and the keys up to date meanwhile, as servers do: a command may take hours, and a data
// key that is replaced meanwhile is deleted when nobody is left who seals with it. What fails is tried again.
func staying(ctx context.Context, db *storage.DB, v *vault.Vault, fn func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			_ = db.KeepLease(ctx)
			_ = db.RefreshVault(ctx, v)
		}
	})
	return fn()
}
