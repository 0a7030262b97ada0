// Package faults is what tests of faults share: buyers who remember what they were told, connections that break, and a table of
// what each fault did. Its own tests kill servers and databases under load. How many rounds they make is chosen by
// GIFTIMBIZ_FAULTS: all of them with "all", as make test-faults does, else the few of make test.
package faults

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

const (
	chosen    = "GIFTIMBIZ_FAULTS"      // "all", or a selection
	tableFile = "GIFTIMBIZ_FAULT_TABLE" // the file that rows are added to
)

// Row is what a fault did, in all its rounds. Nothing may be lost or doubled, ever.
type Row struct {
	Fault        string // in a few words
	On           string // "SQLite", "PostgreSQL", …
	Rounds       int
	Acknowledged int           // purchases whose buyers were told of an order
	Lost         int           // of them are not there
	Doubled      int           // orders that nobody was told of after asking again, vouchers sold twice, sums that do not fit
	Recovery     time.Duration // the longest from the end of the fault to the next answer; 0 = does not apply
}

// All reports whether all rounds are asked for.
func All() bool { return os.Getenv(chosen) == "all" }

// Rounds returns how many rounds a fault has: all of them, or the few of make test.
func Rounds(few, all int) int {
	if All() {
		return all
	}
	return few
}

// OnlyAll skips, with a reason, what has no place among the few rounds of make test.
func OnlyAll(t testing.TB, why string) {
	t.Helper()
	if !All() {
		t.Skipf("skipped: %s; make test-faults runs it", why)
	}
}

// Report puts the row into the table, and fails the test when something was lost or doubled.
func Report(t testing.TB, row Row) {
	t.Helper()
	if row.Lost != 0 || row.Doubled != 0 {
		t.Errorf("%s: %d lost, %d doubled", row.Fault, row.Lost, row.Doubled)
	}
	line, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", line)
	path := os.Getenv(tableFile)
	if path == "" {
		return
	}
	// Appending a line is one write: packages whose tests run at once share the file.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
