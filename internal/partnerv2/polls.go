package partnerv2

import "sync"

// How many requests for events may be under way at a time: each looks into the database again and again.
const (
	maxPolls        = 256
	maxPartnerPolls = 4
)

// polls counts those who ask for events.
type polls struct {
	mu        sync.Mutex
	all       int           // guarded by mu
	byPartner map[int64]int // guarded by mu
}

// enter takes a place, or says why there is none.
func (p *polls) enter(partner int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.byPartner[partner] >= maxPartnerPolls:
		return tooManyPolls
	case p.all >= maxPolls:
		return busy
	}
	p.all++
	p.byPartner[partner]++
	return nil
}

// leave gives a place back.
func (p *polls) leave(partner int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.byPartner[partner]--; p.byPartner[partner] == 0 {
		delete(p.byPartner, partner)
	}
}
