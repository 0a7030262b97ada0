package sample

import (
	"image"
	"image/color"
)

// mixStep is the difference in coverage that makes another colour: there are four steps.
const mixStep = 64

// mixer gives out the palette of an image.
type mixer struct {
	img   *image.Paletted
	known map[[3]uint8]uint8
}

func (m *mixer) index(c color.RGBA) uint8 {
	for i, have := range m.img.Palette {
		if have == c {
			return uint8(i)
		}
	}
	if len(m.img.Palette) == 256 {
		return uint8(m.img.Palette.Index(c))
	}
	m.img.Palette = append(m.img.Palette, c)
	return uint8(len(m.img.Palette) - 1)
}

// over returns the colour of fill over what is there, step 3 covering it all.
func (m *mixer) over(there, fill, step uint8) uint8 {
	if step == 3 || there == fill {
		return fill
	}
	key := [3]uint8{there, fill, step}
	if mixed, ok := m.known[key]; ok {
		return mixed
	}
	below, above := m.img.Palette[there].(color.RGBA), m.img.Palette[fill].(color.RGBA)
	blend := func(b, a uint8) uint8 {
		share := int(step)*2 + 1 // eighths
		return uint8((int(b)*(8-share) + int(a)*share) / 8)
	}
	mixed := m.index(color.RGBA{blend(below.R, above.R), blend(below.G, above.G), blend(below.B, above.B), 255})
	m.known[key] = mixed
	return mixed
}
