package partnerapi

import (
	"net/http"
	"strings"

	"giftimbiz/internal/locale"
)

// Starting answers calls that come before there is anything to serve: later (GPLF, HTTP 503).
func Starting(w http.ResponseWriter, r *http.Request) { answerUnread(w, r, unavailable(starting, nil)) }

// Stale answers calls while this node cannot know who is calling: it has not read the partners for too long.
func Stale(w http.ResponseWriter, r *http.Request) { answerUnread(w, r, unavailable(notReadable, nil)) }

// TooManyPurchases answers a purchase that comes when too many wait: it was not looked at, so nothing was bought.
func TooManyPurchases(w http.ResponseWriter, r *http.Request) { answerUnread(w, r, tooBusy(busy, nil)) }

// TooManyCalls answers a call that comes when too many are under way: nothing was done.
func TooManyCalls(w http.ResponseWriter, r *http.Request) {
	answerUnread(w, r, tooBusy(tooManyCalls, nil))
}

// TooOften answers a call from an address that calls too often: nothing was done.
func TooOften(w http.ResponseWriter, r *http.Request) {
	answerUnread(w, r, &failure{reply: overTheLimit, status: http.StatusTooManyRequests, expected: true})
}

// answerUnread answers a call of which nothing but its head was read.
func answerUnread(w http.ResponseWriter, r *http.Request, f *failure) {
	writeAnswer(w, f.httpStatus(), f.append(nil, locale.Of(r.Header.Get("Accept-Language"))), f)
}

// Buys tells whether a path is a purchase's. A path with odd slashes or spaces may be one although it does not look so.
func Buys(urlPath string) bool {
	return strings.HasSuffix(urlPath, "/buyGifticoupon") || strings.HasSuffix(urlPath, "/buyStarcoupon")
}
