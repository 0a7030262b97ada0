package inside

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
)

// ErrInjected is what a statement fails with where the store is in the same process.
var ErrInjected = errors.New("injected fault")

// How a statement fails.
type How int

// A statement that is NotStored does not run; one that is Stored runs, and its answer is lost. A COMMIT may also be Refused: the
// database says that the transaction lost a race, as those do that keep transactions strictly apart.
const (
	NotStored How = iota
	Stored
	Refused
)

// String says it in words.
func (h How) String() string {
	return [...]string{"and was not stored", "but was stored", "and was refused"}[h]
}

// Faults counts statements and lets one of them fail. Its methods may be called from any goroutine.
type Faults struct {
	mu    sync.Mutex
	armed bool
	at    int // which statement fails, from 1; 0 = none
	how   How
	rain  int // one of so many fails; 0 = none does
	seen  []string
}

// Arm begins to count. The statement of that number, from 1, fails; 0 = none does.
func (f *Faults) Arm(at int, how How) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.at, f.how, f.seen = true, at, how, nil
}

// Rain lets one of n statements fail from now on, at random and in each way; 0 = none any more.
func (f *Faults) Rain(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rain = n
}

// Disarm ends counting and returns the statements that were counted.
func (f *Faults) Disarm() (seen []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
	return f.seen
}

// next says whether a statement that is about to run fails. How connections are set up, and that a transaction is given up, is
// nothing that an operation sends.
func (f *Faults) next(statement string) (how How, fails bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if statement == "ROLLBACK" || strings.HasPrefix(statement, "SET ") || strings.HasPrefix(statement, "PRAGMA") {
		return 0, false
	}
	if f.rain > 0 {
		return How(rand.IntN(2)), rand.IntN(f.rain) == 0
	}
	if !f.armed {
		return 0, false
	}
	f.seen = append(f.seen, statement)
	return f.how, len(f.seen) == f.at
}

// Spoil is for storage.OpenSpoilt.
func (f *Faults) Spoil(statement string, run func() error) error {
	how, fails := f.next(statement)
	switch {
	case !fails:
		return run()
	case how == Stored:
		return errors.Join(run(), ErrInjected)
	default:
		return ErrInjected
	}
}
