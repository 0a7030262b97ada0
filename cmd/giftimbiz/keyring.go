package main

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"strconv"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// keyring makes secrets for commands that open or change partners.
type keyring struct {
	vault     *vault.Vault
	authority *credential.Authority
	clock     clock.Clock
}

func newKeyring(v *vault.Vault, clk clock.Clock) *keyring {
	return &keyring{vault: v, authority: credential.NewAuthority(credential.Config{Vault: v, Clock: clk}), clock: clk}
}

// openPartner stores a new partner, credits it, and returns what to hand to it. A partner that is there already gets
// other keys; its opening balance is booked once.
func openPartner(ctx context.Context, db *storage.DB, keys *keyring, p gift.Partner, balance gift.Won) (*partnerCredentials, error) {
	secrets, hashes := keys.authority.NewKeys(p)
	now := keys.clock.Now()
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
	made := &partnerCredentials{
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

// randomPassword returns 130 bits as 26 characters.
func randomPassword() string { return rand.Text() }

// randomCode returns a manager code of six digits. The first is not 0: a spreadsheet may take it for a number.
func randomCode() string {
	const first, codes = 100_000, 900_000
	n, err := rand.Int(rand.Reader, big.NewInt(codes))
	if err != nil {
		panic("giftimbiz: no random numbers: " + err.Error()) // the system's source never fails
	}
	return strconv.FormatInt(first+n.Int64(), 10)
}
