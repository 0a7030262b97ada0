package sample

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"

	"golang.org/x/image/vector"
)

// unit is the length of a drawing's unit in pixels.
const unit = float32(pictureSize) / 100

// painter turns drawings into PNG and JPEG files. Its buffers serve one picture after the other.
type painter struct {
	mask    *image.Alpha
	raster  *vector.Rasterizer
	encoder png.Encoder
	spare   *png.EncoderBuffer
}

func newPainter() *painter {
	p := &painter{
		mask:   image.NewAlpha(image.Rect(0, 0, pictureSize, pictureSize)),
		raster: vector.NewRasterizer(pictureSize, pictureSize),
	}
	p.encoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: p}
	return p
}

// Get implements png.EncoderBufferPool.
func (p *painter) Get() *png.EncoderBuffer { return p.spare }

// Put implements png.EncoderBufferPool.
func (p *painter) Put(b *png.EncoderBuffer) { p.spare = b }

func (p *painter) png(d *drawing) []byte {
	var out bytes.Buffer
	if err := p.encoder.Encode(&out, p.paint(d)); err != nil {
		panic("sample: encode PNG: " + err.Error()) // a bytes.Buffer takes everything
	}
	return out.Bytes()
}

func (p *painter) jpeg(d *drawing) []byte {
	flat := p.paint(d)
	full := image.NewRGBA(flat.Rect)
	draw.Draw(full, full.Rect, flat, image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, full, &jpeg.Options{Quality: 80}); err != nil {
		panic("sample: encode JPEG: " + err.Error())
	}
	return out.Bytes()
}

// paint draws in few colours, so that files are small: edges are smoothed in steps.
func (p *painter) paint(d *drawing) *image.Paletted {
	img := image.NewPaletted(p.mask.Rect, color.Palette{d.ground})
	mix := mixer{img: img, known: map[[3]uint8]uint8{}}
	for _, s := range d.shapes {
		area := p.cover(s.path)
		fill := mix.index(s.fill)
		for y := area.Min.Y; y < area.Max.Y; y++ {
			row := img.Pix[y*img.Stride+area.Min.X : y*img.Stride+area.Max.X]
			covered := p.mask.Pix[(y-area.Min.Y)*p.mask.Stride:][:len(row)]
			for x, alpha := range covered {
				if alpha >= mixStep/2 {
					row[x] = mix.over(row[x], fill, (alpha-1)/mixStep)
				}
			}
		}
	}
	return img
}

// cover fills the mask's upper left corner with how much of each pixel the path covers, and returns where it belongs.
func (p *painter) cover(path []segment) image.Rectangle {
	area := bounds(path).Intersect(p.mask.Rect)
	dx, dy := float32(area.Min.X), float32(area.Min.Y)
	at := func(q point) (x, y float32) { return q.x*unit - dx, q.y*unit - dy }
	p.raster.Reset(area.Dx(), area.Dy())
	p.raster.DrawOp = draw.Src
	for i, s := range path {
		x, y := at(s.to)
		switch {
		case i == 0:
			p.raster.MoveTo(x, y)
		case s.curved:
			ax, ay := at(s.a)
			bx, by := at(s.b)
			p.raster.CubeTo(ax, ay, bx, by, x, y)
		default:
			p.raster.LineTo(x, y)
		}
	}
	p.raster.ClosePath()
	p.raster.Draw(p.mask, image.Rect(0, 0, area.Dx(), area.Dy()), image.Opaque, image.Point{})
	return area
}

func bounds(path []segment) image.Rectangle {
	low, high := path[0].to, path[0].to
	for _, s := range path { // the curves drawn here stay within their end points
		low.x, low.y = min(low.x, s.to.x), min(low.y, s.to.y)
		high.x, high.y = max(high.x, s.to.x), max(high.y, s.to.y)
	}
	floor := func(v float32) int { return int(math.Floor(float64(v * unit))) }
	return image.Rect(floor(low.x), floor(low.y), floor(high.x)+1, floor(high.y)+1)
}
