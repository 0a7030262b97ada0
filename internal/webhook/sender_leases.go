package webhook

import (
	"context"
	"slices"
)

// attend looks after leases, one thing at a time.
func (s *Sender) attend() {
	if s.leasing || s.stopping {
		return
	}
	s.retire()
	switch {
	case s.renewDue:
		s.renewDue = false
		s.renew()
	case len(s.unwanted) > 0:
		s.release()
	case s.hasteDue:
		s.hasteDue = false
		s.leaseWork(func(ctx context.Context) (func(), error) { return nil, s.Store.HastenDeliveries(ctx, s.Clock.Now()) })
	case s.lookDue:
		s.lookDue = false
		s.look()
	}
}

// leaseWork asks the store; what it returns is called by the loop.
func (s *Sender) leaseWork(ask func(context.Context) (func(), error)) {
	s.leasing = true
	s.async(func() func() {
		ctx, cancel := context.WithTimeout(s.ctx, storeTimeout)
		defer cancel()
		then, err := ask(ctx)
		return func() {
			s.leasing = false
			if s.asked(err) && then != nil {
				then()
			}
		}
	})
}

func (s *Sender) look() {
	s.leaseWork(func(ctx context.Context) (func(), error) {
		began := s.Clock.Now()
		found, err := s.Store.LookForDeliveries(ctx, s.holder, began, takenAtOnce)
		took := s.Clock.Now().Sub(began)
		return func() {
			s.skip = min(int(max(took, 0)/(lookEvery/10)), 8) // a tenth of the time at most, and every two seconds at least
			s.looked(found)
		}, err
	})
}

func (s *Sender) looked(found Outlook) {
	s.any = found.Any
	held := make(map[int64]bool, len(found.Held))
	var ids []int64
	for _, h := range found.Held {
		held[h.ID] = true
		l := s.lanes[h.ID]
		switch {
		case l == nil: // giving it back failed
			s.unwanted = append(s.unwanted, h.ID)
			continue
		case !h.On:
			l.close()
		case h.Version != l.endpoint.Version && !l.closed:
			l.stale = true
			ids = append(ids, h.ID)
		}
		l.hungry = l.hungry || h.Due
	}
	for id, l := range s.lanes {
		if !held[id] {
			l.lost = true
			l.close()
		}
	}
	for _, id := range found.Free {
		if s.lanes[id] == nil && len(s.lanes)+len(ids) < mostLanes {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		s.lease(ids)
	}
}

// renew keeps the leases that are used and gives the others back.
func (s *Sender) renew() {
	var ids []int64
	for id, l := range s.lanes {
		switch {
		case l.closed:
		case l.idle():
			l.close()
		default:
			l.used = false
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		s.lease(ids)
	}
}

// lease takes or renews. Trust in a lease begins before it is asked for and ends by this process's own count, whatever any
// clock shows.
func (s *Sender) lease(ids []int64) {
	slices.Sort(ids)
	s.round++
	round := s.round
	s.after(leaseTrusted, func() { s.distrust(round) })
	s.leaseWork(func(ctx context.Context) (func(), error) {
		got, err := s.Store.LeaseEndpoints(ctx, s.holder, ids)
		return func() { s.leased(ids, got, round) }, err
	})
}

func (s *Sender) leased(asked []int64, got []Endpoint, round int) {
	have := make(map[int64]bool, len(got))
	for _, e := range got {
		have[e.ID] = true
		switch l := s.lanes[e.ID]; {
		case l == nil:
			l = newLane(e, s.signer(&e), round)
			s.lanes[e.ID], s.turns = l, append(s.turns, l)
		case l.closed:
		case l.sameSecrets(e) && l.sign != nil:
			l.renewed(e, l.sign, round)
		case l.sameSecrets(e): // it could not be read, which was logged; its key may be known by now
			sign, _ := s.read(&e)
			l.renewed(e, sign, round)
		default:
			l.renewed(e, s.signer(&e), round)
		}
	}
	for _, id := range asked {
		if l := s.lanes[id]; l != nil && !have[id] {
			l.close() // switched off, or lost: the next look tells
		}
	}
}

// signer is read for what is not known to fail.
func (s *Sender) signer(e *Endpoint) *signer {
	sign, err := s.read(e)
	if err != nil {
		s.Logger.Error("the secret of an endpoint cannot be read; nothing is sent to it", "endpoint", e.ID, "error", err)
	}
	return sign
}

// read returns what signs with an endpoint's secrets; nil with an error.
func (s *Sender) read(e *Endpoint) (*signer, error) {
	secret, err := s.Secrets.OpenSecret(SecretKind, e.ID, e.Secret)
	previous := ""
	if err == nil && e.Previous != nil && s.Clock.Now().Before(e.PreviousUntil) {
		previous, err = s.Secrets.OpenSecret(SecretKind, e.ID, e.Previous)
	}
	if err != nil {
		return nil, err
	}
	sign, err := newSigner(secret, previous, e.PreviousUntil)
	if err != nil {
		return nil, err
	}
	return sign, nil
}

// distrust ends the lanes whose leases were not renewed since a round.
func (s *Sender) distrust(round int) {
	for _, l := range s.lanes {
		if l.round <= round {
			l.lost = true
			l.close()
		}
	}
}

// retire takes leave of closed lanes once nothing of theirs is on its way or waits to be stored.
func (s *Sender) retire() {
	kept := s.turns[:0]
	for _, l := range s.turns {
		if !l.closed || len(l.known) > 0 {
			kept = append(kept, l)
			continue
		}
		delete(s.lanes, l.endpoint.ID)
		s.unwanted = append(s.unwanted, l.endpoint.ID)
	}
	clear(s.turns[len(kept):])
	s.turns = kept
}

func (s *Sender) release() {
	ids := s.unwanted
	s.unwanted = nil
	s.leaseWork(func(ctx context.Context) (func(), error) {
		return nil, s.Store.ReleaseEndpoints(ctx, s.holder, ids) // if that fails, the next look finds them
	})
}
