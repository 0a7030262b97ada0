package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed assets
var assetFiles embed.FS

// static is an answer that is the same for everybody as long as the program runs.
type static struct {
	kind   string
	body   []byte
	tag    string
	packed func() []byte // compressed when somebody wants it
	maxAge string
}

func newStatic(kind string, body []byte, version string) *static {
	sum := sha256.Sum256(body)
	return &static{
		kind: kind, body: body, tag: strconv.Quote(version + "-" + base64.RawURLEncoding.EncodeToString(sum[:9])),
		packed: sync.OnceValue(func() []byte { return pack(body) }), maxAge: "no-cache",
	}
}

func pack(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(body) // to memory
	_ = w.Close()
	return out.Bytes()
}

// ServeHTTP implements http.Handler.
func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("ETag", s.tag)
	head.Set("Cache-Control", s.maxAge)
	head.Add("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("If-None-Match"), s.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := s.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body = s.packed()
		head.Set("Content-Encoding", "gzip")
	}
	head.Set("Content-Type", s.kind)
	head.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader is gone when this fails
	}
}

// addAssets adds style, scripts, pictures and licences. Pages name them with the program's version.
func (h *handler) addAssets() error {
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		return err
	}
	for _, f := range files {
		body, err := assetFiles.ReadFile("assets/" + f.Name())
		if err != nil {
			return err
		}
		kind := mime.TypeByExtension(path.Ext(f.Name()))
		if kind == "" {
			kind = "text/plain; charset=utf-8"
		}
		s := newStatic(kind, body, h.Version)
		s.maxAge = "public, max-age=3600"
		h.mux.Handle("GET /docs/assets/"+f.Name(), s)
	}
	return nil
}
