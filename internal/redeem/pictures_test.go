package redeem

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"

	"giftimbiz/internal/gift"
)

// scan reads the code in a PNG.
func scan(t *testing.T, reader gozxing.Reader, picture []byte) string {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	// The picture is nothing but the code. Looked for as in a photograph, 3 of 1,000 random codes are not found by this reader.
	result, err := reader.Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		t.Fatal(err)
	}
	return result.GetText()
}

func TestTheQRCodeOpensThePage(t *testing.T) {
	h, _, links := newTestHandler(t, starCoupon())
	w := fetch(h, http.MethodGet, links.QRPath(order, 1), nil)
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" {
		t.Fatalf("status %d, type %q", w.Code, w.Header().Get("Content-Type"))
	}
	address := scan(t, qrcode.NewQRCodeReader(), w.Body.Bytes())
	if !strings.HasPrefix(address, "https://gift.example/r/") {
		t.Fatalf("the code says %q", address)
	}
	if page := fetch(h, http.MethodGet, address, nil); page.Code != 200 || !strings.Contains(page.Body.String(), "사용 가능") {
		t.Errorf("page: status %d\n%s", page.Code, page.Body)
	}
	again := fetch(h, http.MethodGet, links.QRPath(order, 1), nil)
	if !bytes.Equal(again.Body.Bytes(), w.Body.Bytes()) {
		t.Error("asked again, the picture is another")
	}
}

// TestAQRCodeIsReadFromPaperAndPhotographs: at half its size, and after JPEG has blurred it.
func TestAQRCodeIsReadFromPaperAndPhotographs(t *testing.T) {
	links := NewLinks(steadyKeys(t), "https://gift.example/")
	for line := range int64(40) {
		address := links.PageURL(order+gift.ID(line), line+1)
		picture, err := QRPicture(address)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		if got := readHard(t, squeezed(t, halved(img))); got != address {
			t.Errorf("line %d: the code says %q", line, got)
		}
	}
}

// readHard looks for a code as in a photograph and, because this reader misses 3 of 1,000, then as in a picture of nothing else.
func readHard(t *testing.T, img image.Image) string {
	t.Helper()
	for _, hint := range []gozxing.DecodeHintType{gozxing.DecodeHintType_TRY_HARDER, gozxing.DecodeHintType_PURE_BARCODE} {
		bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{hint: true}); err == nil {
			return r.GetText()
		}
	}
	return ""
}

func TestTheBarCodeSaysTheVoucherNumber(t *testing.T) {
	live := starCoupon()
	sealed, err := keysOnce().Seal(live.UnitID, "903120571386")
	if err != nil {
		t.Fatal(err)
	}
	live.Offer.Kind, live.Sealed = gift.Gifticon, sealed
	sandbox, cancelled := live, live
	sandbox.Line, sandbox.Sandbox, sandbox.Sealed = 2, true, nil
	cancelled.Line, cancelled.CancelledAt = 200, noon.Add(-time.Minute)
	h, _, links := newTestHandler(t, live, sandbox, cancelled)

	for line, want := range map[int64]string{1: "903120571386", 2: sandbox.TestNumber()} {
		w := fetch(h, http.MethodGet, links.BarcodePath(order, line), nil)
		if w.Code != 200 {
			t.Fatalf("line %d: status %d", line, w.Code)
		}
		if got := scan(t, oned.NewCode128Reader(), w.Body.Bytes()); got != want {
			t.Errorf("line %d: the code says %q, want %q", line, got, want)
		}
	}
	if w := fetch(h, http.MethodGet, links.BarcodePath(order, 200), nil); w.Code != http.StatusNotFound {
		t.Errorf("cancelled voucher: status %d", w.Code)
	}
}

func TestBarCodesHoldNumbersOfEveryUsualLength(t *testing.T) {
	for _, number := range []string{"123456789012", "1234567890123", "9999888877776666", "ABC-0001-9x", strings.Repeat("7", 40)} {
		picture, err := BarcodePicture(number)
		if err != nil {
			t.Fatal(err)
		}
		if got := scan(t, oned.NewCode128Reader(), picture); got != number {
			t.Errorf("the code says %q, want %q", got, number)
		}
	}
	for _, number := range []string{"", "한글", strings.Repeat("7", 81)} {
		if _, err := BarcodePicture(number); err == nil || (number != "" && strings.Contains(err.Error(), number)) {
			t.Errorf("a number of %d bytes: error %v", len(number), err)
		}
	}
}
