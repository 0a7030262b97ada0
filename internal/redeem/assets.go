package redeem

import (
	"bytes"
	"compress/gzip"
	"embed"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// assetsPath is where style, scripts and their licences are.
const assetsPath = pagePath + "assets/"

//go:embed assets
var assetFiles embed.FS

// packed are the assets as they are sent to whoever takes them smaller: a shop's telephone may be far from any fast network.
var packed = sync.OnceValue(func() map[string][]byte {
	all := map[string][]byte{}
	entries, _ := assetFiles.ReadDir("assets") // embedded: cannot fail
	for _, e := range entries {
		body, _ := assetFiles.ReadFile("assets/" + e.Name())
		var small bytes.Buffer
		z, _ := gzip.NewWriterLevel(&small, gzip.BestCompression)
		_, _ = z.Write(body) // into memory
		_ = z.Close()
		all[e.Name()] = small.Bytes()
	}
	return all
})

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	body, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	head := w.Header()
	head.Set("Content-Type", kind)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cache-Control", "public, max-age=3600")
	head.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		body = packed()[name]
	}
	_, _ = w.Write(body) // the caller is gone when this fails
}
