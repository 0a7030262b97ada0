package partnerapi

import (
	"net/http"

	"giftimbiz/internal/locale"
)

// Starting answers calls that come before there is anything to serve: later (GPLF, HTTP 503).
func Starting(w http.ResponseWriter, r *http.Request) {
	f := unavailable(starting, nil)
	writeAnswer(w, f.httpStatus(), f.append(nil, locale.Of(r.Header.Get("Accept-Language"))), f)
}
