package purchase

import (
	"sync/atomic"
	"time"
)

// A purchase that would wait longer than Options.Patience is refused at once instead: its buyer learns that nothing was
// bought and when to come again, while a long wait would end in a timeout that leaves it in doubt. Waiting longer would
// sell nothing more either, for a transaction takes no more than a full batch.

// smoothing is how many transactions it takes, roughly, for a change of pace to show.
const smoothing = 4

// Waiting returns how many purchases no transaction has taken yet. All of them are in the queue: what comes after the call is behind
// them. Whoever comes in is counted a moment before that, and holds the lock meanwhile.
func (e *Engine) Waiting() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return int(e.waiting.Load())
}

// Full tells whether a purchase that came now would be refused with ErrBusy. It costs next to nothing, so whoever reads
// requests can ask before reading one.
func (e *Engine) Full() bool {
	waiting := int(e.waiting.Load())
	if waiting < e.opt.Batch { // the next transaction takes them all
		return false
	}
	return waiting >= e.opt.Queue || e.expectedWait(waiting) > e.opt.Patience
}

// expectedWait is how long it takes at the present pace until so many purchases have their turn.
func (e *Engine) expectedWait(purchases int) time.Duration {
	return time.Duration(e.pace.Load()) * time.Duration(purchases) / time.Duration(e.opt.Lanes)
}

// took notes how long a batch had its lane.
func (e *Engine) took(d time.Duration, size int) { smooth(&e.pace, int64(d)/int64(size)) }

// worked notes how long a transaction took after it had its locks.
func (e *Engine) worked(d time.Duration) { smooth(&e.work, int64(d)) }

// smooth lets a figure follow what is seen. Of lanes that end at the same moment one may go unnoticed, which does no harm.
func smooth(figure *atomic.Int64, seen int64) {
	usual := figure.Load()
	figure.Store(usual + (seen-usual)/smoothing)
}
