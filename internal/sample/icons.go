package sample

// icons draw the signs of the categories.
var icons = map[int64]func(*drawing, colours){
	1: cup, 2: iceCream, 3: ticket, 4: doughnut, 5: pizza, 6: carton, 7: burger, 8: card, 28: dish, 32: hotel,
	10: riceBowl, 11: skewers, 12: sushi, 13: dish, 14: moon, 15: skewers, 16: riceBowl, 18: scissors, 23: car,
	25: burger, 26: cup, 33: book,
}

func cup(d *drawing, c colours) {
	d.poly(c.ink, 32, 38, 68, 38, 63, 82, 37, 82)
	d.box(c.ink, 28, 29, 44, 7, 3)
	d.poly(c.accent, 34, 51, 66, 51, 64, 69, 36, 69)
}

func iceCream(d *drawing, c colours) {
	d.poly(c.ink, 36, 50, 64, 50, 50, 86)
	d.disc(c.accent, 41, 42, 12)
	d.disc(c.accent, 59, 42, 12)
	d.disc(c.ink, 50, 29, 12)
}

func ticket(d *drawing, c colours) {
	d.box(c.ink, 20, 34, 60, 32, 5)
	d.disc(c.paper, 20, 50, 5)
	d.disc(c.paper, 80, 50, 5)
	for y := float32(38); y < 62; y += 6 {
		d.box(c.paper, 62, y, 2, 3, 0)
	}
	d.poly(c.accent, 42, 40, 52, 50, 42, 60, 32, 50)
}

func doughnut(d *drawing, c colours) {
	d.disc(c.ink, 50, 52, 30)
	d.disc(c.accent, 50, 50, 26)
	d.disc(c.paper, 50, 51, 10)
	for _, at := range [][2]float32{{36, 38}, {48, 30}, {62, 36}, {69, 50}, {60, 66}, {40, 66}, {31, 52}} {
		d.box(c.paper, at[0]-2, at[1]-1, 4, 2, 1)
	}
}

func pizza(d *drawing, c colours) {
	d.poly(c.accent, 26, 34, 74, 34, 50, 86)
	d.box(c.ink, 22, 25, 56, 11, 5)
	d.disc(c.ink, 42, 46, 5)
	d.disc(c.ink, 57, 49, 5)
	d.disc(c.ink, 49, 65, 4)
}

func carton(d *drawing, c colours) {
	d.poly(c.accent, 32, 38, 40, 24, 60, 24, 68, 38)
	d.box(c.ink, 38, 17, 24, 8, 2)
	d.box(c.ink, 32, 38, 36, 46, 2)
	d.box(c.paper, 32, 50, 36, 20, 0)
	d.disc(c.accent, 50, 60, 7)
}

func burger(d *drawing, c colours) {
	d.box(c.ink, 24, 28, 52, 20, 10)
	d.box(c.accent, 21, 49, 58, 6, 3)
	d.box(c.ink, 25, 56, 50, 8, 4)
	d.box(c.accent, 24, 66, 52, 12, 5)
}

func card(d *drawing, c colours) {
	d.box(c.ink, 20, 32, 60, 38, 5)
	d.box(c.accent, 34, 32, 6, 38, 0)
	d.box(c.accent, 20, 45, 60, 6, 0)
	d.disc(c.accent, 30, 40, 6)
	d.disc(c.accent, 44, 40, 6)
	d.box(c.paper, 56, 59, 18, 4, 2)
}

func dish(d *drawing, c colours) {
	d.disc(c.ink, 50, 52, 26)
	d.disc(c.paper, 50, 52, 22)
	d.disc(c.accent, 50, 52, 13)
	d.box(c.ink, 16, 30, 4, 46, 2)
	d.box(c.ink, 80, 30, 4, 46, 2)
}

func hotel(d *drawing, c colours) {
	d.box(c.ink, 30, 22, 40, 62, 2)
	for y := float32(29); y < 66; y += 12 {
		for x := float32(36); x < 64; x += 11 {
			d.box(c.accent, x, y, 6, 7, 1)
		}
	}
	d.box(c.paper, 45, 70, 10, 14, 0)
}

func riceBowl(d *drawing, c colours) {
	d.disc(c.accent, 50, 48, 20)
	d.box(c.paper, 24, 48, 52, 4, 2)
	d.bowl(c.ink, 50, 50, 28)
	d.box(c.ink, 40, 76, 20, 6, 2)
}

func skewers(d *drawing, c colours) {
	for x := float32(32); x < 72; x += 16 {
		d.box(c.ink, x, 18, 3, 68, 1)
		d.box(c.accent, x-5, 26, 13, 13, 6)
		d.box(c.ink, x-5, 42, 13, 13, 6)
		d.box(c.accent, x-5, 58, 13, 13, 6)
	}
}

func sushi(d *drawing, c colours) {
	d.box(c.ink, 22, 50, 56, 24, 10)
	d.box(c.paper, 25, 53, 50, 18, 8)
	d.box(c.accent, 18, 36, 64, 20, 10)
	d.box(c.ink, 44, 36, 12, 38, 0)
}

func moon(d *drawing, c colours) {
	d.disc(c.ink, 48, 52, 30)
	d.disc(c.paper, 60, 44, 24)
	d.poly(c.accent, 68, 34, 71, 41, 78, 44, 71, 47, 68, 54, 65, 47, 58, 44, 65, 41)
}

func scissors(d *drawing, c colours) {
	d.poly(c.ink, 30, 20, 36, 18, 62, 64, 56, 67)
	d.poly(c.ink, 70, 20, 64, 18, 38, 64, 44, 67)
	for _, x := range []float32{36, 64} {
		d.disc(c.accent, x, 74, 11)
		d.disc(c.paper, x, 74, 5)
	}
}

func car(d *drawing, c colours) {
	d.poly(c.accent, 34, 34, 64, 34, 74, 52, 26, 52)
	d.box(c.ink, 16, 50, 68, 20, 8)
	for _, x := range []float32{34, 66} {
		d.disc(c.paper, x, 70, 10)
		d.disc(c.ink, x, 70, 7)
	}
}

func book(d *drawing, c colours) {
	d.poly(c.ink, 18, 30, 50, 36, 50, 80, 18, 74)
	d.poly(c.ink, 82, 30, 50, 36, 50, 80, 82, 74)
	d.poly(c.paper, 23, 36, 47, 41, 47, 73, 23, 68)
	d.poly(c.accent, 77, 36, 53, 41, 53, 73, 77, 68)
}
