package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"sync"
	"time"
)

// assetsPath is where style, scripts and their licences are.
const assetsPath = Root + "/assets/"

//go:embed assets
var assetFiles embed.FS

// assetTags are the files' ETags by their names. The addresses do not say which program a file is of, so browsers ask each time
// whether theirs is still the one: after an upgrade, new pages with old scripts would not work.
var assetTags = sync.OnceValue(func() map[string]string {
	tags := map[string]string{}
	entries, _ := assetFiles.ReadDir("assets") // it is part of the program
	for _, e := range entries {
		if body, err := assetFiles.ReadFile("assets/" + e.Name()); err == nil {
			sum := sha256.Sum256(body)
			tags[e.Name()] = `"` + hex.EncodeToString(sum[:16]) + `"`
		}
	}
	return tags
})

// serveAsset serves files that change with the program only.
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
	head.Set("Cache-Control", "public, no-cache")
	head.Set("ETag", assetTags()[name])
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}
