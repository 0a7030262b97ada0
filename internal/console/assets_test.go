package console

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestAnAssetIsAskedForAgainAndSentOnce: browsers have the files of the program that runs, and get each only once.
func TestAnAssetIsAskedForAgainAndSentOnce(t *testing.T) {
	ask := func(tag string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, assetsPath+"console.css", nil)
		r.SetPathValue("file", "console.css")
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		serveAsset(w, r)
		return w
	}
	first := ask("")
	tag := first.Header().Get("ETag")
	if first.Code != http.StatusOK || first.Body.Len() == 0 || tag == "" || first.Header().Get("Cache-Control") != "public, no-cache" {
		t.Errorf("HTTP %d, %v", first.Code, first.Header())
	}
	if again := ask(tag); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("with its tag: HTTP %d, %d bytes", again.Code, again.Body.Len())
	}
	if other := ask(`"of another program"`); other.Code != http.StatusOK {
		t.Errorf("with another tag: HTTP %d", other.Code)
	}
}
