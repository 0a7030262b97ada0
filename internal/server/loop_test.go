package server

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestALoopGivesUpWorkThatNeverEnds and gives the next try twice the time, since the work may only take long.
func TestALoopGivesUpWorkThatNeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took []time.Duration
		l := newLoops(slog.New(slog.DiscardHandler))
		l.every(time.Second, "hanging", func(ctx context.Context) error {
			if len(took) == 2 {
				took = append(took, 0)
				return nil // it works once
			}
			began := time.Now()
			<-ctx.Done()
			took = append(took, time.Since(began))
			return ctx.Err()
		})
		time.Sleep(time.Minute + 10*time.Second)
		l.stop()
		if want := []time.Duration{firstPatience, 2 * firstPatience, 0, firstPatience}; !slices.Equal(took[:4], want) {
			t.Errorf("it was given up after %v; want %v first", took, want)
		}
	})
}
