package main

import (
	"database/sql"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
)

// theJobs waits until all jobs that are due were done, none of which failed.
func (s *testServer) theJobs() {
	s.t.Helper()
	programtest.Eventually(s.t, "all jobs are done", func() bool {
		runs, err := s.node.DB.JobRuns(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		now := s.clock.Now()
		for _, r := range runs {
			if r.Failures > 0 {
				s.t.Fatalf("%s: %s", r.Name, r.Failure)
			}
			if r.Running || !r.Due.After(now) {
				return false
			}
		}
		return len(runs) == len(office.Jobs())
	})
}

// TestNodesDoTheJobsOfTheHouse together: each event of a night is there once, and each node tells in its figures when jobs
// were last done.
func TestNodesDoTheJobsOfTheHouse(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		s.theJobs()
		other := s.second()
		live(s)
		lastDay := gift.DateOf(2025, 12, 31) // of what devtest1 bought
		for _, left := range []gift.Day{31, 30, 30, 1} {
			s.clock.Set((lastDay - left).Start().Add(2 * time.Minute))
			s.theJobs()
		}
		partner, err := s.node.DB.Partner(t.Context(), "devtest1")
		if err != nil {
			t.Fatal(err)
		}
		told := map[gift.EventType]int{}
		events, err := s.node.DB.Events(t.Context(), partner.ID, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			told[e.Type]++
		}
		if told[gift.VoucherExpiring] != 2 || told[gift.OfferRepriced] == 0 {
			t.Errorf("told %v", told)
		}
		for _, node := range []*testServer{s, other} {
			for _, name := range []string{office.JobExpiry, office.JobForgetEvents} {
				want := `giftimbiz_job_last_success_timestamp_seconds{job="` + name + `"} 1.767`
				programtest.Eventually(t, want, func() bool { return strings.Contains(node.figures(), want) })
			}
		}
		if all := s.figures() + other.figures(); strings.Count(all, `giftimbiz_job_runs_total{job="sales",outcome="ok"}`) != 2 {
			t.Error("runs are not counted")
		}
	})
}

// figures is what /metrics says.
func (s *testServer) figures() string {
	s.t.Helper()
	resp, err := http.Get(s.url + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// TestTheDemosClockMakesJobsDue started one day later, prices of a day have turned; set back, nothing is told again.
func TestTheDemosClockMakesJobsDue(t *testing.T) {
	d := &demoFolder{t: t, dir: t.TempDir()}
	runAt := func(now string) {
		t.Helper()
		p := programtest.Start(t, "demo", "--data", d.dir, "--offers", "2000", "--now", now+"T12:00:00+09:00")
		started, err := time.ParseInLocation(time.DateOnly, now, gift.Seoul)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{office.JobRepricing, office.JobExpiry, office.JobSales} {
			programtest.Eventually(t, name+" on "+now, func() bool { return gift.DayOf(d.succeeded(name)) == gift.DayOf(started) })
		}
		if err := p.Terminate(); err != nil {
			t.Errorf("after %s: %v", now, err)
		}
	}
	repriced := func() int { return d.count("events WHERE type = 'offer.repriced'") }
	runAt("2025-09-15")
	if n := repriced(); n != 0 {
		t.Errorf("on the first day %d times", n)
	}
	runAt("2025-09-16")
	n := repriced()
	if n == 0 {
		t.Error("nobody was told of the prices that turned")
	}
	runAt("2025-09-10")
	runAt("2025-09-16")
	if again := repriced(); again != n {
		t.Errorf("%d times, and after the clock was set back %d", n, again)
	}
}

// succeeded returns when a job last ended well.
func (d *demoFolder) succeeded(name string) time.Time {
	d.count("jobs") // opens the database
	var at sql.NullInt64
	if d.db != nil {
		_ = d.db.QueryRow("SELECT succeeded_at FROM jobs WHERE name = ?", name).Scan(&at) // fails as long as there is none
	}
	return time.UnixMilli(at.Int64)
}
