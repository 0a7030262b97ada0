package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAClientGeneratedFromTheDocumentCompilesAndBuys has a generator of npm make a TypeScript client of the document that the
// server publishes, the compiler check it with a program that uses it, and that program buy.
func TestAClientGeneratedFromTheDocumentCompilesAndBuys(t *testing.T) {
	dir := generators(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	for _, version := range []string{"v1", "v2"} {
		file := filepath.Join(dir, version+".json")
		if err := os.WriteFile(file, publishedText(version), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := inFolder(t, dir, "node_modules/.bin/validate-api", file); !strings.Contains(out, `"valid": true`) {
			t.Errorf("%s: %s", version, out)
		}
	}
	inFolder(t, dir, "node_modules/.bin/openapi-ts", "-i", "v2.json", "-o", "client")
	inFolder(t, dir, "node_modules/.bin/tsc", "-p", ".")
	for _, partner := range []string{"demo", "devtest1"} {
		p, err := s.made.Partner(partner)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("BASE_URL", s.url)
		t.Setenv("PARTNERKEY", p.PartnerKey)
		t.Setenv("PARTNERTOKEN", p.PartnerToken)
		if out := inFolder(t, dir, "node", "built/buy.js"); !strings.Contains(out, `"number"`) {
			t.Errorf("%s bought no voucher: %s", partner, out)
		}
	}
}

// generators returns a folder with the generator, the compiler and the program, or skips where npm cannot bring them: it
// reaches no registry, or the node here is too old for them (Debian 12 has 18).
func generators(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("skipped: no npm (Debian: apt-get install npm)")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/generated")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--engine-strict", "--prefer-offline", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error")
	install.Dir, install.WaitDelay = dir, time.Second
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("skipped: npm cannot bring the generator (%v): %s", err, out)
	}
	return dir
}

// inFolder runs a program and returns what it says.
func inFolder(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if strings.Contains(program, "/") {
		program = filepath.Join(dir, program)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}
