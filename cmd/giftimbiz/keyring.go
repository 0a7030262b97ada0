package main

import (
	"context"

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

// openPartner stores a new partner, credits it, and returns what to hand to it.
func openPartner(ctx context.Context, db *storage.DB, keys *keyring, p gift.Partner, balance gift.Won) (*partnerCredentials, error) {
	secrets, hashes := keys.authority.NewKeys(p)
	if _, err := db.CreatePartner(ctx, p, hashes, keys.clock.Now()); err != nil {
		return nil, err
	}
	if balance > 0 {
		if _, err := db.Deposit(ctx, p.Name, balance, "", "opening balance", keys.clock.Now()); err != nil {
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
	} else {
		made.Balance = balance
	}
	return made, nil
}
