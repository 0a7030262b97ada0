package job

import (
	"context"
	"errors"
	"time"
)

// lease is the right to do a job. It is given up here before it can run out in the database: time is counted from before the
// database was asked.
type lease struct {
	runner      *Runner
	name, token string
	lose        func()
	end         *time.Timer // loses the lease
}

func (l *lease) take(ctx context.Context, due, began time.Time) (bool, error) {
	l.end = time.AfterFunc(l.runner.LeaseFor, l.lose)
	taken, err := l.runner.Store.TakeJob(ctx, Claim{
		Name: l.name, Due: due, Token: l.token, For: l.runner.LeaseFor, Began: began,
	})
	if err != nil || !taken {
		l.end.Stop()
	}
	return taken, err
}

// keep renews the lease until the context ends. A database that does not answer may do so in time again.
func (l *lease) keep(ctx context.Context) {
	defer func() { l.end.Stop() }()
	ticker := time.NewTicker(l.runner.LeaseFor / renewals)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		next := time.AfterFunc(l.runner.LeaseFor, l.lose)
		err := l.runner.Store.KeepJob(ctx, l.name, l.token, l.runner.LeaseFor)
		if err != nil {
			next.Stop()
		}
		if errors.Is(err, ErrLost) {
			l.lose()
			return
		}
		if err == nil {
			l.end.Stop()
			l.end = next
		}
	}
}
