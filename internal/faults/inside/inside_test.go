package inside_test

import (
	"strings"
	"testing"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/faults/inside"
	"giftimbiz/internal/storage/storagetest"
)

// TestWhicheverStatementFailsWhoAsksAgainIsToldTheTruth lets each statement of each operation fail, in each way. What was asked for
// is done once, and the doctor finds nothing.
func TestWhicheverStatementFailsWhoAsksAgainIsToldTheTruth(t *testing.T) {
	for _, o := range operations {
		t.Run(o.name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, h *house, engine string) {
				statements := h.clean(t, o)
				row := faults.Row{Fault: "each statement fails: " + o.name, On: engine}
				for n, statement := range statements {
					for _, how := range []inside.How{inside.NotStored, inside.Stored, inside.Refused} {
						if chosen(engine, n, how, statement) {
							row.Rounds++
							row.Acknowledged += h.spoilt(t, o, n+1, how, statement)
						}
					}
				}
				row.Doubled = row.Rounds - row.Acknowledged
				faults.Report(t, row)
			})
		})
	}
}

// chosen tells whether a statement is made to fail in a way: every one in all rounds; in a few, COMMITs and some others. What is
// refused is a COMMIT of PostgreSQL's.
func chosen(engine string, n int, how inside.How, statement string) bool {
	commit := strings.EqualFold(statement, "COMMIT")
	if how == inside.Refused {
		return commit && engine == "PostgreSQL"
	}
	return faults.All() || commit || (n+int(how))%15 == 0
}

// clean runs an operation in which nothing fails, and returns its statements.
func (h *house) clean(t *testing.T, o operation) []string {
	t.Helper()
	h.n++
	h.later()
	try := o.begin(h)
	h.faults.Arm(0, 0)
	err := try.ask(t.Context())
	statements := h.faults.Disarm()
	if err != nil {
		t.Fatalf("nothing failed, and yet: %v", err)
	}
	if err := try.moved(); err != nil {
		t.Fatal(err)
	}
	if len(statements) < 3 {
		t.Fatalf("%d statements were counted: %q", len(statements), statements)
	}
	return statements
}

// spoilt runs an operation whose n-th statement fails, and returns how many of its callers were told the truth: one, or none.
func (h *house) spoilt(t *testing.T, o operation, n int, how inside.How, statement string) (told int) {
	t.Helper()
	h.n++
	h.later()
	try := o.begin(h)
	h.faults.Arm(n, how)
	err := try.ask(t.Context())
	h.faults.Disarm()
	first := err
	for tries := 0; err != nil && tries < 3; tries++ {
		err = try.ask(t.Context())
	}
	if err == nil {
		err = try.moved()
	}
	if err != nil {
		t.Errorf("statement %d, %.60q, failed %s. First told: %v. Then: %v", n, strings.TrimSpace(statement), how, first, err)
	}
	if faults.All() && (n%3 == 0 || strings.EqualFold(statement, "COMMIT")) { // and when all rounds are made
		storagetest.Healthy(t, h.peek)
	}
	if err != nil {
		return 0
	}
	return 1
}
