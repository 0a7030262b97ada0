package server

import (
	"net/http"

	"giftimbiz/internal/console"
	"giftimbiz/internal/docs"
	"giftimbiz/internal/partnerapi"
	"giftimbiz/internal/partnerv2"
)

// Routes is every path the server answers. Put a Front before it.
func (n *Node) Routes() http.Handler {
	mux := http.NewServeMux()
	pages := n.metrics.surface("pages", n.admission.page(n.pages))
	pictures := n.metrics.surface("pictures", n.admission.page(n.pictures))
	backOffice := n.metrics.surface("console", n.admission.page(n.console))
	guides := n.metrics.surface("docs", n.admission.page(n.docs))
	mux.Handle("/r/", pages)
	mux.Handle("/v/", pages)
	mux.Handle("/UPLOAD/qr/", pages)
	mux.Handle("/UPLOAD/barcode/", pages)
	mux.Handle("/UPLOAD/", pictures)
	mux.Handle("/Form/", pictures)
	mux.Handle(console.Root+"/", backOffice)
	mux.Handle(console.Root, backOffice)
	mux.Handle(docs.Root+"/", guides)
	mux.Handle(docs.Root, guides)
	mux.Handle("/llms.txt", guides)
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /metrics", n.Figures.guard(n.metrics.handler()))
	mux.HandleFunc("GET /{$}", n.home)
	v2 := n.metrics.surface("v2", n.current(n.admission.v2(n.v2), partnerv2.Stale))
	v1 := n.metrics.surface("v1", n.current(n.admission.api(n.api), partnerapi.Stale))
	return n.leaving(n.encryptedOnly(apiFirst(v2, v1, guarded(mux))))
}

// leaving has connections end with their next answer once the node stops. Else they would be closed while they are idle, perhaps in
// the moment in which a caller sends something, and it would not know whether that was read.
func (n *Node) leaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// apiFirst sends the API all that is meant for it. The mux would redirect a path with doubled slashes, and many clients of
// the API do not follow.
func apiFirst(v2, api, rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case partnerv2.Owns(r.URL.Path):
			v2.ServeHTTP(w, r)
		case partnerapi.Owns(r.URL.Path):
			api.ServeHTTP(w, r)
		default:
			rest.ServeHTTP(w, r)
		}
	})
}

func alive(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

func (n *Node) home(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "GiftiMBiz "+n.Version+"\nThe partner API is below /api/v1/ and /api/v2/. How to use it: /docs")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the caller is gone when this fails
}
