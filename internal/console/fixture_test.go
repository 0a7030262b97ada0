package console_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"giftimbiz/internal/console"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
	"giftimbiz/internal/webhook"
)

// openHouse returns a house on a SQLite file of the test's own, and the file.
func openHouse(t *testing.T) (*storagetest.House, string) {
	t.Helper()
	file := storagetest.MigratedFile(t)
	return storagetest.NewHouse(t, func(t testing.TB) (*storage.DB, func() *storage.DB) {
		db, err := storage.Open(t.Context(), "sqlite:"+file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db, nil
	}), file
}

func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	v := vault.Fresh()
	return v
}

// openConsole returns the console of a house, wired as a server wires it; change may set what a test needs otherwise.
func openConsole(h *storagetest.House, v *vault.Vault, change func(*console.Config)) http.Handler {
	cfg := console.Config{
		Store: h.DB, Passwords: v, Numbers: v, Clock: h.Clock, Logger: slog.New(slog.NewTextHandler(h.T.Output(), nil)),
		Keys: credential.NewAuthority(credential.Config{
			Vault: v, Clock: h.Clock, Directory: credential.NewDirectory(h.DB),
		}),
		Webhooks: webhook.NewGuard(nil), PublicURL: "http://console.test", Address: func(*http.Request) string { return "192.0.2.7" }, Lookup: v.Lookup,
	}
	if change != nil {
		change(&cfg)
	}
	return console.New(cfg)
}

// signedIn starts a session of an operator of a role, and returns the value of its cookie.
func signedIn(h *storagetest.House, role office.Role) string {
	h.T.Helper()
	ctx, email := h.T.Context(), string(role)+"@example.com"
	o, err := h.DB.OperatorByEmail(ctx, email)
	if errors.Is(err, office.ErrNotFound) {
		if _, err = h.DB.AddOperator(ctx, office.Operator{Email: email, Name: email, Role: role}, h.Clock.Now()); err == nil {
			o, err = h.DB.OperatorByEmail(ctx, email)
		}
	}
	if err != nil {
		h.T.Fatal(err)
	}
	token := rand.Text()
	sum := sha256.Sum256([]byte(token))
	if err := h.DB.StartSession(ctx, office.Session{
		ID: sum[:], Operator: o, CreatedAt: h.Clock.Now(), ExpiresAt: h.Clock.Now().Add(time.Hour),
	}, nil, 0); err != nil {
		h.T.Fatal(err)
	}
	return token
}
