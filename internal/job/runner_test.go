package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/job"
)

var errDown = errors.New("the database does not answer")

// store keeps one job in memory; its leases go by the time of the bubble.
type store struct {
	mu    sync.Mutex
	state job.State
	token string
	until time.Time
	down  bool
	kept  int
	last  job.Report
}

func (s *store) AddJobs(_ context.Context, names []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errDown
	}
	s.state.Name = names[0]
	return nil
}

func (s *store) Jobs(context.Context) ([]job.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errDown
	}
	state := s.state
	state.Free = !time.Now().Before(s.until)
	return []job.State{state}, nil
}

func (s *store) TakeJob(_ context.Context, c job.Claim) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || time.Now().Before(s.until) || !c.Due.Equal(s.state.Due) {
		return false, nil
	}
	s.token, s.until = c.Token, time.Now().Add(c.For)
	return true, nil
}

func (s *store) KeepJob(_ context.Context, _, token string, lease time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down:
		return errDown
	case s.token != token:
		return job.ErrLost
	}
	s.until = time.Now().Add(lease)
	s.kept++
	return nil
}

func (s *store) EndJob(_ context.Context, r job.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != r.Token || s.down {
		return job.ErrLost
	}
	s.token, s.until, s.state.Due, s.last = "", time.Time{}, r.Next, r
	return nil
}

func (s *store) LeaveJob(context.Context, string, string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.until = "", time.Time{}
	return nil
}

func (s *store) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// start runs one job in a bubble, whose clock is the house's too.
func start(t *testing.T, s *store, when job.Schedule, work func(context.Context) (int64, error)) (outcomes chan string) {
	outcomes = make(chan string, 100)
	r := job.New(job.Options{
		Store: s, Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler),
		Jobs: []job.Job{{Name: "work", When: when, Work: work}},
		Ran:  func(_, outcome string, _ time.Duration) { outcomes <- outcome },
	})
	r.Start()
	t.Cleanup(r.Stop)
	return outcomes
}

func TestALongJobKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		outcomes := start(t, s, job.Every(time.Hour), func(context.Context) (int64, error) {
			time.Sleep(10 * time.Minute)
			return 1, nil
		})
		if got := <-outcomes; got != job.OK || s.last.Took != 10*time.Minute || s.kept < 70 {
			t.Errorf("%s after %s, renewed %d times", got, s.last.Took, s.kept)
		}
	})
}

// TestAJobEndsBeforeItsLease when the database does not answer; a short silence does not matter.
func TestAJobEndsBeforeItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		var ended time.Time
		outcomes := start(t, s, job.Every(time.Hour), func(ctx context.Context) (int64, error) {
			time.Sleep(time.Second)
			s.setDown(true)
			time.Sleep(20 * time.Second)
			s.setDown(false)
			time.Sleep(time.Minute)
			if ctx.Err() != nil {
				t.Error("broken off though the database answered in time")
			}
			s.setDown(true)
			<-ctx.Done()
			ended = time.Now()
			return 0, context.Cause(ctx)
		})
		if got := <-outcomes; got != job.Lost || ended.After(s.until) {
			t.Errorf("%s, ended at %s, lease until %s", got, ended, s.until)
		}
	})
}

func TestAJobThatNeverEndsIsBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		outcomes := start(t, s, job.AfterMidnight(0), func(ctx context.Context) (int64, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if got := <-outcomes; got != job.Failed || s.last.Took != time.Hour || !s.last.Next.Equal(s.last.Ended.Add(time.Minute)) {
			t.Errorf("%s after %s; again after %s", got, s.last.Took, s.last.Next.Sub(s.last.Ended))
		}
	})
}

// TestADailyJobRunsSoonAfterMidnight in Seoul, and once a day.
func TestADailyJobRunsSoonAfterMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs []time.Time
		outcomes := start(t, &store{}, job.AfterMidnight(time.Minute), func(context.Context) (int64, error) {
			runs = append(runs, time.Now())
			return 0, nil
		})
		for range 4 {
			<-outcomes
		}
		for _, at := range runs[1:] { // the first is at once
			if late := at.Sub(gift.DayOf(at).Start().Add(time.Minute)); late < 0 || late > time.Second {
				t.Errorf("run at %s", at.In(gift.Seoul))
			}
		}
		if runs[3].Sub(runs[1]) > 48*time.Hour+time.Second {
			t.Errorf("runs at %v", runs)
		}
	})
}

func TestADayHasOneMidnight(t *testing.T) {
	when := job.AfterMidnight(time.Minute)
	day := gift.DateOf(2025, 9, 15)
	for _, test := range []struct{ began, due time.Time }{
		{day.Start(), day.Start().Add(time.Minute)},
		{day.Start().Add(time.Minute), day.End().Add(time.Minute)},
		{day.End().Add(-time.Nanosecond), day.End().Add(time.Minute)},
	} {
		if due := when(test.began); !due.Equal(test.due) {
			t.Errorf("began %s: due %s", test.began, due)
		}
	}
}
