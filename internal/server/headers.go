package server

import (
	"net/http"
	"strings"
)

// hsts has browsers come by https only for a year. It says nothing of subdomains: they are not ours.
const hsts = "max-age=31536000"

// guarded gives every answer the headers of one that shows nothing and may be framed by nobody. Pages have headers of their own, which say what
// they show; but a redirect, an error or a path that nobody thought of is safe, too.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// encryptedOnly tells browsers to come by https only, where the world reaches the server so: by its own TLS or a proxy's. A guessed address
// is the one of somebody who tries things out, on whose machine other programs serve under the same name.
//
// Whether a single request came encrypted is asked nowhere: X-Forwarded-Proto is believed of nobody. Cookies, links and this go by the public
// address.
func (n *Node) encryptedOnly(next http.Handler) http.Handler {
	if n.Guessed || !strings.HasPrefix(n.PublicURL, "https://") {
		return next
	}
	value := []string{hsts}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Strict-Transport-Security"] = value
		next.ServeHTTP(w, r)
	})
}
