package redeem

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // pictures of the catalogue
	"image/jpeg"
	_ "image/png"
	"io/fs"
	"net/http"
	"strings"

	_ "golang.org/x/image/webp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/media"
)

// The pictures of products are of any size, and a voucher page has to open at once on a slow telephone.
const (
	thumbSize   = 240      // pixels
	maxThumb    = 24 << 10 // bytes; what is smaller is sent as it is
	maxPixels   = 4 << 20  // of a picture that is decoded
	thumbCached = "private, max-age=3600"
)

// The size of the picture in a preview: what messengers show in full.
const (
	cardWidth, cardHeight = 1200, 630
	cardPicture           = 360
)

// thumb answers with a small picture of the product.
func (v *vouchers) thumb(w http.ResponseWriter, r *http.Request) error {
	item, err := v.item(r.Context(), previewLink, r.PathValue("token"))
	if err != nil {
		return err
	}
	found, err := v.pictureOf(r.Context(), item)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", thumbCached)
	if found != nil && len(found.Body) <= maxThumb && isShowable(found.ContentType) {
		// An SVG opened by itself is a document: nothing in it may run.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
		send(w, found.ContentType, found.Body)
		return nil
	}
	return v.draw(w, r, "image/jpeg", func() ([]byte, error) {
		c := newCanvas(thumbSize, thumbSize)
		c.goods(decoded(found), brandOf(item), c.Bounds())
		return c.jpeg(maxThumb)
	})
}

// card answers with the picture of a preview: the product, and nothing that only its holder should see.
func (v *vouchers) card(w http.ResponseWriter, r *http.Request) error {
	token, isPNG := strings.CutSuffix(r.PathValue("file"), pngSuffix)
	if !isPNG {
		return fs.ErrNotExist
	}
	item, err := v.item(r.Context(), previewLink, token)
	if err != nil {
		return err
	}
	found, err := v.pictureOf(r.Context(), item)
	if err != nil {
		return err
	}
	view := &voucherView{Text: voucherTextsFor(r), Item: item}
	view.Kind, view.Until = view.Text.Kind(item.Offer.Kind), view.Text.Until(item.Offer.LastDay)
	view.describe()
	return v.draw(w, r, "image/png", func() ([]byte, error) { return previewCard(view, decoded(found)) })
}

// pictureOf finds the picture of what was bought, nil when there is none of ours.
func (v *vouchers) pictureOf(ctx context.Context, item *gift.BoughtItem) (*media.Picture, error) {
	path := item.Product.Thumb
	if item.Offer.Kind == gift.StarCoupon {
		path = item.Campaign.Thumb
	}
	if v.Pictures == nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return nil, nil
	}
	return v.Pictures.Media(ctx, path)
}

func brandOf(item *gift.BoughtItem) string {
	if item.Offer.Kind == gift.StarCoupon {
		return item.Shop.Name
	}
	return item.Brand.Name
}

// isShowable tells whether every browser shows such a picture.
func isShowable(contentType string) bool {
	switch contentType {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml":
		return true
	}
	return false
}

// decoded returns a picture's pixels; nil when there are none, too many of them, or none that we can read.
func decoded(p *media.Picture) image.Image {
	if p == nil {
		return nil
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(p.Body))
	if err != nil || size.Width < 1 || size.Height < 1 || size.Width > maxPixels/size.Height {
		return nil
	}
	pixels, _, err := image.Decode(bytes.NewReader(p.Body))
	if err != nil {
		return nil
	}
	return pixels
}

// goods draws the picture of a product or, where there is none, the first letter of its brand.
func (c *canvas) goods(p image.Image, brand string, into image.Rectangle) {
	if p != nil {
		c.picture(p, into)
		return
	}
	c.fill(into, groundColour)
	initial := []rune(c.known(brand))
	if len(initial) == 0 {
		return
	}
	size := into.Dy() / 2
	middle := image.Pt((into.Min.X+into.Max.X)/2, (into.Min.Y+into.Max.Y)/2+size*3/8)
	c.write(c.lettering(size), string(initial[:1]), middle, true, softColour)
}

// jpeg returns the canvas as a file of a size that is not exceeded, however wild the picture.
func (c *canvas) jpeg(most int) ([]byte, error) {
	var out bytes.Buffer
	for _, quality := range []int{82, 60, 30, 5} {
		out.Reset()
		if err := jpeg.Encode(&out, c.RGBA, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encode picture: %w", err)
		}
		if out.Len() <= most {
			break
		}
	}
	return out.Bytes(), nil
}

// previewCard draws the picture of a preview.
func previewCard(v *voucherView, p image.Image) ([]byte, error) {
	const margin = 72
	c := newCanvas(cardWidth, cardHeight)
	c.fill(image.Rect(0, 0, cardWidth, 16), inkColour)
	top := (cardHeight - cardPicture) / 2
	c.goods(p, v.Brand, image.Rect(margin, top, margin+cardPicture, top+cardPicture))
	left, y := 2*margin+cardPicture, top
	for _, part := range []struct {
		text       string
		size, most int
		colour     color.Color
	}{
		{v.Kind, 36, 1, softColour},
		{v.Brand, 44, 1, softColour},
		{v.Product, 64, 3, inkColour},
		{v.Price, 44, 1, inkColour},
		{v.Until, 36, 1, softColour},
	} {
		l := c.lettering(part.size)
		for _, line := range c.lines(l, part.text, cardWidth-margin-left, part.most) {
			c.write(l, line, image.Pt(left, y+part.size), false, part.colour)
			y += part.size * 5 / 4
		}
		y += 10
	}
	return c.png(cardHeight)
}
