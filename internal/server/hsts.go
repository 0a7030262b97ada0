package server

import (
	"net/http"
	"strings"
)

// hsts has browsers come by https only for a year. It says nothing of subdomains: they are not ours.
const hsts = "max-age=31536000"

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
