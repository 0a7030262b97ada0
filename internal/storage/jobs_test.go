package storage_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/job"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

const (
	atOnce  = time.Millisecond
	forever = time.Hour
)

// runner does one job, looking for it all the time. It stops before the database closes.
func runner(t *testing.T, h *storagetest.House, store job.Store, lease time.Duration, work func(context.Context) (int64, error)) *job.Runner {
	t.Helper()
	r := job.New(job.Options{
		Store: store, Clock: h.Clock, Logger: slog.New(slog.DiscardHandler), LookEvery: atOnce, LeaseFor: lease,
		Jobs: []job.Job{{Name: "work", When: job.Every(time.Hour), Work: work}},
	})
	r.Start()
	t.Cleanup(r.Stop)
	return r
}

// theRun returns how the job is, once it is as wanted.
func theRun(t *testing.T, db *storage.DB, wanted func(office.JobRun) bool) office.JobRun {
	t.Helper()
	for {
		list, err := db.JobRuns(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			if r.Name == "work" && wanted(r) {
				return r
			}
		}
		time.Sleep(atOnce)
	}
}

func TestAJobIsDoneOnceAtATime(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const runs = 20
		var inside, done atomic.Int64
		work := func(context.Context) (int64, error) {
			if inside.Add(1) > 1 {
				t.Error("a job is done by two at once")
			}
			time.Sleep(atOnce)
			inside.Add(-1)
			return done.Add(1), nil
		}
		other := h.SecondNode()
		for _, node := range []*storagetest.House{h, other, h, other} {
			runner(t, node, node.DB, forever, work)
		}
		for n := int64(1); n <= runs; n++ {
			r := theRun(t, h.DB, func(r office.JobRun) bool { return r.Done == n && !r.Running })
			if !r.Due.Equal(h.Clock.Now().Add(time.Hour)) || !r.Succeeded.Equal(h.Clock.Now()) || r.Failures != 0 {
				t.Errorf("%+v", r)
			}
			h.Clock.Advance(time.Hour)
		}
	})
}

// deadStore is the store of a process that was killed: it stores nothing any more.
type deadStore struct {
	job.Store
	dead atomic.Bool
}

var errDead = errors.New("dead")

func (d *deadStore) Jobs(ctx context.Context) ([]job.State, error) {
	if d.dead.Load() {
		return nil, errDead
	}
	return d.Store.Jobs(ctx)
}

func (d *deadStore) KeepJob(ctx context.Context, name, token string, lease time.Duration) error {
	if d.dead.Load() {
		return errDead
	}
	return d.Store.KeepJob(ctx, name, token, lease)
}

func (d *deadStore) EndJob(ctx context.Context, r job.Report) error {
	if d.dead.Load() {
		return errDead
	}
	return d.Store.EndJob(ctx, r)
}

func (d *deadStore) LeaveJob(ctx context.Context, name, token string) error {
	if d.dead.Load() {
		return errDead
	}
	return d.Store.LeaveJob(ctx, name, token)
}

// TestAJobOfADeadNodeIsTakenUp when its lease runs out, and ends there then.
func TestAJobOfADeadNodeIsTakenUp(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const lease = 200 * time.Millisecond
		dead := &deadStore{Store: h.DB}
		began, broken := make(chan bool, 1), make(chan error, 1)
		var once, ended sync.Once // on a slow machine the lease may be lost, and the work begun again, before the node dies
		runner(t, h, dead, lease, func(ctx context.Context) (int64, error) {
			once.Do(func() { began <- true })
			<-ctx.Done()
			ended.Do(func() { broken <- context.Cause(ctx) })
			return 0, ctx.Err()
		})
		<-began
		theRun(t, h.DB, func(r office.JobRun) bool { return r.Running })
		other := h.SecondNode()
		runner(t, other, other.DB, lease, func(context.Context) (int64, error) { return 7, nil })
		dead.dead.Store(true)
		if r := theRun(t, h.DB, func(r office.JobRun) bool { return r.Done == 7 }); r.Failures != 0 {
			t.Errorf("%+v", r)
		}
		if err := <-broken; !errors.Is(err, job.ErrLost) {
			t.Errorf("the dead node's work ended with %v", err)
		}
	})
}

