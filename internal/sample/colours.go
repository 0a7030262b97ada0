package sample

import (
	"image/color"
	"math"
)

// colours are what a picture is painted with.
type colours struct{ ground, ink, accent, paper color.RGBA }

// coloursOf returns colours of their own for every number. Numbers beside each other differ much.
func coloursOf(id int64) colours {
	hue := math.Mod(float64(id)*0.618034, 1)
	return colours{
		ground: hsl(hue, 0.45, 0.92), ink: hsl(hue, 0.55, 0.36), accent: hsl(math.Mod(hue+0.12, 1), 0.7, 0.58),
		paper: hsl(hue, 0.3, 0.98),
	}
}

// hsl makes a colour of hue, saturation and lightness, each from 0 to 1.
func hsl(h, s, l float64) color.RGBA {
	channel := func(n float64) uint8 {
		k := math.Mod(n+h*12, 12)
		v := l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
		return uint8(math.Round(v * 255))
	}
	return color.RGBA{channel(0), channel(8), channel(4), 255}
}
