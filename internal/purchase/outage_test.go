package purchase

import (
	"testing"
	"time"
)

func TestAnOutageIsSaidOnceInAWhile(t *testing.T) {
	var o outage
	at := time.Unix(1_800_000_000, 0)
	for i, c := range []struct {
		after  time.Duration
		say    bool
		unsaid int
	}{
		{0, true, 0},
		{time.Second, false, 0},
		{9 * time.Second, false, 0},
		{10 * time.Second, true, 2},
		{11 * time.Second, false, 0},
		{-time.Hour, true, 1}, // the clock was set back
	} {
		if unsaid, say := o.says(at.Add(c.after)); say != c.say || unsaid != c.unsaid {
			t.Errorf("%d: said %v with %d unsaid; want %v, %d", i, say, unsaid, c.say, c.unsaid)
		}
	}
}