// TestALeaseTakenByAnotherEndsTheWork of a node that was paused, and what it did is not noted.
func TestALeaseTakenByAnotherEndsTheWork(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		began, broken := make(chan bool, 1), make(chan error, 1)
		var once, ended sync.Once
		runner(t, h, h.DB, time.Second, func(ctx context.Context) (int64, error) {
			once.Do(func() { began <- true })
			<-ctx.Done()
			ended.Do(func() { broken <- context.Cause(ctx) })
			return 0, errors.New("not noted")
		})
		<-began
		o.alter(`UPDATE jobs SET lease_token = 'another', leased_until = leased_until + 3600000`)
		if err := <-broken; !errors.Is(err, job.ErrLost) {
			t.Errorf("ended with %v", err)
		}
		if r := theRun(t, h.DB, func(r office.JobRun) bool { return r.Running }); r.Failures != 0 || !r.Ended.IsZero() {
			t.Errorf("%+v", r)
		}
		if err := h.DB.EndJob(t.Context(), job.Report{Name: "work", Token: "lost"}); !errors.Is(err, job.ErrLost) {
			t.Errorf("a lost job's end is noted: %v", err)
		}
	})
}

// TestStoppingLeavesAJobToOthers at once, however long the lease.
func TestStoppingLeavesAJobToOthers(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		began := make(chan bool)
		first := runner(t, h, h.DB, forever, func(ctx context.Context) (int64, error) {
			began <- true
			<-ctx.Done()
			return 0, ctx.Err()
		})
		<-began
		first.Stop()
		if r := theRun(t, h.DB, func(office.JobRun) bool { return true }); r.Running || r.Failures != 0 {
			t.Errorf("%+v", r)
		}
		runner(t, h, h.DB, forever, func(context.Context) (int64, error) { return 3, nil })
		theRun(t, h.DB, func(r office.JobRun) bool { return r.Done == 3 })
	})
}

// TestFailuresAreNoted with when they began, and the job is tried again within a minute.
func TestFailuresAreNoted(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		var well atomic.Bool
		runner(t, h, h.DB, forever, func(context.Context) (int64, error) {
			if !well.Load() {
				panic("no luck")
			}
			return 5, nil
		})
		since := h.Clock.Now()
		for n := int64(1); n <= 3; n++ {
			r := theRun(t, h.DB, func(r office.JobRun) bool { return r.Failures == n && !r.Running })
			if !r.FailingSince.Equal(since) || r.Failure != "panic: no luck" || !r.Due.Equal(h.Clock.Now().Add(time.Minute)) {
				t.Errorf("%+v", r)
			}
			well.Store(n == 3)
			h.Clock.Advance(time.Minute)
		}
		r := theRun(t, h.DB, func(r office.JobRun) bool { return r.Done == 5 })
		if r.Failures != 0 || r.Failure != "" || !r.FailingSince.IsZero() || !r.Due.Equal(h.Clock.Now().Add(time.Hour)) {
			t.Errorf("%+v", r)
		}
	})
}

// TestAskedForAJobIsDone at once; while it is done, again after that. A clock that is set back keeps none from being done.
func TestAskedForAJobIsDone(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		turn, runs := make(chan bool), int64(0)
		runner(t, h, h.DB, forever, func(context.Context) (int64, error) {
			<-turn
			runs++
			return runs, nil
		})
		ask := func() {
			t.Helper()
			if err := h.DB.AskForJob(office.As(t.Context(), office.Actor{Name: "kim"}), "work", h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		isDone := func(n int64) {
			t.Helper()
			theRun(t, h.DB, func(r office.JobRun) bool { return r.Done == n })
		}
		turn <- true
		isDone(1)
		ask()
		theRun(t, h.DB, func(r office.JobRun) bool { return r.Running })
		ask()
		turn <- true
		isDone(2)
		turn <- true
		isDone(3)
		h.Clock.Advance(-30 * 24 * time.Hour)
		turn <- true
		isDone(4)
		entries, err := h.DB.Audit(t.Context(), office.AuditFilter{Action: "job.run"}, 0, 10)
		if err != nil || len(entries) != 2 || entries[0].Subject != "job:work" || entries[0].Actor.Name != "kim" {
			t.Errorf("%+v, %v", entries, err)
		}
		if err := h.DB.AskForJob(t.Context(), "play", h.Clock.Now()); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a job that does not exist: %v", err)
		}
	})
}
