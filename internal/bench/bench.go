package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say what to measure and for how long.
type Options struct {
	Only     []string      // the jobs to run; empty = all but the long ones
	Rounds   int           // each job and its yardstick, in turn
	During   time.Duration // of one run
	Overload time.Duration // how long more is asked for than the server can take
	Soak     time.Duration // how long the soak lasts
	Offers   int           // in the list
	Large    int           // offers in the large list
	Partners int           // beside the hot one
	History  int           // orders of the past that a purchase is measured after
	House    House
	Progress io.Writer
}

// House fills databases for the bench. The command line implements it with the sample stock and real keys.
type House interface {
	// FillLists fills an empty database with a catalogue of so many offers (0 = with none) and returns a signed-in partner.
	FillLists(ctx context.Context, data, database string, offers int) (Buyer, error)
	// AddOffer puts a further offer of a product on sale, in a database that servers run on.
	AddOffer(ctx context.Context, database string, id, product, price int64) error
	// FillStock fills an empty database with offers 1…len(units), each of so many units of one product at one price, and
	// returns signed-in partners with the ids 1…n, rich enough for all of it.
	FillStock(ctx context.Context, data, database string, units []int64, partners int) ([]Buyer, Sale, error)
	// Sealer returns what encrypts a unit's number as the server of a folder would.
	Sealer(data, database string) (func(unit int64, number string) ([]byte, error), error)
}

// Buyer is a signed-in partner.
type Buyer struct {
	Name   string
	Header string // its credentials as header lines, each ended by CRLF
}

// Sale is what a purchase of any of the bench's offers names.
type Sale struct {
	Product string
	Price   int64
}

// job is one part of the bench. Its databases and servers live as long as it runs.
type job struct {
	name string // as --only names it
	run  func(*suite, context.Context) error
	long bool // runs only when it is named
}

// jobs are all of them, in the order they run.
var jobs = []job{
	{"lists", (*suite).lists, false},
	{"lists-large", (*suite).listsLarge, false},
	{"purchases", (*suite).purchases, false},
	{"sqlite", (*suite).sqlite, false},
	{"lone", (*suite).lone, false},
	{"nodes", (*suite).nodes, false},
	{"history", (*suite).history, false},
	{"overload", (*suite).overload, false},
	{"soak", (*suite).soak, true},
}

// JobNames lists what Options.Only may name.
func JobNames() (names []string) {
	for _, j := range jobs {
		names = append(names, j.name)
	}
	return names
}

// suite is one run of the bench.
type suite struct {
	Options
	dir    string // temporary
	report Report
}

// Run measures what Options ask for. The report holds what was measured before an error, too.
func Run(ctx context.Context, opt Options) (*Report, error) {
	dir, err := os.MkdirTemp("", "giftimbiz-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	s := &suite{Options: opt, dir: dir}
	s.report.Began = time.Now()
	defer func() { s.report.Took = time.Since(s.report.Began).Round(time.Second) }()
	if s.report.Machine, err = describeMachine(dir); err != nil {
		return nil, err
	}
	for _, name := range opt.Only {
		if !slices.Contains(JobNames(), name) {
			return nil, fmt.Errorf("there is no job %q; there are %s", name, strings.Join(JobNames(), ", "))
		}
	}
	for _, j := range jobs {
		if !slices.Contains(opt.Only, j.name) && (len(opt.Only) > 0 || j.long) {
			continue
		}
		if err := j.run(s, ctx); err != nil {
			return &s.report, fmt.Errorf("%s: %w", j.name, err)
		}
	}
	return &s.report, nil
}

// folder makes a folder of the run's own.
func (s *suite) folder(name string) (string, error) {
	dir := filepath.Join(s.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

func (s *suite) add(rows ...Row)          { s.report.Rows = append(s.report.Rows, rows...) }
func (s *suite) addTrial(trials ...Trial) { s.report.Trials = append(s.report.Trials, trials...) }

// note keeps something that a reader of the report should know, and says it.
func (s *suite) note(format string, args ...any) {
	s.report.Notes = append(s.report.Notes, fmt.Sprintf(format, args...))
	s.say(format, args...)
}

func (s *suite) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Progress, format+"\n", args...) // progress only
}
