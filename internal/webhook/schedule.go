package webhook

import (
	"math/rand/v2"
	"time"
)

// pauses are what is waited after the first attempt, the second, and so on.
var pauses = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
	20 * time.Hour, 24 * time.Hour,
}

// MostAttempts is after how many attempts that failed a delivery is abandoned.
const MostAttempts = 10

// LongestPause is more than any pause between two attempts.
const LongestPause = 30 * time.Hour

// nextAttempt returns when to try again after so many attempts, the last of which ended at a time; false = never. Up to a
// tenth is added or taken off, so that what failed together does not come again together.
func nextAttempt(attempts int64, ended time.Time) (time.Time, bool) {
	if attempts > int64(len(pauses)) {
		return time.Time{}, false
	}
	pause := float64(pauses[attempts-1])
	return ended.Add(time.Duration(pause * (0.9 + 0.2*rand.Float64()))), true
}
