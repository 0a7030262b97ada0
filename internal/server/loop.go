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

// every calls work again and again, pausing in between. A failure is logged when it begins and when it is over, not
// every time.
func (l *loops) every(pause time.Duration, name string, work func(context.Context) error) {
	l.wg.Go(func() {
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		failing := false
		for {
			select {
			case <-l.ctx.Done():
				return
			case <-ticker.C:
			}
			err := work(l.ctx)
			if l.ctx.Err() != nil {
				return
			}
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

// stop ends all loops and waits for them.
func (l *loops) stop() {
	l.cancel()
	l.wg.Wait()
}
