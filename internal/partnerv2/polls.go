package partnerv2

import (
	"net/http"
	"sync"
)

// How many requests for events may be under way at a time: each looks into the database again and again.
const (
	maxPolls        = 256
	maxPartnerPolls = 4
)

// What is said to those who find no place.
var (
	tooManyPolls = problem{
		kind: "too-many-polls", status: http.StatusTooManyRequests, code: "Q",
		ko: "이미 여러 곳에서 기다리고 있습니다. 그중 하나가 끝난 뒤 다시 하십시오.",
		en: "Others of this partner are waiting already. Ask again when one of them has its answer.", header: [2]string{"Retry-After", "5"},
	}
	busy = problem{
		kind: "busy", status: http.StatusServiceUnavailable, code: "GPLF",
		ko: "기다리는 요청이 너무 많습니다. 잠시 후 다시 하십시오.", en: "Too many are waiting. Ask again in a moment.",
		header: [2]string{"Retry-After", "5"},
	}
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
