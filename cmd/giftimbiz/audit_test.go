package main

import (
	"os/exec"
	"strings"
	"testing"

	"giftimbiz/internal/programtest"
)

// TestATrailIsVerifiedAndAnOperatorErased uses the program as somebody at the server does.
func TestATrailIsVerifiedAndAnOperatorErased(t *testing.T) {
	data := t.TempDir()
	at := func(args ...string) string { return programtest.Do(t, append(args, "--data", data)...) }
	refused := func(args ...string) string {
		out, err := exec.Command(programtest.Built(t), append(args, "--data", data)...).CombinedOutput()
		if err == nil {
			t.Errorf("giftimbiz %s went well: %s", strings.Join(args, " "), out)
		}
		return string(out)
	}
	at("migrate")
	at("operator", "create", "kim@example.com", "--role", "viewer")
	_, noted, found := strings.Cut(strings.TrimSpace(at("audit", "verify")), "head   1:")
	if !found || len(noted) != 64 {
		t.Fatalf("no head: %s", noted)
	}
	if said := at("operator", "erase", "kim@example.com"); !strings.Contains(said, "what 1 lines said of changes") {
		t.Error(said)
	}
	if said := at("audit", "verify", "--head", "1:"+noted); !strings.HasPrefix(said, "whole: 3 lines") {
		t.Error(said)
	}
	if said := refused("audit", "verify", "--head", "2:"+noted); !strings.Contains(said, "the hash of line 2 was "+noted) {
		t.Error(said)
	}
	refused("operator", "erase", "kim@example.com")
	refused("audit", "erase", "1")
	refused("seller", "erase", "x")
	at("doctor")
}
