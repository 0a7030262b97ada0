package faults

import (
	"bytes"
	"slices"
	"sync"
)

// Fate is what becomes of the connection that springs a trap.
type Fate int

// Fates of connections.
const (
	// CutAfter cuts it behind what sprang the trap: that arrives and is not answered.
	CutAfter Fate = iota
	// CutBefore cuts it before: what sprang the trap does not arrive as a whole.
	CutBefore
	// Silence lets what sprang the trap arrive. Nothing more passes in either direction, and both ends stay connected.
	Silence
)

// Trap is something that happens once, to the first connection in which a pattern or so many bytes pass.
type Trap struct {
	Way     Direction // Up or Down
	Pattern []byte    // or nil: after Bytes
	Bytes   int       // that have passed since the trap was set, in all connections together; from 1
	Then    Fate
}

// armed is a trap that is set.
type armed struct {
	Trap
	passed int // bytes; guarded by the proxy's mu
	sprung chan struct{}
	once   sync.Once
}

// Trap sets a trap. The channel is closed once its fate has been dealt out.
func (p *Proxy) Trap(trap Trap) (sprung <-chan struct{}) {
	t := &armed{Trap: trap, sprung: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traps = append(p.traps, t)
	return t.sprung
}

// Disarm takes away all traps that have not sprung.
func (p *Proxy) Disarm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traps = nil
}

func (t *armed) tell() { t.once.Do(func() { close(t.sprung) }) }

// spring tells how many of the bytes may pass, and which trap they spring, if any.
func (p *Proxy) spring(w *oneWay, b []byte) (pass int, sprung *armed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, t := range p.traps {
		if t.Way != w.way {
			continue
		}
		n, ok := t.look(w.tail, b)
		if !ok {
			continue
		}
		p.traps = slices.Delete(p.traps, i, i+1)
		if t.Then == CutBefore {
			n-- // half a message is none
		}
		return n, t
	}
	w.keepTail(p.traps, b)
	return len(b), nil
}

// look tells whether the bytes spring the trap, and behind how many of them. tail came before them.
func (t *armed) look(tail, b []byte) (n int, sprung bool) {
	if t.Pattern == nil {
		t.passed += len(b)
		return len(b) - (t.passed - t.Bytes), t.passed >= t.Bytes
	}
	whole := slices.Concat(tail, b)
	for from := 0; ; {
		at := bytes.Index(whole[from:], t.Pattern)
		if at < 0 {
			return 0, false
		}
		if end := from + at + len(t.Pattern) - len(tail); end > 0 {
			return end, true
		}
		from += at + 1 // it lies in what passed before the trap was set
	}
}

// keepTail keeps as much as the longest pattern may have begun with.
func (w *oneWay) keepTail(traps []*armed, b []byte) {
	longest := 0
	for _, t := range traps {
		longest = max(longest, len(t.Pattern)-1)
	}
	if longest == 0 {
		w.tail = nil
		return
	}
	whole := slices.Concat(w.tail, b)
	w.tail = whole[max(0, len(whole)-longest):]
}
