package vault_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"giftimbiz/internal/vault"
)

// script writes a program that prints keys in its own way.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestACommandMayPrintTheKeys(t *testing.T) {
	t.Setenv("GIFTIMBIZ_DATABASE", "postgres://pass-word")
	m, err := vault.FromCommand(t.Context(), script(t, `test -z "$GIFTIMBIZ_DATABASE" && test "$1" = '$(x)' && echo "master 3 `+master1+`"`)+" $(x)")
	if err != nil || m.Newest() != 3 {
		t.Fatal(m, err)
	}
}

func TestWhatAKeyCommandPrintsIsNotShownWhenItFails(t *testing.T) {
	const secret = "c2VjcmV0"
	for name, text := range map[string]string{
		"fails":         "echo " + secret + "; echo " + secret + " >&2; exit 3",
		"prints no key": "echo master 1 " + secret,
		"prints much":   "yes " + secret,
		"prints none":   "exit 0",
	} {
		_, err := vault.FromCommand(t.Context(), script(t, text))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, command := range []string{" ", "/nowhere/at/all --key x"} {
		if _, err := vault.FromCommand(t.Context(), command); err == nil {
			t.Errorf("%q: no error", command)
		}
	}
}

func TestAKeyCommandThatIsBrokenOffWasNotTooSlow(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := vault.FromCommand(ctx, script(t, "exit 0")); err == nil || strings.Contains(err.Error(), "no end within") {
		t.Errorf("error %v", err)
	}
}
