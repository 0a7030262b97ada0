package rehearsal

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func request(values ...string) *http.Request {
	return &http.Request{Header: http.Header{Header: values}}
}

func TestEveryNameIsAnOutcomeAndNothingElseIs(t *testing.T) {
	for _, name := range Names() {
		o, ok := Of(request(" "+name), true)
		if !ok || string(o) != name {
			t.Errorf("%s: %q, %t", name, o, ok)
		}
		_, other := Of(request(name), false)
		if transport := o.Refusal() == 0; other != transport {
			t.Errorf("%s on a call that buys nothing: %t", name, other)
		}
	}
	for _, values := range [][]string{{""}, {"sold out"}, {"SOLD-OUT"}, {"slow", "slow"}, {"slow, slow"}} {
		if o, ok := Of(request(values...), true); ok || o != "" {
			t.Errorf("%q: %q", values, o)
		}
	}
	if o, ok := Of(&http.Request{}, false); !ok || o != "" {
		t.Errorf("without the header: %q, %t", o, ok)
	}
}

func TestOnlyASlowCallWaitsAndNoLongerThanItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stage Stage
		for o, want := range map[Outcome]time.Duration{"": 0, AnswerLost: 0, Slow: SlowBy} {
			began := time.Now()
			if err := stage.Wait(t.Context(), o); err != nil || time.Since(began) != want {
				t.Errorf("%q waited for %v, %v", o, time.Since(began), err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := stage.Wait(ctx, Slow); err == nil || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestOnlySoManyAreSlowAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stage Stage
		errs := make(chan error, slowAtOnce)
		for range slowAtOnce {
			go func() { errs <- stage.Wait(t.Context(), Slow) }()
		}
		synctest.Wait()
		if err := stage.Wait(t.Context(), Slow); !errors.Is(err, ErrFull) {
			t.Errorf("one too many: %v", err)
		}
		for range slowAtOnce {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}
