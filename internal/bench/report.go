package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what one run of the bench found.
type Report struct {
	Began   time.Time     `json:"began"`
	Took    time.Duration `json:"took_ns"`
	Machine Machine       `json:"machine"`
	Rows    []Row         `json:"rows"`
	Trials  []Trial       `json:"trials"`
	Notes   []string      `json:"notes"`
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
	Why       string    `json:"why,omitempty"` // where the time goes, of a row that is missed
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
	Unsent      int     `json:"unsent,omitempty"`       // too many waited for a connection already; the latencies count them as slowest
	CPU         float64 `json:"server_cpu_us"`          // per answer, of the server alone
	Allocations float64 `json:"allocations"`            // heap objects per answer; 0 = not measured
	Logged      float64 `json:"logged_bytes,omitempty"` // per answer, into PostgreSQL's log; 0 = nothing or not measured
	Memory      float64 `json:"memory_mib,omitempty"`   // resident in the server at the end; 0 = not measured
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

// missedFor says where the time goes when the goal is missed: what profiles showed where it was.
func (r Row) missedFor(why string) Row {
	if !r.Met {
		r.Why = why
	}
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
	for _, line := range r.Machine.lines() {
		_, _ = fmt.Fprintf(w, "%-12s%s\n", line[0], line[1]) // the last write reports
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\nRUN\tCONNS\tOFFERED/s\tSERVED/s\tP50 ms\tP99 ms\tP99.9 ms\tCPU µs\tALLOCS\tWAL BYTES\tMiB")
	for _, t := range r.Trials {
		_, _ = fmt.Fprintln(table, strings.Join(t.cells(), "\t"))
	}
	_, _ = fmt.Fprintln(table)
	if err := table.Flush(); err != nil {
		return err
	}
	for _, note := range r.Notes {
		_, _ = fmt.Fprintln(w, note)
	}
	_, _ = fmt.Fprintln(table, "\nWHAT\tMEASURE\tOURS\tYARDSTICK\tITS\tFIGURE\tGOAL\t")
	for _, row := range r.Rows {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Job, row.Measure, spread(row.Ours), row.Yardstick,
			spread(row.Theirs), row.figure(), row.Goal, row.verdict())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, row := range r.Rows {
		if row.Why != "" {
			_, _ = fmt.Fprintf(w, "\nMISSED: %s\n", row.reason())
		}
	}
	_, err := fmt.Fprintf(w, "\n%s, in %s.\n", r.summary(), r.Took)
	return err
}

// summary is "12 of 14 goals met".
func (r *Report) summary() string {
	met := 0
	for _, row := range r.Rows {
		if row.Met {
			met++
		}
	}
	return fmt.Sprintf("%d of %d goals met", met, len(r.Rows))
}

// figure is the row's figure with its unit.
func (r Row) figure() string { return strings.TrimSpace(short(r.Figure) + " " + r.Goal.Unit) }

// reason is a missed row with where its time goes.
func (r Row) reason() string {
	name := r.Job + ", " + r.Measure
	if r.Yardstick != "" {
		name += ", against " + r.Yardstick
	}
	return fmt.Sprintf("%s, is %s instead of %s. %s", name, r.figure(), r.Goal, r.Why)
}

func (r Row) verdict() string {
	if r.Met {
		return "met"
	}
	return "MISSED"
}

// cells are the columns of a trial: RUN, CONNS, OFFERED/s and so on.
func (t Trial) cells() []string {
	measured := func(v float64) string {
		if v == 0 {
			return "-"
		}
		return short(v)
	}
	served := short(t.Rate)
	if t.Refused > 0 {
		served += fmt.Sprintf(" (%s refused, p99 %s ms)", short(t.Refused), short(t.RefusedP99))
	}
	if t.Unsent > 0 {
		served += fmt.Sprintf(" (%d not sent)", t.Unsent)
	}
	return []string{
		t.Job, strconv.Itoa(t.Connections), measured(t.Offered), served, measured(t.P50), measured(t.P99), measured(t.P999),
		measured(t.CPU), measured(t.Allocations), measured(t.Logged), measured(t.Memory),
	}
}

// String is how a goal is written: "≥ 0.80 ×".
func (g Goal) String() string {
	sign := "≥"
	if g.AtMost {
		sign = "≤"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", sign, short(g.Value), g.Unit))
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
