package partnerv2

import (
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
)

func catalogueRoutes() []route {
	return []route{
		{method: http.MethodGet, pattern: "partner", serve: (*call).partnerItself},
		{method: http.MethodGet, pattern: "categories", serve: (*call).categories},
		{method: http.MethodGet, pattern: "brands", serve: (*call).brands},
		{method: http.MethodGet, pattern: "offers", serve: (*call).offers},
		{method: http.MethodGet, pattern: "offers/{id}", serve: (*call).offer},
		{method: http.MethodGet, pattern: "coupons", serve: (*call).coupons},
		{method: http.MethodGet, pattern: "coupons/{id}", serve: (*call).coupon},
	}
}

// partnerItself tells the caller who it is, and what holds for it.
func (c *call) partnerItself() error {
	if err := c.query().close(); err != nil {
		return err
	}
	p, mode := &c.partner, "live"
	if p.Sandbox {
		mode = "sandbox"
	}
	return c.answer(http.StatusOK, struct {
		ID        string `json:"id"`
		Title     string `json:"title"`
		Mode      string `json:"mode"`
		Limit     int64  `json:"daily_limit"`
		Duplicate int64  `json:"duplicate_window_seconds"`
		Clock     string `json:"clock"`
	}{p.Name, p.Title, mode, p.DailyLimit, p.DuplicateSec, moment(c.now())})
}

// moment writes a time as RFC 3339 has it, in Seoul, to the millisecond.
func moment(t time.Time) string { return t.In(gift.Seoul).Format("2006-01-02T15:04:05.000Z07:00") }

type categoryJSON struct {
	ID    int64  `json:"id"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Image string `json:"image_url"`
}

// categories lists those of a kind, or of both: those of gifticons first.
func (c *call) categories() error {
	q := c.query()
	kind := q.kind()
	if err := q.close(); err != nil {
		return err
	}
	ix := c.index()
	if c.fresh(ix) {
		return nil
	}
	list := page[categoryJSON]{Data: []categoryJSON{}}
	for _, k := range []gift.Kind{gift.Gifticon, gift.StarCoupon} {
		if kind != 0 && kind != k {
			continue
		}
		for _, one := range ix.Categories(k) {
			list.Data = append(list.Data, categoryJSON{one.ID, k.Word(), one.Name, c.image(one.Thumb)})
		}
	}
	return c.answer(http.StatusOK, list)
}

type brandJSON struct {
	ID         int64  `json:"id"`
	CategoryID int64  `json:"category_id"`
	Name       string `json:"name"`
	Image      string `json:"image_url"`
	InUse      bool   `json:"in_use"`
}

// brands lists those of a category, or all.
func (c *call) brands() error {
	q := c.query()
	category := q.id("category_id")
	if err := q.close(); err != nil {
		return err
	}
	ix := c.index()
	if c.fresh(ix) {
		return nil
	}
	list := page[brandJSON]{Data: []brandJSON{}}
	for _, b := range ix.Brands(category, 0) {
		list.Data = append(list.Data, brandJSON{b.ID, b.CategoryID, b.Name, c.image(b.Thumb), b.InUse})
	}
	return c.answer(http.StatusOK, list)
}

// image makes an address of a picture's path; none of none.
func (c *call) image(path string) string {
	if path == "" {
		return ""
	}
	return c.origin + path
}

// pathID returns a number in the path; 0, which nothing has, when it is none.
func (c *call) pathID() int64 {
	id, err := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	if err != nil {
		return 0
	}
	return id
}
