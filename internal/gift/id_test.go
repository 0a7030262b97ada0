package gift_test

import (
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

var noon = time.Date(2025, 9, 15, 12, 0, 0, 0, gift.Seoul)

func TestIDsGrowWhateverTheClockDoes(t *testing.T) {
	clk := clock.NewManual(noon)
	m := gift.NewIDMaker(511, clk.Now)
	var last gift.ID
	for i := range 40_000 { // more than a millisecond holds
		if i%10_000 == 9_999 {
			clk.Advance(-time.Minute)
		}
		id := m.Next()
		if id <= last || id.Node() != 511 {
			t.Fatalf("%d of node %d after %d", id, id.Node(), last)
		}
		last = id
	}
	if !last.Time().Before(m.Bound()) || m.Bound().Sub(noon) > 10*time.Millisecond {
		t.Errorf("the bound is %v after %v", m.Bound(), last.Time())
	}
	clk.Advance(time.Hour)
	if id := m.Next(); !id.Time().Equal(clk.Now()) {
		t.Errorf("the clock shows %v, the ID %v", clk.Now(), id.Time())
	}
}

func TestAMakerGoesOnAsAnotherNodeAboveItsIDsAndTheGivenTime(t *testing.T) {
	for _, node := range []int64{0, 1, 510, 511} {
		for _, from := range []time.Time{noon.Add(-time.Hour), noon, noon.Add(time.Hour)} {
			m := gift.NewIDMaker(7, clock.NewManual(noon).Now)
			before := m.Next()
			m.Continue(node, from)
			for range 10_000 {
				id := m.Next()
				if id <= before || id.Node() != node || id.Time().Before(from) {
					t.Fatalf("node %d from %v: %d at %v after %d", node, from, id, id.Time(), before)
				}
				before = id
			}
		}
	}
}
