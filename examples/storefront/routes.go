package main

import (
	"embed"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// routes is every address of the shop.
func (s *shop) routes() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, show func(*visit) error) { mux.Handle(pattern, s.pages.handler(true, show)) }
	page("GET /{$}", s.showHome)
	page("GET /list/{kind}", s.showList)
	page("GET /search", s.showSearch)
	page("GET /item/{kind}/{id}", s.showItem)
	page("POST /item/{kind}/{id}/buy", s.doBuy)
	page("GET /orders/{reference}", s.showOrder)
	page("POST /orders/{reference}/pay", s.doPay)
	page("POST /orders/{reference}/release", s.doRelease)
	page("POST /orders/{reference}/cancel", s.doCancel)
	page("GET /orders/{reference}/code/{line}", s.showCode)
	page("GET /mine", s.showMine)
	mux.Handle("GET /live", s.pages.handler(false, s.showLive))
	mux.Handle("POST /language", s.pages.handler(false, s.doLanguage))
	page("GET /", func(*visit) error { return errNowhere })
	mux.HandleFunc("GET "+picturePath, s.pictures.serve)
	mux.HandleFunc("GET /assets/{file}", serveAsset)
	mux.Handle("POST "+webhookPath, s.hook)
	// What a browser sends from another site's page is refused; see https://pkg.go.dev/net/http#CrossOriginProtection.
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		guarded.ServeHTTP(w, r)
	})
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	body, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // its address has the version
	_, _ = w.Write(body)                                                   // the caller is gone when this fails
}

const (
	cookieUser     = "shop"
	cookieLanguage = "language"
	aYear          = 365 * 24 * time.Hour
)

func (s *shop) setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(aYear / time.Second), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(s.cfg.PublicURL, "https://"),
	})
}

// doLanguage changes the language and goes back to the page that it was asked for on.
func (s *shop) doLanguage(v *visit) error {
	if language := v.r.PostFormValue("language"); languages[language] {
		s.setCookie(v.w, cookieLanguage, language)
	}
	back, err := url.Parse(v.r.PostFormValue("back"))
	if err != nil || back.Host != "" || back.Scheme != "" || !strings.HasPrefix(back.Path, "/") || strings.HasPrefix(back.Path, "//") {
		back = &url.URL{Path: "/"}
	}
	return v.goTo(back.RequestURI())
}
