package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCallAsksEitherAPI runs giftimbiz call against a server, and reads what it prints.
func TestCallAsksEitherAPI(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	here := *s.made
	here.BaseURL = s.url
	text, err := json.Marshal(here)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   string
		want   string
		failed bool
	}{
		{"listAll site=gift word=초코에몽 limit=1", `"md_idx": "18411"`, false},
		{"giftimbiz/giftDetail CODE=1 DCODE=1", `"result": "M"`, true},
		{"getAccessToken", `"expires_in"`, false},
		{"GET /events wait=0 --partner devtest1", `"next": "evt_`, false},
		{"GET api/v2/events", `"type": "urn:giftimbiz:problem:sandbox-only"`, true},
		{"GET /events after=x --partner devtest1 --language en", `after: want an event's id`, true},
		{"POST /events --json {}", `method-not-allowed`, true},
	} {
		var out bytes.Buffer
		cmd := rootCommand()
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(append([]string{"call", "--credentials", file}, strings.Fields(test.args)...))
		err := cmd.ExecuteContext(t.Context())
		if !strings.Contains(out.String(), test.want) || errors.Is(err, errQuiet) != test.failed || err != nil && !test.failed {
			t.Errorf("call %s: %v\n%s", test.args, err, out.String())
		}
	}
}
