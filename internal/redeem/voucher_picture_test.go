package redeem

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"testing/cryptotest"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/vault"
)

// steadyKeys are the same in each run, and so are the codes of addresses: as in a photograph, the reader that tests have does not find
// 3 of 1,000 random ones.
func steadyKeys(t *testing.T) *vault.Vault {
	t.Helper()
	cryptotest.SetGlobalRandom(t, 1)
	return vault.Fresh()
}

// find reads the code that is somewhere in a picture.
func find(t *testing.T, reader gozxing.Reader, picture image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := reader.Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		return err.Error()
	}
	return result.GetText()
}

// halved returns a picture of half the width and height.
func halved(p image.Image) image.Image {
	half := image.NewRGBA(image.Rect(0, 0, p.Bounds().Dx()/2, p.Bounds().Dy()/2))
	draw.ApproxBiLinear.Scale(half, half.Rect, p, p.Bounds(), draw.Src, nil)
	return half
}

// squeezed returns a picture as a messenger makes it of one.
func squeezed(t *testing.T, p image.Image) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 30}); err != nil {
		t.Fatal(err)
	}
	back, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// TestASavedPictureCanBeScannedHoweverItWasSentOn does so with numbers of all kinds, small and after compression.
func TestASavedPictureCanBeScannedHoweverItWasSentOn(t *testing.T) {
	long := strings.Repeat("A1b2", 10)
	for name, tc := range map[string]struct {
		number string
		star   bool
		test   bool
		long   bool // its product's name
	}{
		"12-digits": {number: "903120571386"}, "16-digits": {number: number, long: true}, "letters": {number: "ABC-0001-9x"},
		"sandbox": {number: number, test: true}, "too-long-for-bars": {number: long},
		"star": {star: true}, "star-sandbox": {star: true, test: true, long: true},
	} {
		t.Run(name, func(t *testing.T) {
			keys, item := steadyKeys(t), gifticon(t)
			item.Sealed, _ = keys.Seal(item.UnitID, tc.number)
			if tc.star {
				item = starCoupon()
			}
			item.Sandbox = tc.test
			if tc.long {
				item.Product.Name = strings.Repeat("아주 긴 이름의 똠양꿍 세트 ", 8) + "😀"
				item.Campaign.Product, item.Campaign.Condition = item.Product.Name, item.Product.Name
			}
			h, _, links := newVoucherHandlerOf(keys, nil, item)
			w := fetch(h, http.MethodGet, links.VoucherURL(&item)+pngSuffix, nil)
			if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || !strings.Contains(w.Header().Get("Content-Disposition"), pictureName(&item)) {
				t.Fatalf("status %d, %v", w.Code, w.Header())
			}
			size := w.Body.Len()
			picture, err := png.Decode(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			keep(t, "saved-"+name, picture)
			t.Logf("%d bytes, %v", size, picture.Bounds().Size())
			var reader gozxing.Reader = oned.NewCode128Reader()
			want := tc.number
			switch {
			case tc.star:
				reader, want = qrcode.NewQRCodeReader(), links.PageURL(order, 1)
			case tc.test:
				want = item.TestNumber()
			case tc.number == long:
				reader = qrcode.NewQRCodeReader()
			}
			for how, p := range map[string]image.Image{
				"as it is": picture, "at half its size": halved(picture), "compressed": squeezed(t, picture),
				"compressed at half its size": squeezed(t, halved(picture)),
			} {
				if got := find(t, reader, p); got != want {
					t.Errorf("%s: the code says %q, want %q", how, got, want)
				}
			}
			if head := fetch(h, http.MethodHead, links.VoucherURL(&item)+pngSuffix, nil); head.Code != 200 || head.Body.Len() != 0 {
				t.Errorf("HEAD: status %d, %d bytes", head.Code, head.Body.Len())
			}
		})
	}
}

func TestAPictureOfANumberThatFitsNoCodeIsAFaultThatDoesNotNameIt(t *testing.T) {
	huge := strings.Repeat("한", 2000)
	if _, err := numberGrid(huge); err == nil || strings.Contains(err.Error(), "한") {
		t.Errorf("error %v", err)
	}
}

// TestTheShownCodesAreThose reads the codes as the page draws them, from their outlines.
func TestTheShownCodesAreThose(t *testing.T) {
	for text, make := range map[string]func(string) (*grid, error){number: numberGrid, "https://gift.example/r/AAAA": qrGrid} {
		g, err := make(text)
		if err != nil {
			t.Fatal(err)
		}
		if g.ShownWidth() > 304 || g.ShownWidth() < 200 || g.ShownHeight() < 90 {
			t.Errorf("%v × %v", g.ShownWidth(), g.ShownHeight())
		}
		c, row := newCanvas(4*g.Width, 4*max(g.Height, 30)), 4
		var reader gozxing.Reader = qrcode.NewQRCodeReader()
		if g.Bars() {
			row, reader = 120, oned.NewCode128Reader()
		}
		c.grid(g, image.Point{}, 4, row)
		if got := find(t, reader, c); got != text {
			t.Errorf("the code says %q, want %q", got, text)
		}
	}
}

func BenchmarkVoucherURL(b *testing.B) {
	links := NewLinks(keysOnce(), "https://gift.example")
	item := &gift.BoughtItem{OrderID: order, Line: 1}
	b.ReportAllocs()
	for b.Loop() {
		links.VoucherURL(item)
	}
}

func BenchmarkSavedPicture(b *testing.B) {
	item := gifticon(b)
	v := &voucherView{Text: &koreanVoucher, Item: &item, Until: koreanVoucher.Until(lastDay), Number: grouped, Kind: koreanVoucher.Gifticon}
	v.describe()
	v.Code, _ = numberGrid(number)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := savedPicture(v); err != nil {
			b.Fatal(err)
		}
	}
}
