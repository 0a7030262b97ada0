package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// Report is what one run of the bench found.
type Report struct {
	Rows   []Row    `json:"rows"`
	Trials []Trial  `json:"trials"`
	Notes  []string `json:"notes"`
}

// Row is one figure beside its goal: a ratio to a yardstick that was run in turn with it, or a value by itself.
type Row struct {
	Job       string    `json:"job"`
	Measure   string    `json:"measure"`             // what Ours and Theirs count
	Yardstick string    `json:"yardstick,omitempty"` // what Theirs is; "" = the goal bounds Ours itself
	Ours      []float64 `json:"ours"`                // of each round
	Theirs    []float64 `json:"theirs,omitempty"`
	Figure    float64   `json:"figure"` // the ratio of the medians or, without a yardstick, the median
	Goal      Goal      `json:"goal"`
	Met       bool      `json:"met"`
}

// Goal is what a figure has to reach.
type Goal struct {
	Value  float64 `json:"value"`
	AtMost bool    `json:"at_most"` // else at least
	Unit   string  `json:"unit"`    // × for ratios
}

// Trial is what the load generator and the server's own figures say of one run.
type Trial struct {
	Job         string  `json:"job"`
	Connections int     `json:"connections"`
	Offered     float64 `json:"offered_per_second,omitempty"` // fixed-rate runs only
	Rate        float64 `json:"per_second"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	P999        float64 `json:"p999_ms"`
	Refused     float64 `json:"refused_per_second,omitempty"`
	RefusedP99  float64 `json:"refused_p99_ms,omitempty"`
	Unsent      int     `json:"unsent,omitempty"`        // too many waited for a connection already; the latencies count them as slowest
	CPU         float64 `json:"server_cpu_us"`           // per answer, of the server alone
	Allocations float64 `json:"allocations"`             // heap objects per answer; 0 = not measured
	Written     float64 `json:"written_bytes,omitempty"` // per answer, by server and database; 0 = nothing or not measured
	Memory      float64 `json:"memory_mib,omitempty"`    // resident in the server at the end; 0 = not measured
}

func atLeast(value float64, unit string) Goal { return Goal{Value: value, Unit: unit} }
func atMost(value float64, unit string) Goal  { return Goal{Value: value, Unit: unit, AtMost: true} }

func (g Goal) met(figure float64) bool {
	if g.AtMost {
		return figure <= g.Value
	}
	return figure >= g.Value
}

// ratio makes a row of ours beside a yardstick's, round by round.
func ratio(job, measure, yardstick string, goal Goal, ours, theirs []float64) Row {
	r := Row{Job: job, Measure: measure, Yardstick: yardstick, Ours: ours, Theirs: theirs, Goal: goal}
	if m := median(theirs); m > 0 {
		r.Figure = median(ours) / m
	}
	r.Met = len(ours) > 0 && r.Figure > 0 && goal.met(r.Figure)
	return r
}

// bound makes a row of figures that are held against the goal themselves.
func bound(job, measure string, goal Goal, ours []float64) Row {
	r := Row{Job: job, Measure: measure, Ours: ours, Goal: goal, Figure: median(ours)}
	r.Met = len(ours) > 0 && goal.met(r.Figure)
	return r
}

const mebibyte = 1 << 20

// column takes one figure of each trial.
func column(trials []Trial, figure func(Trial) float64) (values []float64) {
	for _, t := range trials {
		values = append(values, figure(t))
	}
	return values
}

func rates(trials []Trial) []float64 { return column(trials, func(t Trial) float64 { return t.Rate }) }

func cpus(trials []Trial) []float64 { return column(trials, func(t Trial) float64 { return t.CPU }) }

func p99s(trials []Trial) []float64 { return column(trials, func(t Trial) float64 { return t.P99 }) }

func allocations(trials []Trial) []float64 {
	return column(trials, func(t Trial) float64 { return t.Allocations })
}

// minus subtracts round by round.
func minus(a, b []float64) (differences []float64) {
	for i := range min(len(a), len(b)) {
		differences = append(differences, a[i]-b[i])
	}
	return differences
}

// grouped writes a number with commas: 1,000,000.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

// Print writes the report as tables.
func (r *Report) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "JOB\tMEASURE\tOURS\tYARDSTICK\tITS\tFIGURE\tGOAL\t") // Flush reports
	for _, row := range r.Rows {
		verdict := "met"
		if !row.Met {
			verdict = "MISSED"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Job, row.Measure, spread(row.Ours), row.Yardstick,
			spread(row.Theirs), short(row.Figure), row.Goal, verdict)
	}
	return table.Flush()
}

// String is how a goal is written: "≥ 0.80 ×".
func (g Goal) String() string {
	sign := "≥"
	if g.AtMost {
		sign = "≤"
	}
	return fmt.Sprintf("%s %s %s", sign, short(g.Value), g.Unit)
}

// short writes a figure with three digits that count.
func short(v float64) string {
	switch {
	case v >= 100 || v == 0:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// spread shows a median and its range.
func spread(values []float64) string {
	switch len(values) {
	case 0:
		return "-"
	case 1:
		return short(values[0])
	}
	return fmt.Sprintf("%s (%s–%s)", short(median(values)), short(slices.Min(values)), short(slices.Max(values)))
}

// JSON writes the report for programs.
func (r *Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
