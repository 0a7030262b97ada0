package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	page := filepath.Join(t.TempDir(), "performance.md")
	cmd := exec.Command(builtProgram(t), "bench", "--json", "--rounds", "1", "--during", "300ms", "--overload", "500ms", "--offers", "200",
		"--large", "1000", "--page", page, "--partners", "20", "--units", "20000", "--history", "2000")
	out, err := cmd.Output()
	if err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			t.Fatalf("%v\n%s", err, ended.Stderr)
		}
		t.Fatal(err)
	}
	var report bench.Report
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, row := range report.Rows {
		if len(row.Ours) == 0 || row.Goal.Value <= 0 && !row.Goal.AtMost || row.Yardstick != "" && row.Figure <= 0 {
			t.Errorf("%+v", row)
		}
	}
	if len(report.Rows) < 32 || len(report.Trials) < 31 {
		t.Errorf("%d rows, %d trials", len(report.Rows), len(report.Trials))
	}
	for _, path := range []string{page, strings.TrimSuffix(page, ".md") + ".svg"} {
		if info, err := os.Stat(path); err != nil || info.Size() < 1000 {
			t.Errorf("%s was not written: %v", path, err)
		}
	}
}

func TestQuickSetsFlagsThatThereAre(t *testing.T) {
	flags := benchCommand(nil).Flags()
	if err := flags.Parse([]string{"--rounds", "7"}); err != nil {
		t.Fatal(err)
	}
	if err := setUnlessGiven(flags, quickBench); err != nil {
		t.Error(err)
	}
	if rounds, err := flags.GetInt("rounds"); err != nil || rounds != 7 {
		t.Errorf("what was given is overruled: %d %v", rounds, err)
	}
}
