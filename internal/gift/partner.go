package gift

import (
	"net/netip"
	"time"
)

// PartnerState says what a partner may do. Its values are stored.
type PartnerState int16

const (
	Active      PartnerState = 1
	Suspended   PartnerState = 2 // every call refused until resumed
	Withdrawn   PartnerState = 3 // left for good
	Blacklisted PartnerState = 4 // may look, may not spend

	// SuspendedBlacklisted is Suspended, and Blacklisted again when resumed.
	SuspendedBlacklisted PartnerState = 5
)

var partnerStates = map[PartnerState]string{
	Active: "active", Suspended: "suspended", Withdrawn: "withdrawn", Blacklisted: "blacklisted",
	SuspendedBlacklisted: "suspended, blacklisted",
}

// String returns the state's name as the command line shows it.
func (s PartnerState) String() string { return partnerStates[s] }

// MayCall tells whether a partner in this state is answered at all.
func (s PartnerState) MayCall() bool { return s == Active || s == Blacklisted }

// Suspend returns the state in which no call is answered. That a partner is blacklisted is kept; that it withdrew, too.
func (s PartnerState) Suspend() PartnerState {
	return s.turn(Active, Suspended, Blacklisted, SuspendedBlacklisted)
}

// Resume undoes Suspend.
func (s PartnerState) Resume() PartnerState {
	return s.turn(Suspended, Active, SuspendedBlacklisted, Blacklisted)
}

// Blacklist returns the state in which nothing is sold to the partner. That it is suspended is kept.
func (s PartnerState) Blacklist() PartnerState {
	return s.turn(Active, Blacklisted, Suspended, SuspendedBlacklisted)
}

// Pardon undoes Blacklist.
func (s PartnerState) Pardon() PartnerState {
	return s.turn(Blacklisted, Active, SuspendedBlacklisted, Suspended)
}

// turn returns what stands behind s in pairs, or s itself.
func (s PartnerState) turn(pairs ...PartnerState) PartnerState {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == s {
			return pairs[i+1]
		}
	}
	return s
}

// Partner is a company that buys vouchers over the API.
type Partner struct {
	ID         int64  // ours, never shown
	Name       string // the partner_id of the wire: 1–64 of [A-Za-z0-9._-], unique
	Title      string // the company's name for people
	State      PartnerState
	Sandbox    bool           // buys test vouchers only
	AllowList  []netip.Prefix // empty: any address may call
	DailyLimit int64          // purchases a Seoul day; 0 = no limit
	// DuplicateSec is the window in which an equal purchase without an idempotency key counts as a mistake; 0 = off.
	DuplicateSec int64
	// LowBalance is what a balance that falls below it is told of (BalanceLow); 0 = never.
	LowBalance Won
	// ClockAhead is by how much a sandbox partner's clock is ahead, for trying what comes with the days; 0 or more.
	ClockAhead time.Duration
}

// Now returns what the partner's clock shows when everybody's shows now. It rules prices, expiry and what depends on them; not
// tokens, idempotency, or the numbers and times of orders.
func (p *Partner) Now(now time.Time) time.Time { return now.Add(p.ClockAhead) }

// Today returns the day on the partner's clock.
func (p *Partner) Today(now time.Time) Day { return DayOf(p.Now(now)) }

// Admits tells whether a caller at addr may use the partner's keys.
func (p Partner) Admits(addr netip.Addr) bool {
	if len(p.AllowList) == 0 {
		return true
	}
	addr = addr.Unmap()
	for _, prefix := range p.AllowList {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}
