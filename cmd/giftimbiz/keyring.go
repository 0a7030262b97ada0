package main

import (
	"crypto/rand"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
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

// randomPassword returns 130 bits as 26 characters.
func randomPassword() string { return rand.Text() }
