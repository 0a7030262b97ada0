package demo

import (
	"context"
	"errors"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// OpenPartner stores a new partner, credits it, and returns what to hand to it. A partner that is there already gets
// other keys; its opening balance, in won, is booked once. The database is one that the caller has joined.
func OpenPartner(
	ctx context.Context, db *storage.DB, v *vault.Vault, clk clock.Clock, p gift.Partner, balance gift.Won,
) (*Partner, error) {
	authority := credential.NewAuthority(credential.Config{Vault: v, Clock: clk})
	secrets, hashes := authority.NewKeys(p)
	now := clk.Now()
	_, err := db.CreatePartner(ctx, p, hashes, now)
	if errors.Is(err, storage.ErrDuplicate) {
		err = rotateKeys(ctx, db, p.Name, hashes, now.Add(credential.RotationGrace))
	}
	if err != nil {
		return nil, err
	}
	if balance > 0 {
		_, err := db.Deposit(ctx, p.Name, balance, "opening balance of "+p.Name, "opening balance", now)
		if err != nil && !errors.Is(err, storage.ErrDuplicate) {
			return nil, err
		}
	}
	made := &Partner{
		Credentials: client.Credentials{
			PartnerID: p.Name, PartnerKey: secrets.PartnerKey, PartnerToken: secrets.PartnerToken,
			RefreshToken: secrets.RefreshToken,
		},
		Mode: "live",
	}
	if p.Sandbox {
		made.Mode = "sandbox"
	}
	return made, nil
}

func rotateKeys(ctx context.Context, db *storage.DB, name string, hashes credential.Keys, graceEnd time.Time) error {
	p, err := db.Partner(ctx, name)
	if err != nil {
		return err
	}
	return db.RotateKeys(ctx, p.ID, 0, hashes, graceEnd)
}
