package storage

import (
	"context"
	"time"
)

// A change that takes something from a partner is in force everywhere when the call that makes it returns. Each node notes in
// its lease up to where it has read the partners, and answers none of them by what it read longer than PartnersGoodFor ago.
// So whoever makes the change waits until all living nodes have noted it. One that hangs is waited for only so long: after
// that it refuses all partners by itself, until it has read them.

// PartnersGoodFor is how long a node may answer partners by what it has read of them, by its own uptime and from when it began to
// read.
const PartnersGoodFor = 10 * time.Second

const (
	confirmWithin = PartnersGoodFor + time.Second // clocks of two machines do not run at exactly the same pace
	confirmPoll   = 20 * time.Millisecond
)

// NotePartnersRead notes, for other nodes to see, that this process has read all changes of partners up to a place on the
// change clock. It returns whether this was the first time: then who called must read the partners once more before it
// answers any of them, for others did not wait for it until now. It writes only when there is something new.
func (db *DB) NotePartnersRead(ctx context.Context, upTo int64) (first bool, err error) {
	return db.noteRead(ctx, &db.lease.partnersSeq, partnersSeq, upTo, upTo)
}

const partnersSeq = `partners_seq`

// awaitNodes returns when no node answers partners any more by what was true before a change that has been stored. It goes
// on when the caller gives up: what is stored is stored.
func (db *DB) awaitNodes(ctx context.Context, seq int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmWithin)
	defer cancel()
	for {
		late, err := db.lateNodes(ctx, partnersSeq, seq)
		if err == nil && len(late) == 0 || rest(ctx, confirmPoll) != nil {
			return
		}
	}
}

// UnconfirmedNodes returns the numbers of the living nodes that have not confirmed the last change of partners. After a call that
// changes a partner these hang: they answer no partner until they have read the change.
func (db *DB) UnconfirmedNodes(ctx context.Context) ([]int64, error) {
	var seq int64
	if err := db.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(changed_seq), 0) FROM partners`).Scan(&seq); err != nil {
		return nil, classify(err)
	}
	return db.lateNodes(ctx, partnersSeq, seq)
}
