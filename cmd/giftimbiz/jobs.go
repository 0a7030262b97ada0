package main

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
func (n *node) jobs() []job.Job {
	return []job.Job{
		{Name: office.JobSales, When: job.Every(tallyEvery), Work: n.uncounted(n.db.TallySales)},
		{Name: office.JobUnusedCoupons, When: job.Every(tallyEvery), Work: n.uncounted(n.db.TallyCoupons)},
		{Name: office.JobLedgerDays, When: job.Every(tallyEvery), Work: n.uncounted(n.db.CloseDays)},
		{Name: office.JobDaySales, When: job.Every(tallyEvery), Work: n.uncounted(n.db.NoteSales)},
		{Name: office.JobImports, When: job.Every(sweepEvery), Work: func(ctx context.Context) (int64, error) {
			return 0, n.intake.Sweep(ctx)
		}},
		{Name: office.JobRepricing, When: job.AfterMidnight(0), Work: func(ctx context.Context) (int64, error) {
			return n.db.TellRepriced(ctx, n.clock.Now(), jobStep)
		}},
		// A minute after midnight no purchase of the day before is still under way.
		{Name: office.JobExpiry, When: job.AfterMidnight(time.Minute), Work: func(ctx context.Context) (int64, error) {
			return n.db.TellExpiry(ctx, n.clock.Now(), jobStep)
		}},
		{Name: office.JobForgetAnswers, When: job.Every(forgetEvery), Work: n.counted(n.db.ForgetAnswers)},
		{Name: office.JobForgetCalls, When: job.Every(forgetEvery), Work: n.counted(n.db.ForgetCalls)},
		{Name: office.JobForgetEvents, When: job.Every(forgetEvery), Work: n.counted(n.db.ForgetEvents)},
		{Name: office.JobRemoveEndpoints, When: job.Every(forgetEvery), Work: n.uncounted(n.db.SweepEndpoints)},
		{Name: office.JobForgetSignIns, When: job.Every(forgetEvery), Work: func(ctx context.Context) (int64, error) {
			now := n.clock.Now()
			return n.db.ForgetSignIns(ctx, now, now.Add(-console.ForgetTries))
		}},
	}
}

// counted is work that goes by the clock.
func (n *node) counted(work func(context.Context, time.Time) (int64, error)) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) { return work(ctx, n.clock.Now()) }
}

// uncounted is work that does not say how much it was.
func (n *node) uncounted(work func(context.Context, time.Time) error) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) { return 0, work(ctx, n.clock.Now()) }
}
