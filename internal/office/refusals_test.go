package office_test

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/office"
)

// refusalStore adds up, and fails when it is told to.
type refusalStore struct {
	sums map[string]int64
	err  error
}

func (s *refusalStore) AddRefusals(_ context.Context, byCode map[string]int64, _ time.Time) error {
	if s.err != nil {
		return s.err
	}
	for code, n := range byCode {
		s.sums[code] += n
	}
	return nil
}

func TestRefusalsThatCannotBeStoredAreKept(t *testing.T) {
	store := &refusalStore{sums: map[string]int64{}, err: errors.New("gone")}
	c := office.NewRefusalCounter(store)
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 100 {
				c.Add("PD")
				c.Add("L")
			}
		})
	}
	callers.Wait()
	if err := c.Flush(t.Context(), time.Now()); !errors.Is(err, store.err) {
		t.Fatal(err)
	}
	c.Add("PD")
	store.err = nil
	for range 2 {
		if err := c.Flush(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if want := map[string]int64{"PD": 401, "L": 400}; !maps.Equal(store.sums, want) {
		t.Errorf("%v, want %v", store.sums, want)
	}
}
