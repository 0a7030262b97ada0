package client_test

import (
	"flag"
	"os"
	"os/exec"
	"testing"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestTheAPIIsWhatItWas keeps what partners' programs are built on from changing by accident: testdata/api.txt is what go doc shows.
func TestTheAPIIsWhatItWas(t *testing.T) {
	const file = "testdata/api.txt"
	got, err := exec.CommandContext(t.Context(), "go", "doc", "-all", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("the API or its documentation changed; if that is meant, go test ./client -run API -update and look at the difference")
	}
}
