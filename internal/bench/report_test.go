package bench

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func someReport() *Report {
	return &Report{
		Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: 61 * time.Second,
		Machine: Machine{CPU: "A | B", Cores: 2, Memory: 8, Sync: 0.4, System: "Linux", Go: "go1.26", PostgreSQL: "17.6"},
		Rows: []Row{
			ratio("lists <&>", "per second", "bare | handler", atLeast(0.8, "×"), []float64{90, 110, 100}, []float64{100, 100, 100}),
			ratio("purchases", "per second", "pgbench", atLeast(4, "×"), []float64{300}, []float64{100}).missedFor("Its time goes to waiting."),
			bound("allocations", "beyond", atMost(25, ""), []float64{14, 16}),
			bound("nothing", "measured", atMost(25, ""), nil),
		},
		Trials: []Trial{{Job: "a | run", Connections: 16, Offered: 5, Rate: 4, Refused: 1, Unsent: 7, P99: 2.5}, {Job: "another"}},
		Notes:  []string{"a note"},
	}
}

func TestARowHoldsItsFigureAgainstItsGoal(t *testing.T) {
	rows := someReport().Rows
	for i, want := range []struct {
		figure  float64
		met     bool
		printed string
	}{{1, true, "≥ 0.80 ×"}, {3, false, "≥ 4.00 ×"}, {15, true, "≤ 25.0"}, {0, false, "≤ 25.0"}} {
		if r := rows[i]; r.Figure != want.figure || r.Met != want.met || r.Goal.String() != want.printed {
			t.Errorf("%+v, want %+v", r, want)
		}
	}
}

func TestTheReportIsPrintedWhole(t *testing.T) {
	var out bytes.Buffer
	if err := someReport().Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2 of 4 goals met, in 1m1s", "100 (90.0–110)", "MISSED", "1.00 refused", "7 not sent", "a note", "17.6",
		"MISSED: purchases, per second, against pgbench, is 3.00 × instead of ≥ 4.00 ×. Its time goes to waiting.\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestThePageIsTablesAndItsChart(t *testing.T) {
	var out bytes.Buffer
	if err := someReport().Page(&out, "performance.svg"); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if !strings.HasPrefix(text, "# Performance\n") || strings.Count(text, "](performance.svg)") != 1 {
		t.Error(text)
	}
	if strings.Count(text, "\n## What was missed") != 1 || strings.Count(text, "\n- purchases, per second, against pgbench, is 3.00 × instead of") != 1 {
		t.Error(text)
	}
	columns, rows := 0, 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(line, "|") - strings.Count(line, `\|`)
		if columns != 0 && n != columns {
			t.Errorf("%d columns instead of %d: %s", n, columns, line)
		}
		columns, rows = n, rows+1
	}
	if rows != 2+6+2+4+2+2 {
		t.Errorf("%d rows in the page's tables:\n%s", rows, text)
	}
}

func TestTheChartIsAPictureWithABarForEachFigure(t *testing.T) {
	var out bytes.Buffer
	if err := someReport().Chart(&out); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for d := xml.NewDecoder(&out); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			count[e.Name.Local]++
		}
	}
	const legend = 3
	if count["rect"] != legend+4+2 || count["line"] != 1+4 || count["script"] != 0 || count["svg"] != 1 {
		t.Errorf("%v", count)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAReportThatCannotBeWrittenSaysSo(t *testing.T) {
	r := someReport()
	for name, write := range map[string]func(io.Writer) error{
		"print": r.Print, "json": r.JSON, "chart": r.Chart,
		"page": func(w io.Writer) error { return r.Page(w, "chart.svg") },
	} {
		if write(full{}) == nil {
			t.Errorf("%s did not notice", name)
		}
	}
}
