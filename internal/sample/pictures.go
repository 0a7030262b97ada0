package sample

// badge is a category's picture: its icon on a disc.
func badge(category int64) *drawing {
	c := coloursOf(category)
	d := &drawing{ground: c.paper}
	d.disc(c.ground, 50, 50, 46)
	c.paper, c.ground = c.ground, c.paper
	icons[category](d, c)
	return d
}

// emblem is a brand's picture: a pattern of squares, the same to the left and the right, different for every brand.
func emblem(brand int64) *drawing {
	c := coloursOf(brand)
	d := &drawing{ground: c.paper}
	d.disc(c.ink, 50, 50, 44)
	bits := uint64(brand+1) * 0x9E3779B97F4A7C15
	for row := range 5 {
		for column := range 3 {
			bit := bits >> (40 + row*3 + column)
			if bit&1 == 0 && (row != 2 || column != 2) { // never empty
				continue
			}
			fill := c.ground
			if (bit>>3)&1 == 1 {
				fill = c.accent
			}
			x, y := float32(26+column*10), float32(26+row*10)
			d.box(fill, x, y, 8.5, 8.5, 2)
			if column < 2 {
				d.box(fill, 91.5-x, y, 8.5, 8.5, 2)
			}
		}
	}
	return d
}

// goods is a product's or a coupon's picture: the icon of its category before one of several grounds.
func goods(category, owner, variant int64) *drawing {
	c := coloursOf(owner)
	d := &drawing{ground: c.paper}
	switch variant {
	case 0:
		d.box(c.ground, 8, 8, 84, 84, 16)
	case 1:
		d.ground = c.ground
		for x := float32(-10); x < 100; x += 24 {
			d.poly(c.paper, x, 0, x+8, 0, x+28, 100, x+20, 100)
		}
	default:
		d.ground = c.ground
		d.disc(c.paper, 50, 52, 42)
	}
	icons[category](d, c)
	return d
}

// storefront is a shop's picture.
func storefront(shop int64) *drawing {
	c := coloursOf(shop + 200)
	d := &drawing{ground: c.ground}
	d.box(c.paper, 14, 34, 72, 56, 2)
	d.box(c.ink, 14, 14, 72, 14, 2)
	width := float32(72) / 8
	for i := range 8 {
		fill := c.accent
		if (int64(i)+shop)%2 == 0 {
			fill = c.paper
		}
		x := 14 + float32(i)*width
		d.box(fill, x, 28, width, 10, 0)
		d.bowl(fill, x+width/2, 38, width/2)
	}
	door := float32(22 + shop%3*20)
	d.box(c.ink, door, 54, 16, 36, 1)
	for x := float32(22); x < 80; x += 20 {
		if x != door {
			d.box(c.accent, x, 54, 16, 20, 1)
		}
	}
	return d
}
