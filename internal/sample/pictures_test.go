package sample

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"path"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestEveryPictureReferredToIsThereOnce(t *testing.T) {
	have := map[string]int{}
	for _, p := range shared().Pictures {
		have[p.Path]++
	}
	for name, n := range have {
		if n != 1 || !strings.HasPrefix(name, "/") || !norm.NFC.IsNormalString(name) {
			t.Errorf("%q comes %d times or is no absolute path", name, n)
		}
	}
	referred := map[string]bool{}
	for _, name := range referredPictures(shared()) {
		referred[name] = true
		if have[name] == 0 {
			t.Errorf("no picture %q", name)
		}
	}
	if len(have) != len(referred) {
		t.Errorf("%d pictures, %d are referred to", len(have), len(referred))
	}
}

func referredPictures(s *Set) (names []string) {
	for _, c := range s.Categories {
		names = append(names, c.Thumb)
	}
	for _, b := range s.Brands {
		names = append(names, b.Thumb)
	}
	for _, p := range s.Products {
		names = append(names, p.Thumb)
	}
	for _, h := range s.Shops {
		names = append(names, h.Thumb)
	}
	for _, c := range s.Campaigns {
		names = append(names, c.Thumb, c.Image, c.Image2)
	}
	return names
}

func TestEveryPictureIsWhatItsNameSays(t *testing.T) {
	types := map[string]int{}
	for _, p := range shared().Pictures {
		types[p.ContentType]++
		if err := decode(p); err != nil {
			t.Errorf("%s: %v", p.Path, err)
		}
		if len(p.Body) > 16<<10 {
			t.Errorf("%s has %d bytes", p.Path, len(p.Body))
		}
	}
	if len(types) != 3 {
		t.Errorf("pictures by type: %v; the guide shows three types", types)
	}
}

// formats are the names that package image gives to formats.
var formats = map[string]string{".pngimage/png": "png", ".jpgimage/jpeg": "jpeg"}

func decode(p Picture) error {
	kind := path.Ext(p.Path) + p.ContentType
	if kind == ".svgimage/svg+xml" {
		return decodeSVG(p.Body)
	}
	img, format, err := image.Decode(bytes.NewReader(p.Body))
	if err != nil {
		return err
	}
	if formats[kind] != format || img.Bounds() != image.Rect(0, 0, pictureSize, pictureSize) {
		return fmt.Errorf("a %s of %v as %s", format, img.Bounds(), kind)
	}
	return nil
}

func decodeSVG(body []byte) error {
	var root struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		Path    []struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&root); err != nil {
		return err
	}
	if len(root.Path) == 0 {
		return errors.New("nothing is drawn")
	}
	if rest := bytes.TrimSpace(body[decoder.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("%q follows", rest)
	}
	return nil
}

func TestBrandsLookDifferent(t *testing.T) {
	looks := map[string]string{}
	for _, p := range shared().Pictures {
		if !strings.HasPrefix(p.Path, "/UPLOAD/CATE/") {
			continue
		}
		if first, ok := looks[string(p.Body)]; ok {
			t.Errorf("%s looks like %s", p.Path, first)
		}
		looks[string(p.Body)] = p.Path
	}
	if len(looks) != len(shared().Brands) {
		t.Errorf("%d brands have %d pictures", len(shared().Brands), len(looks))
	}
}

func TestThePainterFillsWhatIsDrawn(t *testing.T) {
	c := coloursOf(1)
	d := &drawing{ground: c.paper}
	d.box(c.ink, 25, 25, 50, 50, 0)
	img := newPainter().paint(d)
	for _, test := range []struct {
		x, y int
		want any
	}{
		{0, 0, c.paper},
		{pictureSize / 5, pictureSize / 2, c.paper},
		{pictureSize / 2, pictureSize / 2, c.ink},
		{pictureSize * 3 / 10, pictureSize * 7 / 10, c.ink},
		{pictureSize * 4 / 5, pictureSize / 2, c.paper},
	} {
		if got := img.At(test.x, test.y); got != test.want {
			t.Errorf("at %d, %d the colour is %v, want %v", test.x, test.y, got, test.want)
		}
	}
}
