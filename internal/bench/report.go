package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Row is one line of the report: a job beside its yardstick. Rates are per second; the ratio is that of the medians.
type Row struct {
	Job       string    `json:"job"`
	Yardstick string    `json:"yardstick"`
	Ours      []float64 `json:"ours"`
	Theirs    []float64 `json:"theirs"`
	Goal      float64   `json:"goal"`
	Ratio     float64   `json:"ratio"`
	P50Ms     float64   `json:"p50_ms"`
	P99Ms     float64   `json:"p99_ms"`
	CPUMicros float64   `json:"server_cpu_us_per_request"`
	Met       bool      `json:"met"`
}

func newRow(job, yardstick string, goal float64, ours, theirs []float64, last result, cpu time.Duration) Row {
	r := Row{Job: job, Yardstick: yardstick, Ours: ours, Theirs: theirs, Goal: goal}
	if m := median(theirs); m > 0 {
		r.Ratio = median(ours) / m
	}
	r.Met = r.Ratio >= goal
	r.P50Ms, r.P99Ms = milliseconds(last.quantile(0.50)), milliseconds(last.quantile(0.99))
	if last.requests > 0 {
		r.CPUMicros = float64(cpu.Microseconds()) / float64(last.requests)
	}
	return r
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// Print writes the report as a table.
func Print(w io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "JOB\tOURS /s\tYARDSTICK\t/s\tRATIO\tGOAL\t\tP50 ms\tP99 ms\tSERVER CPU µs") // Flush reports
	for _, r := range rows {
		verdict := "met"
		if !r.Met {
			verdict = "MISSED"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.2f\t%.2f\t%s\t%.2f\t%.2f\t%.0f\n", r.Job, spread(r.Ours), r.Yardstick,
			spread(r.Theirs), r.Ratio, r.Goal, verdict, r.P50Ms, r.P99Ms, r.CPUMicros)
	}
	return table.Flush()
}

// spread shows a median and its range.
func spread(values []float64) string {
	if len(values) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f (%.0f–%.0f)", median(values), slices.Min(values), slices.Max(values))
}

// JSON writes the report for programs.
func JSON(w io.Writer, rows []Row) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(rows)
}
