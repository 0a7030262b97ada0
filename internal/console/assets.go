package console

import (
	"embed"
	"mime"
	"net/http"
	"path"
)

// assetsPath is where style, scripts and their licences are.
const assetsPath = Root + "/assets/"

//go:embed assets
var assetFiles embed.FS

// serveAsset serves files that change with the program only; their addresses say which program.
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
	_, _ = w.Write(body) // the caller is gone when this fails
}
