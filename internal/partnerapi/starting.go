package partnerapi

import (
	"net/http"
	"strconv"

	"giftimbiz/internal/locale"
)

// Starting answers calls that come before there is anything to serve: later (GPLF, HTTP 503).
func Starting(w http.ResponseWriter, r *http.Request) {
	f := unavailable(starting, nil)
	body := f.append(nil, locale.Of(r.Header.Get("Accept-Language")))
	h := w.Header()
	h["Content-Type"], h["Cache-Control"], h["X-Content-Type-Options"] = jsonType, noStore, noSniff
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	h["Retry-After"] = []string{f.retryAfter}
	w.WriteHeader(f.httpStatus())
	_, _ = w.Write(body) // the caller is gone when this fails
}
