package bench

import (
	"fmt"
	"io"
	"strings"
)

// Page writes the report as a page of documentation, in Markdown. chart is the name of the picture that Chart drew, in the
// same folder.
func (r *Report) Page(w io.Writer, chart string) error {
	page := &errorWriter{w: w}
	page.printf("# Performance\n\n%s\n\n", strings.TrimSpace(howMeasured))
	page.printf("Measured on %s in %s.\n\n| | |\n|---|---|\n", r.Began.Format("2006-01-02"), r.Took.String())
	for _, line := range r.Machine.lines() {
		page.printf("| %s | %s |\n", line[0], cell(line[1]))
	}
	page.printf("\n## Results\n\n%s. Each figure is a median, with the range of the rounds behind it.\n\n", r.summary())
	page.printf("![Ours beside the yardsticks](%s)\n\n", chart)
	page.printf("| what | measure | ours | yardstick | its | figure | goal | |\n|---|---|--:|---|--:|--:|--:|---|\n")
	for _, row := range r.Rows {
		page.printf("| %s | %s | %s | %s | %s | %s | %s | %s |\n", cell(row.Job), cell(row.Measure), spread(row.Ours),
			cell(row.Yardstick), spread(row.Theirs), row.figure(), row.Goal, row.verdict())
	}
	page.reasons(r.Rows)
	page.printf("\n## Runs\n\nOne line per run of the load generator. Times are in ms; CPU is in µs per answer, of the server alone;\n" +
		"allocations and bytes of PostgreSQL's log are per answer.\n\n")
	page.printf("| run | connections | offered/s | served/s | p50 | p99 | p99.9 | CPU | allocations | WAL bytes | memory MiB |\n" +
		"|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, t := range r.Trials {
		t.Job = cell(t.Job)
		page.printf("| %s |\n", strings.Join(t.cells(), " | "))
	}
	if len(r.Notes) > 0 {
		page.printf("\n## Notes\n\n")
	}
	for _, note := range r.Notes {
		page.printf("- %s\n", note)
	}
	return page.err
}

// reasons says of missed rows where their time goes.
func (e *errorWriter) reasons(rows []Row) {
	heading := "\n## What was missed, and where the time goes\n\n"
	for _, row := range rows {
		if row.Why != "" {
			e.printf("%s- %s\n", heading, row.reason())
			heading = ""
		}
	}
}

const howMeasured = `
What ` + "`make bench`" + ` prints, on one machine. Seconds differ between machines; ratios to a yardstick that runs in turn with
what is measured, in the same minutes, hold better.

- Servers run in processes of their own, as they are shipped, with databases in temporary folders. The load generator,
  on the same machine, drives real HTTP over keep-alive connections with full credentials.
- The generator sends every request it counts and compares every answer with what is right. A wrong one fails the run.
- The yardstick of lists is a bare ` + "`net/http`" + ` handler in the same binary, which reads the same requests and sends
  the same bytes. The yardstick of purchases is the same purchase made on the same tables by ` + "`pgbench`" + `.
- Runs at a fixed rate send each request when it is due, whatever became of the ones before, and count its latency from
  that time. In the other runs each connection waits for an answer before it sends the next request.
- A soak finds the peak anew before each of its parts and asks for a share of it, for a machine that is shared with others
  is not always as fast.
- CPU and memory are the system's figures of the server's process; allocations are its own.
`

// cell makes text safe inside a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

// errorWriter remembers the first error.
type errorWriter struct {
	w   io.Writer
	err error
}

func (e *errorWriter) printf(format string, args ...any) {
	if e.err == nil {
		_, e.err = fmt.Fprintf(e.w, format, args...)
	}
}
