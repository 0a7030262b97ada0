package faults

// Swallowed tells whether something vanished already in a connection that there is.
func (p *Proxy) Swallowed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if l.lost.Load() != 0 {
			return true
		}
	}
	return false
}
