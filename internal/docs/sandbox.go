package docs

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"giftimbiz/internal/clock"
)

// lend answers with the keys of a sandbox. Only pages of this server may ask for them.
func (h *handler) lend(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if h.guard.Check(r) != nil {
		answer(w, http.StatusForbidden, map[string]string{"error": "cross-site"})
		return
	}
	if h.Sandboxes == nil {
		answer(w, http.StatusNotFound, map[string]string{"error": "switched-off"})
		return
	}
	if wait := h.limit.wait(h.Place(r)); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		answer(w, http.StatusTooManyRequests, map[string]string{"error": "too-often"})
		return
	}
	keys, err := h.Sandboxes.Lend(r.Context())
	switch {
	case errors.Is(err, ErrNoneLeft):
		w.Header().Set("Retry-After", retryLater)
		answer(w, http.StatusServiceUnavailable, map[string]string{"error": "none-left"})
	case err != nil:
		h.Logger.ErrorContext(r.Context(), "docs: lend a sandbox", "error", err)
		answer(w, http.StatusInternalServerError, map[string]string{"error": "failed"})
	default:
		answer(w, http.StatusOK, keys)
	}
}

func answer(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic("docs: an answer is no JSON: " + err.Error()) // it is texts
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader is gone when this fails
}

// How often keys may be borrowed from one place, and how many places are told apart in that time.
const (
	limitWindow   = 10 * time.Minute
	loansPerPlace = 5
	mostPlaces    = 10_000
	retryLater    = "600" // seconds, when none is left
)

// limiter counts loans by place, in windows of time.
type limiter struct {
	clock clock.Clock

	mu    sync.Mutex
	until time.Time      // guarded by mu: when the window ends
	count map[string]int // guarded by mu
}

func newLimiter(c clock.Clock) *limiter { return &limiter{clock: c, count: map[string]int{}} }

// wait counts a loan and returns 0, or, when the place has had its share, for how long it has to wait. When too many places
// were seen, new ones have to: better than memory without bounds.
func (l *limiter) wait(place string) time.Duration {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !now.Before(l.until) {
		l.until = now.Add(limitWindow)
		clear(l.count)
	}
	n, known := l.count[place]
	if n >= loansPerPlace || !known && len(l.count) >= mostPlaces {
		return l.until.Sub(now)
	}
	l.count[place] = n + 1
	return 0
}
