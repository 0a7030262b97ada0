package intake_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"

	"giftimbiz/internal/intake"
	"giftimbiz/internal/media"
)

func pngOf(t *testing.T, w, h int, c color.Color) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func archive(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesAreKeptSmallWhereTheirNamesSay(t *testing.T) {
	desk := newDesk(t, nil)
	clear := color.NRGBA{R: 200, A: 0x80}
	files := archive(t, map[string][]byte{
		"menu/라떼 1.png": pngOf(t, 2000, 1000, color.White), "icon.png": pngOf(t, 10, 20, clear), "menu/.DS_Store": []byte("x"),
	})
	paths, err := desk.Pictures(t.Context(), "pictures.zip", files)
	slices.Sort(paths)
	if err != nil || !slices.Equal(paths, []string{"/UPLOAD/stock/icon.png", "/UPLOAD/stock/라떼_1.png"}) {
		t.Fatal(paths, err)
	}
	for path, want := range map[string][3]any{paths[0]: {"image/png", 10, 20}, paths[1]: {"image/jpeg", 640, 320}} {
		p, err := desk.Store.(media.Store).Media(t.Context(), path)
		if err != nil || p == nil {
			t.Fatal(path, err)
		}
		img, _, err := image.Decode(bytes.NewReader(p.Body))
		if err != nil || p.ContentType != want[0] || img.Bounds().Dx() != want[1] || img.Bounds().Dy() != want[2] {
			t.Errorf("%s: %s, %v, %v", path, p.ContentType, img.Bounds(), err)
		}
	}
	counts, findings := said(t, desk, intake.Brands, "카테고리,이름,이미지\n1,새것,라떼 1.png\n1,CU,/UPLOAD/x.png\n")
	if counts != "1 1 0 0" {
		t.Errorf("%s\n%s", counts, findings)
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	desk := newDesk(t, nil)
	huge := pngOf(t, 1, 1, color.White)
	copy(huge[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // it claims 65,536 pixels a side
	for name, data := range map[string][]byte{
		"text":       []byte("hello"),
		"svg":        []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"huge":       huge,
		"empty":      {},
		"no archive": []byte("PK\x03\x04"),
		"one bad":    archive(t, map[string][]byte{"a.png": pngOf(t, 1, 1, color.White), "b.png": []byte("b")}),
		"nothing":    archive(t, map[string][]byte{".x": nil}),
	} {
		_, err := desk.Pictures(t.Context(), "x.png", data)
		var refusal *intake.Refusal
		if !errors.As(err, &refusal) || refusal.Text.Korean == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p, err := desk.Store.(media.Store).Media(t.Context(), "/UPLOAD/stock/a.png"); p != nil || err != nil {
		t.Errorf("one was kept beside the bad one: %v, %v", p, err)
	}
	if !strings.HasPrefix(intake.PicturesAt, "/UPLOAD/") {
		t.Error("nobody serves ", intake.PicturesAt)
	}
}
