package bench_test

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
	"giftimbiz/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

// TestTheBenchMeasuresEveryJobBesideItsYardstick runs the bench for a moment. What it measures so is of no worth; that it
// runs, and that every answer was right, is.
func TestTheBenchMeasuresEveryJobBesideItsYardstick(t *testing.T) {
	page := filepath.Join(t.TempDir(), "performance.md")
	report := runBench(t, "--overload", "500ms", "--offers", "200", "--large", "1000", "--page", page,
		"--history", "2000")
	for _, row := range report.Rows {
		// CPU time is counted in hundredths of a second: in a moment, on a busy machine, a process may have had none.
		measured := row.Figure > 0 || row.Yardstick == "" || strings.Contains(row.Measure, "CPU")
		if len(row.Ours) == 0 || row.Goal.Value <= 0 && !row.Goal.AtMost || !measured {
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

// TestTheSoakLooksForWhatGrows soaks for a moment: that is too short to find anything, but not for wrong answers.
func TestTheSoakLooksForWhatGrows(t *testing.T) {
	report := runBench(t, "--only", "soak", "--soak", "2400ms")
	if len(report.Rows) != 6 || len(report.Trials) != 12 || report.Trials[11].Job != "soak: mixed traffic, until 2.4s" {
		t.Errorf("%+v", report)
	}
}

func runBench(t *testing.T, args ...string) (report bench.Report) {
	t.Helper()
	if _, err := pgtest.Bin("pgbench"); errors.Is(err, pgtest.ErrMissing) {
		t.Skipf("skipped: %v", err)
	}
	cmd := exec.Command(programtest.Built(t), append([]string{
		"bench", "--json", "--rounds", "1", "--during", "300ms", "--partners", "20",
	}, args...)...)
	out, err := cmd.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		t.Fatalf("%v\n%s", err, ended.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return report
}
