package server

import (
	"context"
	"time"

	"giftimbiz/internal/console"
	"giftimbiz/internal/job"
	"giftimbiz/internal/office"
)

// jobStep bounds what one transaction of a notice looks at: purchases may wait for it.
const jobStep = 200

// jobs is the background work that any one of the nodes does for the whole house.
func (n *Node) jobs() []job.Job {
	return []job.Job{
		{Name: office.JobSales, When: job.Every(tallyEvery), Work: n.uncounted(n.DB.TallySales)},
		{Name: office.JobUnusedCoupons, When: job.Every(tallyEvery), Work: n.uncounted(n.DB.TallyCoupons)},
		{Name: office.JobLedgerDays, When: job.Every(tallyEvery), Work: n.uncounted(n.DB.CloseDays)},
		{Name: office.JobDaySales, When: job.Every(tallyEvery), Work: n.uncounted(n.DB.NoteSales)},
		{Name: office.JobImports, When: job.Every(sweepEvery), Work: func(ctx context.Context) (int64, error) {
			return 0, n.intake.Sweep(ctx)
		}},
		{Name: office.JobReseal, When: job.Every(sweepEvery), Work: func(ctx context.Context) (int64, error) {
			return n.DB.ContinueRotation(ctx, n.Vault, n.Clock.Now())
		}},
		{Name: office.JobRepricing, When: job.AfterMidnight(0), Work: func(ctx context.Context) (int64, error) {
			return n.DB.TellRepriced(ctx, n.Clock.Now(), jobStep)
		}},
		// A minute after midnight no purchase of the day before is still under way.
		{Name: office.JobExpiry, When: job.AfterMidnight(time.Minute), Work: func(ctx context.Context) (int64, error) {
			return n.DB.TellExpiry(ctx, n.Clock.Now(), jobStep)
		}},
		{Name: office.JobSandboxDays, When: job.Every(sandboxesEvery), Work: n.counted(n.DB.TellAhead)},
		{Name: office.JobForgetAnswers, When: job.Every(forgetEvery), Work: n.counted(n.DB.ForgetAnswers)},
		{Name: office.JobForgetCalls, When: job.Every(forgetEvery), Work: n.counted(n.DB.ForgetCalls)},
		{Name: office.JobForgetQuotes, When: job.Every(forgetEvery), Work: n.counted(n.DB.ForgetQuotes)},
		{Name: office.JobForgetEvents, When: job.Every(forgetEvery), Work: n.counted(n.DB.ForgetEvents)},
		{Name: office.JobRemoveEndpoints, When: job.Every(forgetEvery), Work: n.uncounted(n.DB.SweepEndpoints)},
		{Name: office.JobForgetSignIns, When: job.Every(forgetEvery), Work: func(ctx context.Context) (int64, error) {
			now := n.Clock.Now()
			return n.DB.ForgetSignIns(ctx, now, now.Add(-console.ForgetTries))
		}},
		{Name: office.JobForgetAddresses, When: job.Every(forgetEvery), Work: n.counted(n.DB.ForgetAddresses)},
	}
}

// counted is work that goes by the clock.
func (n *Node) counted(work func(context.Context, time.Time) (int64, error)) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) { return work(ctx, n.Clock.Now()) }
}

// uncounted is work that does not say how much it was.
func (n *Node) uncounted(work func(context.Context, time.Time) error) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) { return 0, work(ctx, n.Clock.Now()) }
}
