package server

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// loops runs background work until it is stopped.
type loops struct {
	log    *slog.Logger
	cancel context.CancelFunc
	ctx    context.Context
	wg     sync.WaitGroup
}

func newLoops(log *slog.Logger) *loops {
	ctx, cancel := context.WithCancel(context.Background())
	return &loops{log: log, ctx: ctx, cancel: cancel}
}

// A run of a loop's work that has not ended in firstPatience is given up: on a connection that has gone silent it would never
// end, and the next takes another one. Whatever only takes long has twice as much time each time, up to lastPatience.
const (
	firstPatience = 15 * time.Second
	lastPatience  = 8 * time.Minute
)

// every calls work again and again, pausing in between. A failure is logged when it begins and when it is over, not
// every time.
func (l *loops) every(pause time.Duration, name string, work func(context.Context) error) {
	l.wg.Go(func() {
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		failing, patience := false, firstPatience
		for {
			select {
			case <-l.ctx.Done():
				return
			case <-ticker.C:
			}
			late, err := l.within(patience, work)
			if l.ctx.Err() != nil {
				return
			}
			patience = nextPatience(patience, late)
			if err != nil && !failing {
				l.log.Error(name+" fails", "error", err)
			}
			if err == nil && failing {
				l.log.Info(name + " works again")
			}
			failing = err != nil
		}
	})
}

// within does work, and tells whether its time was over before it was done.
func (l *loops) within(patience time.Duration, work func(context.Context) error) (late bool, err error) {
	ctx, cancel := context.WithTimeout(l.ctx, patience)
	defer cancel()
	err = work(ctx)
	return err != nil && ctx.Err() != nil, err
}

func nextPatience(last time.Duration, late bool) time.Duration {
	if !late {
		return firstPatience
	}
	return min(2*last, lastPatience)
}

// stop ends all loops and waits for them.
func (l *loops) stop() {
	l.cancel()
	l.wg.Wait()
}
