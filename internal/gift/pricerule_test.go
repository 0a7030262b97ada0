package gift_test

import (
	"testing"

	"giftimbiz/internal/gift"
)

func TestARateIsOfTheFaceValueToTenWon(t *testing.T) {
	for _, c := range []struct {
		rate       gift.Rate
		face, want gift.Won
	}{
		{925, 10_000, 9250},
		{655, 1400, 920},   // 917
		{999, 4995, 4990},  // 4990.005
		{1000, 4995, 4995}, // not above the face value
		{500, 30, 20},      // 15: half up
		{500, 29, 10},      // 14.5
		{1, 5000, 10},      // never nothing
		{1, 7, 7},
		{1000, 1_000_000_000_000, 1_000_000_000_000},
	} {
		if got := c.rate.Of(c.face); got != c.want {
			t.Errorf("%d of %d is %d, want %d", c.rate, c.face, got, c.want)
		}
	}
}
