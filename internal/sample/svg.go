package sample

import (
	"bytes"
	"fmt"
	"image/color"
	"strings"
)

// svg returns the drawing as an SVG file.
func (d *drawing) svg() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="%d" height="%[1]d">`, pictureSize)
	fmt.Fprintf(&out, `<rect width="100" height="100" fill="%s"/>`, hex(d.ground))
	for _, s := range d.shapes {
		fmt.Fprintf(&out, `<path fill="%s" d="%s"/>`, hex(s.fill), svgPath(s.path))
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func svgPath(path []segment) string {
	var out strings.Builder
	for i, s := range path {
		switch {
		case i == 0:
			fmt.Fprintf(&out, "M%.4g %.4g", s.to.x, s.to.y)
		case s.curved:
			fmt.Fprintf(&out, "C%.4g %.4g %.4g %.4g %.4g %.4g", s.a.x, s.a.y, s.b.x, s.b.y, s.to.x, s.to.y)
		default:
			fmt.Fprintf(&out, "L%.4g %.4g", s.to.x, s.to.y)
		}
	}
	out.WriteByte('Z')
	return out.String()
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
