// Package job does the background work of the whole house: what has to be done once, on whichever node. A job that is due is
// done by the node that takes its lease, so that on any number of nodes it is done once at a time; when that node dies, its
// lease runs out and another takes the job up.
package job

import (
	"context"
	"errors"
	"time"

	"giftimbiz/internal/gift"
)

// Job is background work.
type Job struct {
	Name string // what it is kept under; never given to another
	When Schedule
	// Work does what is due and returns how much that was. It may be broken off at any moment, by its context or by the end of
	// its process, and is begun anew then: it keeps how far it came in the transactions that bring it there. A node that
	// was paused for longer than its lease may find that another does the same just now.
	Work func(ctx context.Context) (done int64, err error)
}

// Schedule returns when a job is due that began at a time.
type Schedule func(began time.Time) time.Time

// Every makes a job due a while after it began.
func Every(pause time.Duration) Schedule {
	return func(began time.Time) time.Time { return began.Add(pause) }
}

// AfterMidnight makes a job due once a day, so long after midnight in Seoul; less than a day.
func AfterMidnight(wait time.Duration) Schedule {
	return func(began time.Time) time.Time {
		due := gift.DayOf(began).Start().Add(wait)
		if due.After(began) {
			return due
		}
		return gift.DayOf(began).End().Add(wait)
	}
}

// State is what the database knows of a job.
type State struct {
	Name      string
	Due       time.Time // by the house's clock
	Free      bool      // nobody holds its lease
	Succeeded time.Time // when it last ended well; zero: never
}

// Claim asks for the lease of a job.
type Claim struct {
	Name  string
	Due   time.Time     // as it was read: who has done the job meanwhile has moved it
	Token string        // tells this holder from all others
	For   time.Duration // by the database's clock
	Began time.Time     // by the house's
}

// Report is what became of a job.
type Report struct {
	Name, Token string
	Due         time.Time // as in the claim; when it was changed since, somebody wants the job done again at once
	Next        time.Time // when it is due again
	Ended       time.Time
	Took        time.Duration
	Done        int64
	Failure     string // empty: it ended well
}

// ErrLost says that the lease of a job ran out and was taken by another.
var ErrLost = errors.New("the lease of the job was lost")

// Store keeps jobs. Its methods may be called from any goroutine and any process; leases go by the database's clock.
type Store interface {
	// AddJobs makes jobs known, due at once, that are not yet.
	AddJobs(ctx context.Context, names []string) error
	// Jobs returns the states of all jobs. It is asked every second.
	Jobs(ctx context.Context) ([]State, error)
	// TakeJob takes the lease of a job that is free and still due when it was. Of any number who ask at once one gets it.
	TakeJob(ctx context.Context, c Claim) (taken bool, err error)
	// KeepJob makes a lease last so long from now on, or returns ErrLost.
	KeepJob(ctx context.Context, name, token string, lease time.Duration) error
	// EndJob notes what became of a job and gives its lease back, or returns ErrLost.
	EndJob(ctx context.Context, r Report) error
	// LeaveJob gives the lease of a job back that was broken off; it is due as before. It does nothing when the lease is lost.
	LeaveJob(ctx context.Context, name, token string) error
}
