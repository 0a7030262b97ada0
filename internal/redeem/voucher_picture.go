package redeem

import (
	"image"
	"image/color"
)

// The size of a saved picture in pixels: as wide as telephones are, and as high as what is on it.
const (
	savedWidth  = 1080
	savedHeight = 2000 // at most
	savedMargin = 72
	savedBars   = 330 // the height of a bar code
	savedQR     = 760 // how wide a QR code is at most
)

// savedPicture returns a PNG of what a shop needs to see, for a holder who keeps it on a telephone or prints it. It is black
// on white and has nothing but lettering beside the code, so that it can be scanned when it was made small and sent on.
func savedPicture(v *voucherView) ([]byte, error) {
	s := sheet{canvas: newCanvas(savedWidth, savedHeight), y: savedMargin / 2}
	if v.Item.Sandbox {
		s.banner(v.Text.Sandbox)
	}
	s.paragraph(v.Kind, 34, 1, softColour)
	s.paragraph(v.Brand, 44, 1, softColour)
	s.paragraph(v.Product, 64, 3, inkColour)
	if v.Price != "" {
		s.paragraph(v.Price, 44, 1, inkColour)
	}
	if v.Terms != "" {
		s.paragraph(v.Text.Terms+": "+v.Terms, 38, 3, softColour)
	}
	s.code(v.Code)
	if v.Number != "" {
		s.paragraph(v.Number, 62, 4, inkColour)
	}
	s.rule()
	s.paragraph(v.Text.Valid+" "+v.Until, 48, 1, inkColour)
	return s.png(s.y + savedMargin)
}

// sheet is a canvas that is written from top to bottom.
type sheet struct {
	*canvas
	y int // where the next block begins
}

// paragraph writes lines in the middle.
func (s *sheet) paragraph(text string, size, most int, colour color.Color) {
	l := s.lettering(size)
	s.y += size / 4
	for _, line := range s.lines(l, text, savedWidth-2*savedMargin, most) {
		s.write(l, line, image.Pt(savedWidth/2, s.y+size), true, colour)
		s.y += size * 4 / 3
	}
}

func (s *sheet) banner(text string) {
	const height = 84
	l := s.lettering(40)
	s.fill(image.Rect(0, 0, savedWidth, height), alertColour)
	for _, line := range s.lines(l, text, savedWidth-savedMargin, 1) {
		s.write(l, line, image.Pt(savedWidth/2, height*2/3), true, color.White)
	}
	s.y += height
}

// code draws the code with modules as large as there is room for.
func (s *sheet) code(g *grid) {
	module := savedQR / g.Width
	row := module
	if g.Bars() {
		module, row = savedWidth/g.Width, savedBars
	}
	s.y += savedMargin / 2
	s.grid(g, image.Pt((savedWidth-g.Width*module)/2, s.y), module, row)
	s.y += g.Height*row + savedMargin/4
}

func (s *sheet) rule() {
	s.y += savedMargin / 2
	s.fill(image.Rect(savedMargin, s.y, savedWidth-savedMargin, s.y+2), lineColour)
	s.y += savedMargin / 4
}
