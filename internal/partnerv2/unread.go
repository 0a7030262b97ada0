package partnerv2

import (
	"math/rand/v2"
	"net/http"
	"strconv"

	"giftimbiz/internal/locale"
	"giftimbiz/internal/requestid"
)

// Starting answers while the server reads what it needs.
func Starting(w http.ResponseWriter, r *http.Request) { answerUnread(w, r, starting) }

// Stale answers calls while this node cannot know who is calling: it has not read the partners for too long.
func Stale(w http.ResponseWriter, r *http.Request) { answerUnread(w, r, unavailable) }

// Busy answers a call that comes when too many are under way or wait: nothing of it was looked at.
func Busy(w http.ResponseWriter, r *http.Request) {
	const most = 3 // seconds; not all come back at once
	answerUnread(w, r, busy.retryAfter(strconv.Itoa(1+rand.IntN(most))))
}

// TooOften answers a call from an address that calls too often: nothing of it was looked at.
func TooOften(w http.ResponseWriter, r *http.Request) { answerUnread(w, r, rateLimited) }

// answerUnread answers a call of which nothing but its head was read.
func answerUnread(w http.ResponseWriter, r *http.Request, p problem) {
	p.send(w, w.Header().Get(requestid.Header), locale.Of(r.Header.Get("Accept-Language")))
}

// Buys tells whether a call waits for a transaction of the purchase engine.
func Buys(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == Root+"orders" || r.URL.Path == Root+"quotes")
}

// Waits tells whether a call may wait for long, with nothing to do. How many of those are under way is bounded here.
func Waits(r *http.Request) bool { return r.URL.Path == Root+"events" }
