package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"giftimbiz/internal/partnerapi"
	"giftimbiz/internal/partnerv2"
	"giftimbiz/internal/peer"
)

// How many requests may be under way at a time. Each has a goroutine, buffers and perhaps a place in line for the
// database; beyond these numbers, all would only wait longer. Callers of one kind do not take the places of another.
const (
	maxPurchases = 8192 // more than may wait for a transaction: the others wait to be let in, or are being read
	maxCalls     = 1024 // of the partner API, purchases not counted
	maxPages     = 1024 // of shops and customers: pages and pictures
)

// addressPart is what part of a room's places one address may have: 1/addressPart. A request takes its place as long as its body
// takes to come, so that one caller who sends slowly would have them all.
const addressPart = 2

// beforeRefusing is how long a purchase waits for room before it is refused. A purchase that waits costs nothing, while
// one that is refused at once comes again at once from clients that do not listen, and takes the time of those who were
// let in: each step of their transactions has its turn behind all requests that can be read just then.
const beforeRefusing = 250 * time.Millisecond

// admission lets requests in while there is room for them, and refuses the others before anything of them but the head
// is read: HTTP 503 with Retry-After; or HTTP 429, when their address asks too often or has too many requests under way. It stands
// before everything but /healthz, /readyz and /metrics.
type admission struct {
	full                    func() bool // too many purchases wait for their transaction
	purchases, calls, pages *room
	waiting                 *refusals
	crowding                *refusals     // for requests of an address that has its part of a room
	often                   *refusals     // for requests of an address that asks too often
	wrong                   *refusals     // for wrong credentials that are not answered as what they are any more
	addresses               *addressLimit // nil: they are not counted
}

// newAdmission makes what lets requests in. Addresses are counted as trusted proxies tell them.
func newAdmission(m *metrics, full func() bool, trusted []netip.Prefix) *admission {
	crowding := newRefusals(m.refused, "address_under_way")
	roomFor := func(places int64, why string) *room {
		return &room{places: places, refused: newRefusals(m.refused, why), crowd: peer.NewCrowd(trusted), crowding: crowding}
	}
	return &admission{
		full:      full,
		purchases: roomFor(maxPurchases, "purchases_under_way"),
		calls:     roomFor(maxCalls, "calls_under_way"),
		pages:     roomFor(maxPages, "pages_under_way"),
		waiting:   newRefusals(m.refused, "purchases_waiting"),
		crowding:  crowding,
		often:     newRefusals(m.refused, "address_rate"),
		wrong:     newRefusals(m.refused, "wrong_credentials"),
	}
}

// api guards the partner API.
func (a *admission) api(next http.Handler) http.Handler {
	purchases := a.purchases.guard(a.unlessFull(next, partnerapi.TooManyPurchases), partnerapi.TooManyPurchases, partnerapi.TooOften)
	calls := a.calls.guard(next, partnerapi.TooManyCalls, partnerapi.TooOften)
	return a.addresses.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if partnerapi.Buys(r.URL.Path) {
			purchases.ServeHTTP(w, r)
		} else {
			calls.ServeHTTP(w, r)
		}
	}), partnerapi.TooOften)
}

// v2 guards the second version of the partner API, in the same rooms. It bounds by itself how many wait for events.
func (a *admission) v2(next http.Handler) http.Handler {
	purchases := a.purchases.guard(a.unlessFull(next, partnerv2.Busy), partnerv2.Busy, partnerv2.TooOften)
	calls := a.calls.guard(next, partnerv2.Busy, partnerv2.TooOften)
	return a.addresses.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case partnerv2.Waits(r):
			next.ServeHTTP(w, r)
		case partnerv2.Buys(r):
			purchases.ServeHTTP(w, r)
		default:
			calls.ServeHTTP(w, r)
		}
	}), partnerv2.TooOften)
}

// unlessFull refuses purchases while too many wait for their transaction.
func (a *admission) unlessFull(next http.Handler, refuse http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.full() {
			time.Sleep(beforeRefusing)
			if a.full() {
				a.waiting.add()
				refuse(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// page guards a handler of pages or pictures.
func (a *admission) page(next http.Handler) http.Handler {
	return a.addresses.guard(a.pages.guard(next, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		plain(w, http.StatusServiceUnavailable,
			"요청이 너무 많습니다. 잠시 후 다시 시도하십시오.\nToo many requests at a time. Try again in a moment.")
	}, tooOftenPage), tooOftenPage)
}

// underWay returns how many requests are not answered yet.
func (a *admission) underWay() int64 {
	return a.purchases.inside.Load() + a.calls.inside.Load() + a.pages.inside.Load()
}

// report logs what was refused since the last report: a line for each refusal would be too many just then.
func (a *admission) report(ctx context.Context, log *slog.Logger) {
	var attrs []slog.Attr
	for _, r := range []*refusals{
		a.waiting, a.purchases.refused, a.calls.refused, a.pages.refused, a.crowding, a.often, a.wrong,
	} {
		if n := r.unreported.Swap(0); n > 0 {
			attrs = append(attrs, slog.Int64(r.why, n))
		}
	}
	if len(attrs) > 0 {
		log.LogAttrs(ctx, slog.LevelWarn, "more came than can be served or is allowed; refused with Retry-After", attrs...)
	}
}

// room has places for so many requests at a time.
type room struct {
	places   int64
	inside   atomic.Int64
	refused  *refusals
	crowd    *peer.Crowd
	crowding *refusals
}

// guard lets requests through to next while there are places, to refuse when there are none, and to tooMany when their address
// has its part of them.
func (r *room) guard(next http.Handler, refuse, tooMany http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if here := r.crowd.Of(req); here != nil {
			defer here.Add(-1)
			if here.Add(1) > max(r.places/addressPart, 1) {
				r.crowding.add()
				w.Header().Set("Retry-After", "1")
				tooMany(w, req)
				return
			}
		}
		defer r.inside.Add(-1)
		if r.inside.Add(1) > r.places {
			r.refused.add()
			refuse(w, req)
			return
		}
		next.ServeHTTP(w, req)
	})
}

// refusals counts the requests refused for one reason.
type refusals struct {
	why        string
	total      prometheus.Counter
	unreported atomic.Int64
}

// newRefusals shows the counter from the start, so that the first refusal counts as a rise.
func newRefusals(counter *prometheus.CounterVec, why string) *refusals {
	return &refusals{why: why, total: counter.WithLabelValues(why)}
}

func (r *refusals) add() {
	r.total.Inc()
	r.unreported.Add(1)
}
