package sample

import (
	"fmt"
	"path"

	"giftimbiz/internal/gift"
)

// drawAll makes every picture that the set refers to, each once.
func drawAll(s *Set) []Picture {
	g := gallery{painter: newPainter(), have: map[string]bool{}}
	for _, c := range s.Categories {
		g.add(c.Thumb, func() *drawing { return badge(c.ID) })
	}
	category := make(map[int64]int64, len(s.Brands))
	for _, b := range s.Brands {
		category[b.ID] = b.CategoryID
		g.add(b.Thumb, func() *drawing { return emblem(b.ID) })
	}
	for _, p := range s.Products {
		g.add(p.Thumb, func() *drawing { return goods(category[p.BrandID], p.BrandID, p.ID%pictureVariants) })
	}
	shopCategory := make(map[int64]int64, len(s.Shops))
	for _, shop := range s.Shops {
		shopCategory[shop.ID] = shop.CategoryID
		g.add(shop.Thumb, func() *drawing { return storefront(shop.ID) })
	}
	for _, c := range s.Campaigns {
		g.addCoupon(c, shopCategory[c.ShopID])
	}
	return g.made
}

type gallery struct {
	painter *painter
	have    map[string]bool
	made    []Picture
}

func (g *gallery) addCoupon(c gift.Campaign, category int64) {
	for variant, name := range []string{c.Thumb, c.Image, c.Image2} {
		g.add(name, func() *drawing { return goods(category, category+100, int64(variant)) })
	}
}

// add makes the picture in the format that its name ends with, unless it is there.
func (g *gallery) add(name string, picture func() *drawing) {
	if g.have[name] {
		return
	}
	g.have[name] = true
	p := Picture{Path: name}
	switch path.Ext(name) {
	case ".svg":
		p.ContentType, p.Body = "image/svg+xml", picture().svg()
	case ".png":
		p.ContentType, p.Body = "image/png", g.painter.png(picture())
	case ".jpg":
		p.ContentType, p.Body = "image/jpeg", g.painter.jpeg(picture())
	default:
		panic(fmt.Sprintf("sample: no way to draw %s", name))
	}
	g.made = append(g.made, p)
}
