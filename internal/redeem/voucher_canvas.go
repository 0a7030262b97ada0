package redeem

import (
	"bytes"
	_ "embed" // the font
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// fontFile has all 11,172 syllables of Hangul: names of products use rare ones. Its licence lies beside it.
//
//go:embed fonts/Pretendard-SemiBold.otf
var fontFile []byte

// letters is the font, read when the first picture is drawn.
var letters = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(fontFile)
	if err != nil {
		panic(fmt.Sprintf("redeem: the embedded font: %v", err))
	}
	return f
})

// The colours of pictures.
var (
	inkColour    = color.RGBA{0x15, 0x18, 0x1d, 0xff}
	softColour   = color.RGBA{0x59, 0x61, 0x6e, 0xff}
	lineColour   = color.RGBA{0xd9, 0xdd, 0xe3, 0xff}
	groundColour = color.RGBA{0xf3, 0xf4, 0xf6, 0xff}
	alertColour  = color.RGBA{0xa1, 0x1d, 0x1d, 0xff}
)

// canvas is a picture that is being drawn. It belongs to one goroutine.
type canvas struct {
	*image.RGBA
	buffer sfnt.Buffer
}

func newCanvas(width, height int) *canvas {
	c := &canvas{RGBA: image.NewRGBA(image.Rect(0, 0, width, height))}
	c.fill(c.Bounds(), color.White)
	return c
}

func (c *canvas) fill(r image.Rectangle, colour color.Color) {
	draw.Draw(c.RGBA, r, image.NewUniform(colour), image.Point{}, draw.Src)
}

// grid draws a code with modules of the given size, its rows that high.
func (c *canvas) grid(g *grid, at image.Point, module, rowHeight int) {
	g.runs(func(x, y, width int) {
		corner := at.Add(image.Pt(x*module, y*rowHeight))
		c.fill(image.Rectangle{corner, corner.Add(image.Pt(width*module, rowHeight))}, color.Black)
	})
}

// picture draws another into a rectangle, as large as it fits.
func (c *canvas) picture(p image.Image, into image.Rectangle) {
	size := p.Bounds().Size()
	w, h := into.Dx(), size.Y*into.Dx()/size.X
	if h > into.Dy() {
		w, h = size.X*into.Dy()/size.Y, into.Dy()
	}
	corner := into.Min.Add(image.Pt((into.Dx()-w)/2, (into.Dy()-h)/2))
	fit := image.Rectangle{corner, corner.Add(image.Pt(max(w, 1), max(h, 1)))}
	draw.ApproxBiLinear.Scale(c.RGBA, fit, p, p.Bounds(), draw.Over, nil)
}

// lettering is a size of the font.
type lettering struct {
	font.Face
	size int
}

func (c *canvas) lettering(size int) lettering {
	face, err := opentype.NewFace(letters(), &opentype.FaceOptions{Size: float64(size), DPI: 72})
	if err != nil {
		panic(fmt.Sprintf("redeem: a face of the embedded font: %v", err)) // only for options that make no sense
	}
	return lettering{face, size}
}

// known drops what the font has no letters for, such as emoji.
func (c *canvas) known(text string) string {
	text = strings.Map(func(r rune) rune {
		if glyph, err := letters().GlyphIndex(&c.buffer, r); err != nil || glyph == 0 {
			return -1
		}
		return r
	}, norm.NFC.String(text))
	return strings.Join(strings.Fields(text), " ")
}

// lines breaks a text into lines of a width, at spaces where it can; what does not fit into so many lines is cut off.
func (c *canvas) lines(l lettering, text string, width, most int) []string {
	var lines []string
	rest := []rune(c.known(text))
	for len(rest) > 0 {
		n := fitting(l, rest, width)
		if n < len(rest) && len(lines) == most-1 {
			return append(lines, shortened(l, rest[:n], width))
		}
		end := n
		if n < len(rest) {
			for i := n; i > n/2; i-- {
				if rest[i] == ' ' {
					end = i
					break
				}
			}
		}
		lines = append(lines, string(rest[:end]))
		rest = []rune(strings.TrimLeft(string(rest[end:]), " "))
	}
	return lines
}

// fitting returns how many letters fit into a width, one at least.
func fitting(l lettering, text []rune, width int) int {
	var used fixed.Int26_6
	for i, r := range text {
		advance, _ := l.GlyphAdvance(r)
		if used += advance; used > fixed.I(width) && i > 0 {
			return i
		}
	}
	return len(text)
}

func shortened(l lettering, text []rune, width int) string {
	dots, _ := l.GlyphAdvance('…')
	return strings.TrimRight(string(text[:fitting(l, text, width-dots.Ceil())]), " ") + "…"
}

// write puts a line of text with its left end, or its middle, at a place on the base line.
func (c *canvas) write(l lettering, text string, at image.Point, middle bool, colour color.Color) {
	d := font.Drawer{Dst: c.RGBA, Src: image.NewUniform(colour), Face: l, Dot: fixed.P(at.X, at.Y)}
	if middle {
		d.Dot.X -= d.MeasureString(text) / 2
	}
	d.DrawString(text)
}

// png returns the upper part of the canvas as a file.
func (c *canvas) png(height int) ([]byte, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, c.SubImage(image.Rect(0, 0, c.Rect.Dx(), height))); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return out.Bytes(), nil
}
