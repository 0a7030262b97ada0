package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"testing"

	"giftimbiz/internal/bench"
	"giftimbiz/internal/pgtest"
)

// TestTheBenchMeasuresEveryJobBesideItsYardstick runs the bench for a moment. What it measures so is of no worth; that it
// runs, and that every answer was right, is.
func TestTheBenchMeasuresEveryJobBesideItsYardstick(t *testing.T) {
	if _, err := pgtest.Bin("pgbench"); errors.Is(err, pgtest.ErrMissing) {
		t.Skipf("skipped: %v", err)
	}
	cmd := exec.Command(builtProgram(t), "bench", "--json", "--rounds", "1", "--during", "300ms", "--offers", "200",
		"--partners", "20", "--units", "20000")
	out, err := cmd.Output()
	if err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			t.Fatalf("%v\n%s", err, ended.Stderr)
		}
		t.Fatal(err)
	}
	var rows []bench.Row
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, row := range rows {
		if row.Ratio <= 0 || row.Goal <= 0 || row.P99Ms <= 0 {
			t.Errorf("%+v", row)
		}
	}
	if len(rows) != 4 {
		t.Errorf("%d rows", len(rows))
	}
}
