package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"giftimbiz/internal/clock"
)

const (
	lookEvery   = time.Second      // how late a job that is due begins
	leaseFor    = 30 * time.Second // how long a job rests whose node died
	renewals    = 4                // tries to renew a lease before it runs out
	longest     = time.Hour        // a job that takes longer is broken off, and goes on when it is due again
	retryAfter  = time.Minute      // after a failure, at the latest
	noteWithin  = 5 * time.Second  // what became of a job is noted within this, also while the process stops
	failureKept = 500              // bytes
)

// How a run may end.
const (
	OK      = "ok"
	Failed  = "failed"
	Lost    = "lost"    // the lease
	Stopped = "stopped" // with its process
)

// Outcomes lists them.
func Outcomes() []string { return []string{OK, Failed, Lost, Stopped} }

// Options are what New needs.
type Options struct {
	Store  Store
	Clock  clock.Clock // says what is due
	Logger *slog.Logger
	Jobs   []Job
	Ran    func(name, outcome string, took time.Duration) // is told of each run of this process; may be nil
	Seen   func([]State)                                  // is told what the database knows, every second; may be nil

	LookEvery time.Duration // 0 = a second
	LeaseFor  time.Duration // 0 = 30 seconds
}

// Runner does jobs as they become due, from Start until Stop.
type Runner struct {
	Options
	ctx    context.Context // ends with Stop
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	running map[string]bool // guarded by mu: jobs of this process
	failing map[string]bool // guarded by mu: those whose last run here failed
}

// New returns a runner. It panics when something is missing or two jobs have one name.
func New(o Options) *Runner {
	if o.Store == nil || o.Clock == nil || o.Logger == nil {
		panic("job: New needs a store, a clock and a logger")
	}
	names := map[string]bool{}
	for _, j := range o.Jobs {
		if j.Name == "" || j.When == nil || j.Work == nil || names[j.Name] {
			panic("job: a job lacks something, or its name is another's: " + j.Name)
		}
		names[j.Name] = true
	}
	if o.LookEvery == 0 {
		o.LookEvery = lookEvery
	}
	if o.LeaseFor == 0 {
		o.LeaseFor = leaseFor
	}
	r := &Runner{Options: o, running: map[string]bool{}, failing: map[string]bool{}}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Start begins to look for jobs that are due.
func (r *Runner) Start() { r.wg.Go(r.look) }

// Stop breaks off what this process does, gives the leases back and waits until all is over.
func (r *Runner) Stop() {
	r.cancel()
	r.wg.Wait()
}

// look asks again and again what is due. That it fails is logged when that begins and when it is over.
func (r *Runner) look() {
	ticker := time.NewTicker(r.LookEvery)
	defer ticker.Stop()
	added, failing := false, false
	for {
		err := error(nil)
		if !added {
			err = r.add()
			added = err == nil
		}
		if err == nil {
			err = r.turn()
		}
		if r.ctx.Err() == nil {
			r.logChange("looking for jobs", failing, err)
			failing = err != nil
		}
		select {
		case <-r.ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (r *Runner) add() error {
	names := make([]string, len(r.Jobs))
	for i, j := range r.Jobs {
		names[i] = j.Name
	}
	return r.Store.AddJobs(r.ctx, names)
}

// turn begins what is due and free.
func (r *Runner) turn() error {
	states, err := r.Store.Jobs(r.ctx)
	if err != nil {
		return err
	}
	if r.Seen != nil {
		r.Seen(states)
	}
	due := map[string]time.Time{}
	for _, s := range states {
		if s.Free {
			due[s.Name] = s.Due
		}
	}
	now := r.Clock.Now()
	for _, j := range r.Jobs {
		at, free := due[j.Name]
		// What is due later than it could be was put off by a clock that was ahead, and has been set back since.
		if free && (!at.After(now) || at.After(j.When(now))) && r.enter(j.Name) {
			r.wg.Go(func() {
				defer r.leave(j.Name)
				r.run(j, at, now)
			})
		}
	}
	return nil
}

// enter notes that this process does a job, unless it does so already.
func (r *Runner) enter(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[name] {
		return false
	}
	r.running[name] = true
	return true
}

func (r *Runner) leave(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, name)
}

// run does a job if this process gets its lease.
func (r *Runner) run(j Job, due, began time.Time) {
	ctx, cancel := context.WithCancelCause(r.ctx)
	defer cancel(nil)
	l := &lease{runner: r, name: j.Name, token: rand.Text(), lose: func() { cancel(ErrLost) }}
	taken, err := l.take(ctx, due, began)
	if err != nil || !taken {
		if err != nil && r.ctx.Err() == nil {
			r.Logger.Warn("a job's lease was not taken", "job", j.Name, "error", err)
		}
		return
	}
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		l.keep(ctx)
	}()
	done, err := r.work(ctx, j)
	lost := errors.Is(context.Cause(ctx), ErrLost)
	cancel(nil)
	<-kept
	ended := r.Clock.Now()
	report := Report{
		Name: j.Name, Token: l.token, Due: due, Next: j.When(began), Ended: ended, Took: max(ended.Sub(began), 0), Done: done,
	}
	r.note(j, report, lost, err)
}

// work does a job. A job that panics has failed: it would take down one node after the other.
func (r *Runner) work(ctx context.Context, j Job) (done int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			r.Logger.Error("a job panicked", "job", j.Name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return j.Work(ctx)
}

// note stores what became of a job, and tells those who count.
func (r *Runner) note(j Job, report Report, lost bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), noteWithin)
	defer cancel()
	outcome := OK
	var unstored error
	switch {
	case err == nil:
		unstored = r.Store.EndJob(ctx, report)
	case lost:
		outcome = Lost
	case r.ctx.Err() != nil:
		outcome = Stopped
		unstored = r.Store.LeaveJob(ctx, j.Name, report.Token)
	default:
		outcome = Failed
		report.Failure = short(err.Error())
		if retry := report.Ended.Add(retryAfter); retry.Before(report.Next) {
			report.Next = retry
		}
		unstored = r.Store.EndJob(ctx, report)
	}
	switch outcome {
	case Lost:
		r.Logger.Warn("a job's lease was lost; another node takes it up", "job", j.Name)
	case OK, Failed:
		r.logFailure(j.Name, err)
	}
	if unstored != nil { // the job is done again when the lease has run out
		r.Logger.Warn("what became of a job was not noted", "job", j.Name, "outcome", outcome, "error", unstored)
	}
	if r.Ran != nil {
		r.Ran(j.Name, outcome, report.Took)
	}
}

// short bounds what is kept of an error.
func short(failure string) string {
	if len(failure) > failureKept {
		failure = strings.ToValidUTF8(failure[:failureKept], "") + "…"
	}
	return failure
}

// logFailure says that a job fails when that begins and when it is over, not every time.
func (r *Runner) logFailure(name string, err error) {
	r.mu.Lock()
	was := r.failing[name]
	r.failing[name] = err != nil
	r.mu.Unlock()
	r.logChange("job "+name, was, err)
}

func (r *Runner) logChange(what string, was bool, err error) {
	if err != nil && !was {
		r.Logger.Error(what+" fails", "error", err)
	}
	if err == nil && was {
		r.Logger.Info(what + " works again")
	}
}
