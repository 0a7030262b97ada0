package gift

import "net/netip"

// PartnerState says what a partner may do. Its values are stored.
type PartnerState int16

const (
	Active      PartnerState = 1
	Suspended   PartnerState = 2 // every call refused until resumed
	Withdrawn   PartnerState = 3 // left for good
	Blacklisted PartnerState = 4 // may look, may not spend
)

var partnerStates = map[PartnerState]string{
	Active: "active", Suspended: "suspended", Withdrawn: "withdrawn", Blacklisted: "blacklisted",
}

// String returns the state's name as the command line shows it.
func (s PartnerState) String() string { return partnerStates[s] }

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
}

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
