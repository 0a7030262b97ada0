// Command print writes the table of what faults did, from the rows that tests reported: print FILE.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"giftimbiz/internal/faults"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: print FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "print: %v\n", err)
		os.Exit(1)
	}
}

// errWrong says that something was lost or doubled, or that nothing was tried.
var errWrong = errors.New("something was lost or doubled, or nothing was tried")

func run(path string, w io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it is only read
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FAULT\tON\tROUNDS\tACKNOWLEDGED\tLOST\tDOUBLED\tRECOVERY")
	var all faults.Row
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r faults.Row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", r.Fault, r.On, r.Rounds, r.Acknowledged, r.Lost, r.Doubled, took(r.Recovery))
		all.Rounds, all.Acknowledged = all.Rounds+r.Rounds, all.Acknowledged+r.Acknowledged
		all.Lost, all.Doubled = all.Lost+r.Lost, all.Doubled+r.Doubled
	}
	fmt.Fprintf(table, "all\t\t%d\t%d\t%d\t%d\t\n", all.Rounds, all.Acknowledged, all.Lost, all.Doubled)
	if err := table.Flush(); err != nil {
		return err
	}
	if all.Rounds == 0 || all.Lost != 0 || all.Doubled != 0 {
		return errWrong
	}
	return nil
}

func took(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return d.Round(10 * time.Millisecond).String()
}
