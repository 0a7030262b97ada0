package webhook

import (
	"context"
	"time"
)

const (
	// LeaseFor is how long an endpoint stays its holder's after the lease was last renewed, by the database's clock.
	LeaseFor = 30 * time.Second
	// RenewEvery is how often leases are renewed.
	RenewEvery = 5 * time.Second
	// leaseTrusted is how long a holder sends after it last asked for a renewal that it got: a request that begins then has
	// ended before anybody else can take the lease.
	leaseTrusted = LeaseFor - Timeout - 2*time.Second
)

// Store keeps what is on its way. A holder is a text that tells a process from all others. All methods may be called by
// several processes at once.
type Store interface {
	// LookForDeliveries tells what there is to do at a time: how the holder's endpoints are, and which endpoints that
	// nobody holds have something due, limit at most.
	LookForDeliveries(ctx context.Context, holder string, now time.Time, limit int) (Outlook, error)

	// LeaseEndpoints takes endpoints that are on and that nobody holds, and renews the leases that the holder has. It
	// returns those that are the holder's now.
	LeaseEndpoints(ctx context.Context, holder string, ids []int64) ([]Endpoint, error)

	// ReleaseEndpoints gives leases back.
	ReleaseEndpoints(ctx context.Context, holder string, ids []int64) error

	// DueDeliveries returns what is to be sent to an endpoint, the longest due first, limit at most. Of one order it
	// returns only the first event that waits. Delivery.Attempts counts those before.
	DueDeliveries(ctx context.Context, endpoint int64, now time.Time, limit int) ([]Delivery, error)

	// KeepResults stores what became of deliveries, in one transaction, and when the next event of their orders is due.
	// Those to endpoints that the holder has no longer are left out. It returns since when the endpoints are failing at
	// which nothing was taken.
	KeepResults(ctx context.Context, holder string, results []Delivery, now time.Time) (failing map[int64]time.Time, err error)

	// GiveUpEndpoint switches off an endpoint of the holder, for Gone or Failing, and says so in the audit trail. It does
	// nothing when the endpoint is not on, or no longer the holder's.
	GiveUpEndpoint(ctx context.Context, holder string, id int64, reason string, now time.Time) error

	// HastenDeliveries makes due at once what is due later than any pause lasts: a clock was wrong when it was tried.
	HastenDeliveries(ctx context.Context, now time.Time) error
}

// Outlook is what there is to do.
type Outlook struct {
	Held []Held
	Free []int64 // endpoints that nobody holds and that have something due
	Any  bool    // some endpoint is on
}

// Held is how an endpoint of the holder is.
type Held struct {
	ID      int64
	Version int64
	On      bool
	Due     bool // something may be due
}

// Opener decrypts secrets.
type Opener interface {
	OpenSecret(kind string, id int64, sealed []byte) (string, error)
}
