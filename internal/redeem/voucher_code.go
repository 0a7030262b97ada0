package redeem

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/code128"
	"rsc.io/qr"
)

// maxBarModules is how wide a bar code may be, quiet zones included, to be read from a telephone's screen: 20 digits, or a
// dozen letters. Longer numbers are shown as QR codes.
const maxBarModules = 250

// qrQuiet is the quiet zone of a QR code in modules, as the standard asks for.
const qrQuiet = 4

// grid is the black modules of a bar code or QR code, its quiet zone included. A bar code has one row, to be drawn high.
type grid struct {
	Width, Height int
	black         func(x, y int) bool
}

// Bars tells a bar code from a QR code.
func (g *grid) Bars() bool { return g.Height == 1 }

// numberGrid returns a bar code of a voucher number or, when it would be too wide, a QR code.
func numberGrid(number string) (*grid, error) {
	code, err := code128.Encode(number)
	if err != nil || code.Bounds().Dx()+2*barQuiet > maxBarModules {
		return qrGrid(number)
	}
	return &grid{Width: code.Bounds().Dx() + 2*barQuiet, Height: 1, black: func(x, _ int) bool {
		return x >= barQuiet && x < barQuiet+code.Bounds().Dx() && isBlack(code.At(x-barQuiet, 0))
	}}, nil
}

// qrGrid returns a QR code that says text. Its error does not name the text.
func qrGrid(text string) (*grid, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("%d bytes do not fit a QR code", len(text))
	}
	size := code.Size + 2*qrQuiet
	return &grid{Width: size, Height: size, black: func(x, y int) bool { return code.Black(x-qrQuiet, y-qrQuiet) }}, nil
}

// runs calls draw for each row of black modules that stand side by side.
func (g *grid) runs(draw func(x, y, width int)) {
	for y := range g.Height {
		for x := 0; x < g.Width; x++ {
			from := x
			for x < g.Width && g.black(x, y) {
				x++
			}
			if x > from {
				draw(from, y, x-from)
			}
		}
	}
}

// Path returns the black modules as the outline of an SVG.
func (g *grid) Path() string {
	var b strings.Builder
	g.runs(func(x, y, width int) {
		w := strconv.Itoa(width)
		b.WriteString("M" + strconv.Itoa(x) + " " + strconv.Itoa(y) + "h" + w + "v1h-" + w + "z")
	})
	return b.String()
}

// Scale returns how many CSS pixels a module takes on a telephone's screen: whole or half ones, so that modules are alike.
func (g *grid) Scale() float64 {
	const room = 300
	return max(1, float64(2*room/g.Width)/2)
}

// ShownWidth returns the width of the code in CSS pixels.
func (g *grid) ShownWidth() float64 { return g.Scale() * float64(g.Width) }

// ShownHeight returns the height of the code in CSS pixels.
func (g *grid) ShownHeight() float64 {
	if g.Bars() {
		return 96
	}
	return g.Scale() * float64(g.Height)
}

// inGroups writes a number in groups of four, unless it is grouped already.
func inGroups(number string) string {
	var b strings.Builder
	for i, c := range []byte(number) {
		if !isAlphanumeric(c) {
			return number
		}
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(c)
	}
	return b.String()
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
