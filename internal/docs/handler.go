package docs

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/locale"
)

// Root is where the documentation is.
const Root = "/docs"

// Keys are a sandbox partner's, with an access token for the first hour.
type Keys struct {
	PartnerID    string `json:"partner_id"`
	PartnerKey   string `json:"partnerkey"`
	PartnerToken string `json:"partnertoken"`
	RefreshToken string `json:"refresh_token"`
	AccessToken  string `json:"access_token"`
}

// ErrNoneLeft says that all sandboxes are lent at present.
var ErrNoneLeft = errors.New("no sandbox is left")

// Sandboxes lends sandboxes to people who try the API. Its methods may be called from any goroutine.
type Sandboxes interface {
	// Lend returns the keys of a sandbox that nobody else has. ErrNoneLeft when there is none.
	Lend(ctx context.Context) (Keys, error)
}

// Config is what New needs. Sandboxes and Version may be left out.
type Config struct {
	PublicURL string // where the world reaches this server, without a path
	Version   string // of the program: tells one's pages from another's in caches
	Clock     clock.Clock
	Logger    *slog.Logger
	// Place returns what stands for where a request comes from, as far as it can be believed: loans are counted by that.
	Place func(*http.Request) string
	// Sandboxes lends keys; nil = pages say that the operator has them.
	Sandboxes Sandboxes
}

type handler struct {
	Config
	ready  func() error // makes all there is to show, when somebody asks for the first time: it takes a fifth of a second
	mux    *http.ServeMux
	guard  *http.CrossOriginProtection
	limit  *limiter
	pages  pages
	search map[locale.Language]*index
}

// New returns what serves everything under Root, and /llms.txt. It panics when a part is missing.
func New(cfg Config) http.Handler {
	if cfg.PublicURL == "" || cfg.Clock == nil || cfg.Logger == nil || cfg.Place == nil {
		panic("docs: New needs all parts of Config")
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	h := &handler{
		Config: cfg, mux: http.NewServeMux(), guard: http.NewCrossOriginProtection(), limit: newLimiter(cfg.Clock),
		search: map[locale.Language]*index{},
	}
	if err := h.guard.AddTrustedOrigin(cfg.PublicURL); err != nil {
		panic("docs: public URL: " + err.Error())
	}
	h.ready = sync.OnceValue(h.build)
	return h
}

// build makes all there is to show.
func (h *handler) build() error {
	h.pages = pagesOf(h.Config)
	codes, err := readOutcomes()
	if err != nil {
		return err
	}
	h.mux.HandleFunc("GET /docs", h.toLanguage)
	h.mux.HandleFunc("GET /docs/{$}", h.toLanguage)
	h.mux.Handle("GET /docs/en", http.RedirectHandler("/docs/en/", http.StatusMovedPermanently))
	h.mux.Handle("GET /docs/ko", http.RedirectHandler("/docs/ko/", http.StatusMovedPermanently))
	h.mux.Handle("GET /docs/api", http.RedirectHandler("/docs/api/v2", http.StatusFound))
	h.mux.HandleFunc("GET /docs/search", h.find)
	h.mux.HandleFunc("POST /docs/sandbox", h.lend)
	h.mux.HandleFunc("GET /docs/", h.unknown)
	operations := map[locale.Language][]operation{}
	for _, version := range Versions {
		if operations, err = h.addVersion(version, codes, operations); err != nil {
			return err
		}
	}
	byLanguage := map[locale.Language][]*guide{}
	for _, lang := range languages {
		guides, err := readGuides(lang, h.PublicURL, h.Sandboxes != nil, codes)
		if err != nil {
			return err
		}
		if err := h.addGuides(lang, guides); err != nil {
			return err
		}
		byLanguage[lang] = guides
		h.search[lang] = newIndex(lang, guides, operations[lang])
	}
	listing := newStatic("text/plain; charset=utf-8", h.llms(byLanguage[locale.English], operations[locale.English]), h.Version)
	h.mux.Handle("GET /llms.txt", listing)
	h.mux.Handle("GET /docs/llms.txt", listing)
	return h.addAssets()
}

// addVersion adds a version's documents in all languages, and the page to try it.
func (h *handler) addVersion(
	version string, codes []outcome, operations map[locale.Language][]operation,
) (map[locale.Language][]operation, error) {
	byLanguage := map[locale.Language][3]*static{}
	for _, lang := range languages {
		s, err := specOf(version, lang, h.PublicURL, codes)
		if err != nil {
			return nil, err
		}
		page, err := h.pages.api(lang, version, s.operations)
		if err != nil {
			return nil, err
		}
		byLanguage[lang] = [3]*static{
			newStatic("application/yaml; charset=utf-8", s.yaml, h.Version),
			newStatic("application/json; charset=utf-8", s.json, h.Version),
			newStatic("text/html; charset=utf-8", page, h.Version),
		}
		operations[lang] = append(operations[lang], s.operations...)
	}
	for i, path := range []string{"/docs/openapi/" + version + ".yaml", "/docs/openapi/" + version + ".json", "/docs/api/" + version} {
		h.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Vary", "Accept-Language")
			byLanguage[languageOf(r)][i].ServeHTTP(w, r)
		})
	}
	return operations, nil
}

// addGuides adds a language's guides, as pages and as Markdown.
func (h *handler) addGuides(lang locale.Language, guides []*guide) error {
	root := "GET /docs/" + codeOf(lang) + "/"
	for i, g := range guides {
		page, err := h.pages.guide(lang, guides, i)
		if err != nil {
			return err
		}
		path := g.Path()
		if path == "" {
			path = "{$}"
			h.mux.Handle(root+g.Slug, http.RedirectHandler("/docs/"+codeOf(lang)+"/", http.StatusMovedPermanently))
		}
		h.mux.Handle(root+path, newStatic("text/html; charset=utf-8", page, h.Version))
		h.mux.Handle(root+g.Slug+".md", newStatic("text/markdown; charset=utf-8", g.Markdown, h.Version))
	}
	return nil
}

// contentRules keep a page to what this server sends. Swagger UI has pictures in its style.
const contentRules = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", contentRules)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "same-origin")
	head.Set("X-Frame-Options", "DENY")
	if err := h.ready(); err != nil { // what is embedded cannot be read, which tests rule out
		h.fail(w, r, err)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// languageOf is the one that the address names, else the one that the reader likes better.
func languageOf(r *http.Request) locale.Language {
	switch r.URL.Query().Get("lang") {
	case "en":
		return locale.English
	case "ko":
		return locale.Korean
	}
	return locale.Of(r.Header.Get("Accept-Language"))
}

func (h *handler) toLanguage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Language")
	http.Redirect(w, r, "/docs/"+codeOf(languageOf(r))+"/", http.StatusFound)
}

func (h *handler) unknown(w http.ResponseWriter, r *http.Request) {
	lang := languageOf(r)
	if strings.HasPrefix(r.URL.Path, "/docs/en/") {
		lang = locale.English
	}
	page, err := h.pages.notFound(lang)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	send(w, http.StatusNotFound, page)
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	h.Logger.ErrorContext(r.Context(), "docs", "error", err)
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}

// send answers with a page that was made for this request.
func send(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page) // the reader is gone when this fails
}
