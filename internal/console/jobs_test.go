package console_test

import (
	"net/http"
	"testing"
	"time"

	"giftimbiz/internal/job"
	"giftimbiz/internal/office"
)

// run lets a job end as it is told.
func (h *officeHouse) run(name, failure string, done int64) {
	h.T.Helper()
	due, now := h.due(name), h.Clock.Now()
	taken, err := h.DB.TakeJob(h.T.Context(), job.Claim{Name: name, Due: due, Token: "x", For: time.Minute, Began: now})
	if err != nil || !taken {
		h.T.Fatal(taken, err)
	}
	err = h.DB.EndJob(h.T.Context(), job.Report{
		Name: name, Token: "x", Due: due, Next: now.Add(time.Hour), Ended: now, Took: 1234 * time.Millisecond, Done: done, Failure: failure,
	})
	if err != nil {
		h.T.Fatal(err)
	}
}

func (h *officeHouse) due(name string) time.Time {
	h.T.Helper()
	states, err := h.DB.Jobs(h.T.Context())
	if err != nil {
		h.T.Fatal(err)
	}
	for _, s := range states {
		if s.Name == name {
			return s.Due
		}
	}
	h.T.Fatal("no job " + name)
	return time.Time{}
}

func TestThePageOfJobsTellsHowTheyAre(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	if a := b.get("/console/jobs"); !a.says("No job was run yet") {
		t.Error("an empty list says nothing")
	}
	if err := h.DB.AddJobs(t.Context(), []string{office.JobExpiry, office.JobSales, "of another version"}); err != nil {
		t.Fatal(err)
	}
	h.run(office.JobExpiry, "", 1200)
	h.run("of another version", "", 0)
	h.run(office.JobSales, "the disk <b>is full", 0)
	since := h.Clock.Now()
	h.pass(time.Minute)
	a := b.get("/console/jobs")
	for _, want := range []string{
		"Expiry notices", "1,200 notices", "1,234 ms", "2025-09-15 12:00:00", "2025-09-15 13:00:00", "✓ OK",
		"✕ fails", "since 2025-09-15 12:00:00", "1×", "the disk <b>is full", "of another version", "Run now",
	} {
		if !a.says(want) {
			t.Errorf("lacks %q", want)
		}
	}
	if a := settled(t, b); !a.says("✕ fails") || !a.says("Counting sales</a>") || a.says("Expiry notices</a>") {
		t.Error("the dashboard does not say which job fails, and that alone")
	}
	b.cookies["giftimbiz-language"] = "ko"
	if a := b.get("/console/jobs/now"); !a.says("만료 알림") || !a.says(since.Format("2006-01-02 15:04:05")+"부터") || !a.says("지금 실행") {
		t.Error("not in Korean")
	}
	h.pass(2 * time.Hour)
	b = h.signedIn("admin@example.com")
	if a := b.get("/console/jobs"); !a.says("✕ late") {
		t.Error("nobody does the jobs, and nobody is told")
	}
}

func TestAdminsRunJobs(t *testing.T) {
	h := newOfficeHouse(t)
	h.operator("clerk@example.com", office.Clerk)
	if err := h.DB.AddJobs(t.Context(), []string{office.JobSales}); err != nil {
		t.Fatal(err)
	}
	h.run(office.JobSales, "", 0)
	clerk, admin := h.signedIn("clerk@example.com"), h.signedIn("admin@example.com")
	if a := clerk.get("/console/jobs"); a.status != http.StatusOK || a.says("Run now") {
		t.Error("a clerk is offered to run jobs")
	}
	if a := clerk.post("/console/jobs/sales/run"); a.status != http.StatusForbidden || !h.due(office.JobSales).After(h.Clock.Now()) {
		t.Errorf("a clerk ran a job: %d", a.status)
	}
	a := admin.post("/console/jobs/sales/run")
	if a.status != http.StatusSeeOther || a.location != "/console/jobs" || h.due(office.JobSales).After(h.Clock.Now()) {
		t.Errorf("%d %s, due %s", a.status, a.location, h.due(office.JobSales))
	}
	if a := admin.get("/console/jobs"); !a.says("It will run in a moment.") {
		t.Error("no notice")
	}
	if a := admin.get("/console/audit?action=job.run"); !a.says("job:sales") || !a.says("Job run") {
		t.Error("not in the audit trail")
	}
	if a := admin.post("/console/jobs/none/run"); a.status != http.StatusNotFound {
		t.Errorf("a job that does not exist: %d", a.status)
	}
}
