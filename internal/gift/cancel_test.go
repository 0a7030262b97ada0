package gift

import (
	"slices"
	"testing"
	"time"
)

func TestAPartnerCancelsUnusedStarCouponsWithinSevenDays(t *testing.T) {
	at := time.Date(2025, 9, 15, 12, 0, 0, 0, Seoul)
	star := BoughtItem{Line: 1, At: at, Offer: Offer{Kind: StarCoupon, LastDay: DayOf(at)}}
	used, cancelled, gifticon, ahead := star, star, star, star
	ahead.ClockAhead = 24 * time.Hour
	used.UsedAt, cancelled.CancelledAt, gifticon.Offer.Kind = at, at, Gifticon
	for name, test := range map[string]struct {
		item  BoughtItem
		after time.Duration
		want  Obstacle
	}{
		"at once":                      {star, 0, NoObstacle},
		"in the last moment":           {star, CancelWithin, NoObstacle},
		"after it expired":             {star, 24 * time.Hour, NoObstacle},
		"a moment too late":            {star, CancelWithin + time.Millisecond, TooLate},
		"by a clock that is ahead":     {ahead, CancelWithin - 24*time.Hour, NoObstacle},
		"too late by that clock":       {ahead, CancelWithin - 24*time.Hour + time.Millisecond, TooLate},
		"used":                         {used, time.Hour, UsedAlready},
		"used, and too late":           {used, 2 * CancelWithin, UsedAlready},
		"a gifticon":                   {gifticon, 0, NumberShown},
		"cancelled before":             {cancelled, 0, NoObstacle},
		"cancelled before, a year ago": {cancelled, 365 * 24 * time.Hour, NoObstacle},
	} {
		if got := test.item.CancelObstacle(at.Add(test.after)); got != test.want {
			t.Errorf("%s: obstacle %d, want %d", name, got, test.want)
		}
	}
}

func TestAllThatAreNamedAreCancelledOrNone(t *testing.T) {
	at := time.Date(2025, 9, 15, 12, 0, 0, 0, Seoul)
	star := BoughtItem{At: at, Offer: Offer{Kind: StarCoupon}}
	items := []BoughtItem{star, star, star}
	for i := range items {
		items[i].Line = int64(3 - i)
	}
	items[1].CancelledAt = at
	if left, bad, _ := ToCancel(items, nil, at); bad != nil || !slices.Equal(left, []int64{3, 1}) {
		t.Errorf("of all, %v are left, obstacle %v", left, bad)
	}
	if left, bad, _ := ToCancel(items, []int64{2}, at); bad != nil || len(left) != 0 {
		t.Errorf("of one that was cancelled, %v are left, obstacle %v", left, bad)
	}
	items[2].UsedAt = at
	if left, bad, why := ToCancel(items, nil, at); left != nil || bad == nil || bad.Line != 1 || why != UsedAlready {
		t.Errorf("beside a used one, %v are left, obstacle %v %d", left, bad, why)
	}
	if left, bad, _ := ToCancel(items, []int64{3, 2}, at); bad != nil || !slices.Equal(left, []int64{3}) {
		t.Errorf("without the used one, %v are left, obstacle %v", left, bad)
	}
}
