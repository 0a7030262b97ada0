package storage_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/media"
	"giftimbiz/internal/storage/storagetest"
)

func TestPicturesAreKeptAndReplaced(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		first := media.Picture{ContentType: "image/png", Body: []byte{0x89, 0, 1}, ChangedAt: storagetest.Noon}
		second := media.Picture{ContentType: "image/svg+xml", Body: []byte("<svg/>"), ChangedAt: storagetest.Noon.Add(time.Hour)}
		put := func(pictures map[string]media.Picture) {
			t.Helper()
			if err := h.DB.PutMedia(t.Context(), pictures); err != nil {
				t.Fatal(err)
			}
		}
		put(map[string]media.Picture{"/UPLOAD/가.png": first, "/UPLOAD/b.png": first})
		put(map[string]media.Picture{"/UPLOAD/b.png": second})
		for path, want := range map[string]*media.Picture{
			"/UPLOAD/가.png": &first, "/UPLOAD/b.png": &second, "/UPLOAD/B.png": nil, "": nil,
		} {
			got, err := h.DB.Media(t.Context(), path)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%q: %v\n%s", path, err, diff)
			}
		}
	})
}
