// Package media serves the pictures of the catalogue, which live in the database, so that every node has all of them.
package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"giftimbiz/internal/clock"
)

const (
	// cacheBytes bounds the memory that pictures take.
	cacheBytes = 64 << 20
	// freshFor is how long a node may serve a picture that was replaced.
	freshFor = time.Minute
	// absentBytes bounds the memory that paths without a picture take, and absentFor how long they are remembered: nobody
	// needs a key to ask for them, and a picture that was just added is not to be missed for long.
	absentBytes = 1 << 20
	absentFor   = 5 * time.Second
	// maxPath bounds what is looked up, in bytes.
	maxPath = 512

	cacheControl = "public, max-age=3600"
)

// Picture is a file of the catalogue. Nobody changes its Body.
type Picture struct {
	ContentType string
	Body        []byte
	ChangedAt   time.Time
}

// Store finds pictures. It is safe for concurrent use.
type Store interface {
	// Media returns the picture at an absolute path such as /UPLOAD/CATE/1.jpg, nil and no error when there is none.
	Media(ctx context.Context, path string) (*Picture, error)
}

type handler struct {
	store  Store
	clock  clock.Clock
	log    *slog.Logger
	cache  *cache
	absent *cache // of entries without a body
}

// NewHandler returns what serves pictures at their own paths. All arguments are required.
func NewHandler(store Store, clk clock.Clock, log *slog.Logger) http.Handler {
	if store == nil || clk == nil || log == nil {
		panic("media: NewHandler needs a store, a clock and a logger")
	}
	return &handler{store: store, clock: clk, log: log, cache: newCache(cacheBytes), absent: newCache(absentBytes)}
}

// ServeHTTP answers GET and HEAD, whole or in ranges, and "not changed" to whoever has the picture.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name, ok := lookupName(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	found, err := h.find(r.Context(), name)
	switch {
	case err != nil:
		if r.Context().Err() == nil {
			h.log.ErrorContext(r.Context(), "read picture", "path", name, "error", err)
		}
		w.Header().Set("Retry-After", "5")
		http.Error(w, "try again", http.StatusServiceUnavailable)
	case found == nil:
		http.NotFound(w, r)
	default:
		serve(w, r, found)
	}
}

// lookupName returns the path as it is stored. There is no file system behind it; still, only paths in their plainest
// form name a picture. Old Macs send Hangul in pieces.
func lookupName(p string) (string, bool) {
	if len(p) > maxPath || !utf8.ValidString(p) || strings.ContainsAny(p, "\x00\\") || path.Clean(p) != p {
		return "", false
	}
	return norm.NFC.String(p), true
}

func (h *handler) find(ctx context.Context, name string) (*entry, error) {
	now := h.clock.Now()
	if known := h.cache.get(name, now.Add(-freshFor)); known != nil {
		return known, nil
	}
	if h.absent.get(name, now.Add(-absentFor)) != nil {
		return nil, nil
	}
	picture, err := h.store.Media(ctx, name)
	if err != nil {
		return nil, err
	}
	if picture == nil {
		h.cache.drop(name)
		h.absent.put(&entry{name: name, readAt: now})
		return nil, nil
	}
	h.absent.drop(name)
	read := &entry{name: name, Picture: *picture, etag: etag(picture), readAt: now}
	h.cache.put(read)
	return read, nil
}

func etag(p *Picture) string {
	sum := sha256.Sum256(p.Body)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

func serve(w http.ResponseWriter, r *http.Request, e *entry) {
	head := w.Header()
	head.Set("Content-Type", safeType(e.ContentType))
	head.Set("ETag", e.etag)
	head.Set("Cache-Control", cacheControl)
	// An SVG opened by itself is a document: without this it could run scripts under our name.
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	http.ServeContent(w, r, "", e.ChangedAt, bytes.NewReader(e.Body))
}

// safeType lets nothing but pictures be shown by a browser.
func safeType(contentType string) string {
	if strings.HasPrefix(contentType, "image/") {
		return contentType
	}
	return "application/octet-stream"
}
