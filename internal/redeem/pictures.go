package redeem

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/boombuler/barcode/code128"
	"rsc.io/qr"
)

// The size of a bar code in pixels. A quiet zone of ten modules on each side is what the standard asks for.
const (
	barModule = 3
	barQuiet  = 10
	barHeight = 120
)

// QRPicture returns a PNG of a QR code that says text, with its quiet zone. It survives damage to 15 % of it.
func QRPicture(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	return code.PNG(), nil
}

// BarcodePicture returns a PNG of a voucher number in Code 128, with its quiet zones. Numbers are 1 to 80 characters of
// ASCII; the error does not name the number.
func BarcodePicture(number string) ([]byte, error) {
	code, err := code128.Encode(number)
	if err != nil {
		return nil, fmt.Errorf("a number of %d bytes does not fit a bar code", len(number))
	}
	modules := code.Bounds().Dx()
	img := image.NewPaletted(
		image.Rect(0, 0, (modules+2*barQuiet)*barModule, barHeight), color.Palette{color.White, color.Black})
	for m := range modules {
		if isBlack(code.At(m, 0)) {
			fillColumns(img, (m+barQuiet)*barModule, barModule)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("encode bar code: %w", err)
	}
	return out.Bytes(), nil
}

func isBlack(c color.Color) bool {
	r, _, _, _ := c.RGBA()
	return r == 0
}

func fillColumns(img *image.Paletted, x, width int) {
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride+x:]
		for i := range width {
			row[i] = 1
		}
	}
}
