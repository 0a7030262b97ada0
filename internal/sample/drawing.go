package sample

import "image/color"

// pictureSize is the width and height of drawn pictures in pixels. Drawings are 100 units wide and high.
const pictureSize = 240

// drawing is a list of flat shapes, the lowest first.
type drawing struct {
	ground color.RGBA
	shapes []shape
}

type shape struct {
	fill color.RGBA
	path []segment
}

// segment is a line to a point or, when curved, a cubic curve by two control points to it. The first of a path is where
// it begins.
type segment struct {
	curved bool
	a, b   point
	to     point
}

type point struct{ x, y float32 }

// poly adds a polygon of the points x, y, x, y, …
func (d *drawing) poly(fill color.RGBA, xy ...float32) {
	path := make([]segment, 0, len(xy)/2)
	for i := 0; i+1 < len(xy); i += 2 {
		path = append(path, segment{to: point{xy[i], xy[i+1]}})
	}
	d.shapes = append(d.shapes, shape{fill, path})
}

// box adds a rectangle whose corners are rounded by r.
func (d *drawing) box(fill color.RGBA, x, y, w, h, r float32) {
	if r == 0 {
		d.poly(fill, x, y, x+w, y, x+w, y+h, x, y+h)
		return
	}
	k := r * 0.4477 // from the corner to where the control point of a round corner stands
	right, bottom := x+w, y+h
	d.shapes = append(d.shapes, shape{fill, []segment{
		{to: point{x + r, y}},
		{to: point{right - r, y}},
		{curved: true, a: point{right - k, y}, b: point{right, y + k}, to: point{right, y + r}},
		{to: point{right, bottom - r}},
		{curved: true, a: point{right, bottom - k}, b: point{right - k, bottom}, to: point{right - r, bottom}},
		{to: point{x + r, bottom}},
		{curved: true, a: point{x + k, bottom}, b: point{x, bottom - k}, to: point{x, bottom - r}},
		{to: point{x, y + r}},
		{curved: true, a: point{x, y + k}, b: point{x + k, y}, to: point{x + r, y}},
	}})
}

func (d *drawing) disc(fill color.RGBA, x, y, r float32) { d.box(fill, x-r, y-r, 2*r, 2*r, r) }

// bowl adds the lower half of a disc.
func (d *drawing) bowl(fill color.RGBA, x, y, r float32) {
	k := r * 0.5523
	d.shapes = append(d.shapes, shape{fill, []segment{
		{to: point{x - r, y}},
		{to: point{x + r, y}},
		{curved: true, a: point{x + r, y + k}, b: point{x + k, y + r}, to: point{x, y + r}},
		{curved: true, a: point{x - k, y + r}, b: point{x - r, y + k}, to: point{x - r, y}},
	}})
}
