package office_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"giftimbiz/internal/office"
)

// keptCalls is a store in memory, which may fail.
type keptCalls struct {
	calls []office.Call
	err   error
}

func (k *keptCalls) KeepCalls(_ context.Context, calls []office.Call) error {
	if k.err == nil {
		k.calls = append(k.calls, calls...)
	}
	return k.err
}

func note(r *office.Recorder, partner int64, proven, refusal bool, at time.Time, n int) (admitted int) {
	for range n {
		if r.Admits(partner, proven, refusal, at) {
			r.Note(office.Call{PartnerID: partner, Proven: proven})
			admitted++
		}
	}
	return admitted
}

func TestAPartnerThatAsksWithoutEndHidesNobodyElse(t *testing.T) {
	store := &keptCalls{}
	r := office.NewRecorder(store)
	now := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		what            string
		partner         int64
		proven, refusal bool
		after           time.Duration
		want            int
	}{
		{"a flood of refusals", 1, true, true, 0, 100},
		{"its purchases", 1, true, false, 0, 100},
		{"a stranger that names it", 1, false, true, 0, 100},
		{"another partner", 2, true, true, 0, 100},
		{"the first, ten seconds later", 1, true, true, 10 * time.Second, 10},
		{"the first, when the clock was set back", 1, true, true, 5 * time.Second, 0},
	} {
		if got := note(r, c.partner, c.proven, c.refusal, now.Add(c.after), 1000); got != c.want {
			t.Errorf("%s: %d of 1000 admitted, want %d", c.what, got, c.want)
		}
	}
	if err := r.Flush(t.Context()); err != nil || len(store.calls) != 410 || r.Dropped() != 5590 {
		t.Errorf("%d stored, %d dropped, %v", len(store.calls), r.Dropped(), err)
	}
}

func TestAllPartnersTogetherAreBounded(t *testing.T) {
	store := &keptCalls{}
	r := office.NewRecorder(store)
	now := time.Unix(1_800_000_000, 0)
	admitted := 0
	for partner := range int64(50) {
		admitted += note(r, partner, true, true, now, 100)
	}
	if admitted != 500 {
		t.Errorf("%d refusals admitted at once", admitted)
	}
	if got := note(r, 99, true, true, now.Add(2*time.Second), 100); got != 10 {
		t.Errorf("%d admitted two seconds later", got)
	}
}

func TestCallsThatCannotBeStoredAreDroppedAndCounted(t *testing.T) {
	store := &keptCalls{err: errors.New("no room")}
	r := office.NewRecorder(store)
	note(r, 1, true, true, time.Unix(1_800_000_000, 0), 7)
	if err := r.Flush(t.Context()); err == nil || r.Dropped() != 7 {
		t.Errorf("%d dropped, %v", r.Dropped(), err)
	}
	store.err = nil
	if err := r.Flush(t.Context()); err != nil || len(store.calls) != 0 {
		t.Errorf("%d stored later, %v", len(store.calls), err)
	}
}
