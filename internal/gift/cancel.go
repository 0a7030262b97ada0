package gift

import (
	"slices"
	"time"
)

// CancelWithin is how long after its purchase a partner may cancel a star coupon by itself.
const CancelWithin = 7 * 24 * time.Hour

// Obstacle is why a partner may not cancel an item by itself.
type Obstacle int16

const (
	NoObstacle  Obstacle = iota
	NumberShown          // a gifticon: somebody has seen its number, and nobody tells us when it is used
	UsedAlready          // at its shop's counter
	TooLate              // CancelWithin is over
)

// CancelObstacle returns why the partner may not cancel the item now, or NoObstacle. That it was cancelled before is none. Time
// goes by the partner's own clock.
func (i *BoughtItem) CancelObstacle(now time.Time) Obstacle {
	switch {
	case !i.CancelledAt.IsZero():
		return NoObstacle
	case i.Offer.Kind != StarCoupon:
		return NumberShown
	case !i.UsedAt.IsZero():
		return UsedAlready
	case now.Add(i.ClockAhead).Sub(i.At) > CancelWithin:
		return TooLate
	}
	return NoObstacle
}

// ToCancel returns which of an order's items are left to cancel, by their lines, so that all of those named are cancelled;
// nil lines name all. When one must not be, none may: it is returned with its obstacle. A line that the order does not have
// is passed over.
func ToCancel(items []BoughtItem, lines []int64, now time.Time) (left []int64, bad *BoughtItem, why Obstacle) {
	for i := range items {
		item := &items[i]
		if lines != nil && !slices.Contains(lines, item.Line) {
			continue
		}
		if why := item.CancelObstacle(now); why != NoObstacle {
			return nil, item, why
		}
		if item.CancelledAt.IsZero() {
			left = append(left, item.Line)
		}
	}
	return left, nil, NoObstacle
}
