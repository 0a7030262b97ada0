package credential

import (
	"context"
	"fmt"
	"maps"
	"sync/atomic"
	"time"
)

// Directory knows all partners and their keys. Readers take an immutable snapshot and no lock.
type Directory struct {
	source  Source
	current atomic.Pointer[snapshot]

	turn chan struct{} // holds one token; whoever has it refreshes
	seq  int64         // guarded by turn

	readTo atomic.Int64 // the place on the change clock that ReadTo returns
}

// NewDirectory returns a directory that is empty until it is refreshed.
func NewDirectory(source Source) *Directory {
	d := &Directory{source: source, turn: make(chan struct{}, 1)}
	d.current.Store(&snapshot{})
	return d
}

// Refresh takes over what changed at the source since the last time. When it returns without an error, every change
// that was stored before the call is in force. It may be called from any goroutine; calls wait for each other.
func (d *Directory) Refresh(ctx context.Context) error {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	records, upTo, err := d.source.PartnersChangedSince(ctx, d.seq)
	if err != nil {
		return fmt.Errorf("partners changed since %d: %w", d.seq, err)
	}
	if len(records) > 0 {
		d.current.Store(d.current.Load().with(records))
	}
	if d.seq = upTo; len(records) > 0 || d.readTo.Load() == 0 {
		d.readTo.Store(upTo)
	}
	return nil
}

// ReadTo returns the number that the source gave when it last had changes: all up to that are in force. 0 = nothing was read.
func (d *Directory) ReadTo() int64 { return d.readTo.Load() }

// PartnerID returns the id of the partner of a name, or 0.
func (d *Directory) PartnerID(name string) int64 {
	if m := d.current.Load().byName[name]; m != nil {
		return m.ID
	}
	return 0
}

// snapshot is the directory at one moment. It never changes.
type snapshot struct {
	byName map[string]*member
	byKey  map[string]*generation // by KeyHash
}

type member struct {
	Record
	generations []*generation // one per Keys, in the same order
}

// generation is one set of keys with all that a check needs at hand.
type generation struct {
	*Keys
	member   *member
	identity *Identity
}

// with returns a snapshot in which the records stand in place of what was known of their partners.
func (s *snapshot) with(records []Record) *snapshot {
	next := &snapshot{byName: maps.Clone(s.byName), byKey: maps.Clone(s.byKey)}
	if next.byName == nil {
		next.byName, next.byKey = make(map[string]*member, len(records)), make(map[string]*generation, len(records))
	}
	for _, r := range records {
		if old := next.byName[r.Name]; old != nil {
			for _, g := range old.generations {
				delete(next.byKey, string(g.KeyHash))
			}
		}
		m := newMember(r)
		next.byName[r.Name] = m
		for _, g := range m.generations {
			next.byKey[string(g.KeyHash)] = g
		}
	}
	return next
}

func newMember(r Record) *member {
	m := &member{Record: r}
	for i := range m.Keys {
		m.generations = append(m.generations, &generation{
			Keys: &m.Keys[i], member: m,
			identity: &Identity{Partner: r.Partner, Generation: m.Keys[i].ID},
		})
	}
	return m
}

// generation returns the member's set of keys with the given id when it works at now, else nil.
func (m *member) generation(id int64, now time.Time) *generation {
	for _, g := range m.generations {
		if g.ID == id && g.liveAt(now) {
			return g
		}
	}
	return nil
}
