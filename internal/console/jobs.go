package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"giftimbiz/internal/office"
)

type jobStore interface {
	// JobRuns returns how all jobs are that a node ever did.
	JobRuns(ctx context.Context) ([]office.JobRun, error)
	// AskForJob makes a job due at once; office.ErrNotFound: there is none of the name.
	AskForJob(ctx context.Context, name string, now time.Time) error
}

const jobsAddress = Root + "/jobs"

func jobRoutes() []route {
	return []route{
		{pattern: "GET " + jobsAddress, needs: office.See, serve: (*request).showJobs},
		{pattern: "GET " + jobsAddress + "/now", needs: office.See, polled: true, serve: (*request).showJobsNow},
		{pattern: "POST " + jobsAddress + "/{name}/run", needs: office.Manage, serve: (*request).runJob},
	}
}

// jobRow is a job as a line.
type jobRow struct {
	office.JobInfo
	office.JobRun
	Name string
	Late bool // nobody does it
	Next bool // its next run is to come
}

// Failing tells whether its last runs failed.
func (r jobRow) Failing() bool { return r.Failures > 0 }

// jobsNow is how the jobs are at a time.
type jobsNow struct {
	At   time.Time
	Rows []jobRow
	Bad  []jobRow // those that fail or that nobody does
}

// readJobs reads how the jobs are, in the order in which they are known; those of another version come last.
func (q *request) readJobs() (now jobsNow, err error) {
	now.At = q.now
	runs, err := q.h.Store.JobRuns(q.Context())
	if err != nil {
		return now, err
	}
	rank := map[string]int{}
	known := office.Jobs()
	for i, info := range known {
		rank[info.Name] = i
	}
	for _, run := range runs {
		row := jobRow{JobRun: run, Name: run.Name, Late: run.Late(q.now), Next: run.Due.After(q.now)}
		if i, ok := rank[run.Name]; ok {
			row.JobInfo = known[i]
		} else {
			row.Title = office.Words{Korean: run.Name, English: run.Name}
			rank[run.Name] = len(rank)
		}
		now.Rows = append(now.Rows, row)
		if row.Late || row.Failing() {
			now.Bad = append(now.Bad, row)
		}
	}
	slices.SortStableFunc(now.Rows, func(a, b jobRow) int { return rank[a.Name] - rank[b.Name] })
	return now, nil
}

var jobsTitle = text{"작업", "Jobs"}

func (q *request) showJobs() error {
	now, err := q.readJobs()
	if err != nil {
		return err
	}
	return q.render(http.StatusOK, "jobs", jobsTitle, now)
}

// showJobsNow renews the table of a page that is open.
func (q *request) showJobsNow() error {
	now, err := q.readJobs()
	if err != nil {
		return err
	}
	return q.renderPart("jobs", "jobs now", now)
}

func (q *request) runJob() error {
	if err := q.h.Store.AskForJob(q.Context(), q.PathValue("name"), q.now); err != nil {
		return err
	}
	return q.done(jobsAddress, text{"곧 실행합니다.", "It will run in a moment."})
}
