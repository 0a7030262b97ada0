package purchase

import (
	"testing"
	"time"
)

func TestAPurchaseThatWouldWaitTooLongIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		batch   int           // of the transactions lately
		took    time.Duration // of each
		lanes   int
		waiting int64
		full    bool
	}{
		"nothing is known, many wait":         {0, 0, 1, 4095, false},
		"nothing is known, too many wait":     {0, 0, 1, 4096, true},
		"a slow store, a full batch waits":    {512, 2 * time.Second, 1, 512, true},
		"a slow store, less than that waits":  {512, 2 * time.Second, 1, 511, false},
		"0.1 ms for each, 900 wait":           {512, 51200 * time.Microsecond, 1, 900, false},
		"0.1 ms for each, 1100 wait":          {512, 51200 * time.Microsecond, 1, 1100, true},
		"0.1 ms for each, 1100 for two lanes": {512, 51200 * time.Microsecond, 2, 1100, false},
		"small batches, 900 wait":             {5, 500 * time.Microsecond, 1, 900, false},
		"small batches, 1100 wait":            {5, 500 * time.Microsecond, 1, 1100, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := &Engine{opt: Options{Batch: 512, Queue: 4096, Lanes: test.lanes, Patience: 100 * time.Millisecond}}
			for range 30 * min(test.batch, 1) {
				e.took(test.took, test.batch)
			}
			e.waiting.Store(test.waiting)
			if e.Full() != test.full {
				t.Errorf("full: %t, expected wait %v", e.Full(), e.expectedWait(int(test.waiting)))
			}
		})
	}
}
