package linear_test

import (
	"os"
	"testing"

	"giftimbiz/internal/faults/linear"
)

// TestTheCheckerBites hands it histories of which it is known whether they can be.
func TestTheCheckerBites(t *testing.T) {
	for _, c := range []struct {
		name string
		fits bool
		tell func(h *linear.History)
	}{
		{"what is taken is gone", true, func(h *linear.History) {
			h.Take(1, h.Now(), "x", 2, linear.Done)
			h.Look(1, h.Now(), "x", 1)
			h.Take(1, h.Now(), "x", 2, linear.Refused)
			h.Add(1, h.Now(), "x", 5, linear.Done)
			h.Look(1, h.Now(), "x", 6)
		}},
		{"a balance that somebody was told is not older than the last", false, func(h *linear.History) {
			h.Take(1, h.Now(), "x", 2, linear.Done)
			h.Look(2, h.Now(), "x", 1)
			h.Look(1, h.Now(), "x", 3)
		}},
		{"two callers at once may come in any order", true, func(h *linear.History) {
			asked := h.Now()
			h.Look(2, asked, "x", 3)
			h.Look(3, asked, "x", 1)
			h.Take(1, asked, "x", 2, linear.Done)
		}},
		{"more is not sold than there is", false, func(h *linear.History) {
			asked := h.Now()
			for who := range 4 {
				h.Take(who, asked, "x", 1, linear.Done)
			}
		}},
		{"nobody is refused what is there", false, func(h *linear.History) { h.Take(1, h.Now(), "x", 3, linear.Refused) }},
		{"what is unknown may be done late", true, func(h *linear.History) {
			h.Take(1, h.Now(), "x", 2, linear.Unknown)
			h.Look(2, h.Now(), "x", 3)
			h.Look(2, h.Now(), "x", 1)
		}},
		{"or never", true, func(h *linear.History) {
			h.Take(1, h.Now(), "x", 2, linear.Unknown)
			h.Look(2, h.Now(), "x", 3)
		}},
		{"but not twice", false, func(h *linear.History) {
			h.Take(1, h.Now(), "x", 1, linear.Unknown)
			h.Look(2, h.Now(), "x", 1)
		}},
		{"what was not done is not seen", false, func(h *linear.History) { h.Look(2, h.Now(), "x", 2) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := linear.NewHistory()
			h.Begin("x", 3)
			h.Begin("another", 3)
			c.tell(h)
			v, err := h.Check()
			if err != nil || v.Fits != c.fits || v.Undecided {
				t.Errorf("%+v, %v", v, err)
			}
			if v.Picture == "" {
				return
			}
			if page, err := os.ReadFile(v.Picture); err != nil || len(page) < 1000 {
				t.Errorf("a picture of %d bytes: %v", len(page), err)
			}
			if err := os.Remove(v.Picture); err != nil {
				t.Error(err)
			}
		})
	}
}
