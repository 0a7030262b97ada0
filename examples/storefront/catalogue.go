package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"giftimbiz/client"
)

// item is something on sale: a gifticon or a star coupon.
type item struct {
	Kind      client.Kind
	ID        int64
	Name      string
	Place     client.Named // brand or shop
	Area      string       // of the shop: its district and town
	Category  client.Named
	ImageURL  string
	FaceValue int64
	Price     int64
	Percent   int64 // off
	LastDay   client.Day
	Condition string // of a star coupon's use
	MapURL    string
	Status    client.OfferStatus

	rank int // among the popular: 0 is the first
}

// key names an item.
type key struct {
	Kind client.Kind
	ID   int64
}

func (i *item) key() key { return key{i.Kind, i.ID} }

// Sorts of lists.
const (
	popular    = "popular"
	cheap      = "cheap"
	discounted = "discount"
)

// shelves is all that is on sale at a moment. It does not change.
type shelves struct {
	items      map[key]*item
	past       map[key]*item                      // what was on sale a while ago, for those who look at it still
	sorted     map[client.Kind]map[string][]*item // by kind and sort
	categories []client.Category
	brands     map[int64]client.Brand
	ahead      time.Duration // the partner's clock at the API, less this machine's
	sendsAhead time.Duration // the server's own, by which it signs webhooks: a sandbox partner can move only its own
}

// now is the time as the API sees it: days are counted by that.
func (s *shelves) now() time.Time { return time.Now().Add(s.ahead) }

// find returns an item that is, or was lately, on sale, and why it is not to be had any more; nil when nobody knows it.
func (s *shelves) find(k key) (it *item, reason string) {
	if it := s.items[k]; it != nil {
		return it, ""
	}
	it = s.past[k]
	if it != nil && it.Status == client.SoldOut {
		return it, soldOut
	}
	return it, gone
}

// list returns the items of a kind that suit, sorted.
func (s *shelves) list(kind client.Kind, sort string, suits func(*item) bool) []*item {
	var list []*item
	for _, it := range s.sorted[kind][sort] {
		if suits == nil || suits(it) {
			list = append(list, it)
		}
	}
	return list
}

// similar returns others that somebody may want instead: of the same brand or shop, then of the category, at about the same price.
func (s *shelves) similar(it *item, most int) []*item {
	list := s.list(it.Kind, popular, func(o *item) bool { return o.ID != it.ID && o.Category.ID == it.Category.ID && o.Name != it.Name })
	slices.SortStableFunc(list, func(a, b *item) int {
		return cmp.Or(
			cmp.Compare(boolean(a.Place.ID != it.Place.ID), boolean(b.Place.ID != it.Place.ID)),
			cmp.Compare(abs(a.Price-it.Price)/1000, abs(b.Price-it.Price)/1000),
		)
	})
	return distinct(list, most)
}

// distinct returns the first of each name.
func distinct(list []*item, most int) []*item {
	var some []*item
	seen := map[string]bool{}
	for _, it := range list {
		if !seen[it.Name] && len(some) < most {
			seen[it.Name] = true
			some = append(some, it)
		}
	}
	return some
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func abs(n int64) int64 { return max(n, -n) }

// catalogue is the shop's own copy of the stock. It is made once; from then on only what changed is asked for, so that looking
// around costs the API nothing.
type catalogue struct {
	api    *client.Client
	log    *slog.Logger
	now    atomic.Pointer[shelves]
	first  chan struct{} // closed when there are shelves
	wanted chan struct{} // somebody heard of a change

	// Of the goroutine in keep:
	items     map[key]*item
	past      map[key]*item
	offers    client.ChangesQuery
	coupons   client.ChangesQuery
	framed    time.Time // when categories, brands and ranks were asked for
	framework shelves   // those
	ranks     map[key]int
	stale     bool // the shelves are not what is known
}

const (
	lookEvery  = 5 * time.Second
	frameEvery = 5 * time.Minute
	ranked     = 200 // popular items that are asked for, the most on a page
	mostPast   = 2000
)

func newCatalogue(api *client.Client, log *slog.Logger) *catalogue {
	return &catalogue{api: api, log: log, first: make(chan struct{}), wanted: make(chan struct{}, 1), items: map[key]*item{}, past: map[key]*item{}}
}

// shelves returns what is on sale; nil before the first copy is made.
func (c *catalogue) shelves() *shelves { return c.now.Load() }

// apiNow is the time as the API sees it for this partner. giftimbiz demo --now sets its clock to another.
func (c *catalogue) apiNow() time.Time {
	if s := c.shelves(); s != nil {
		return s.now()
	}
	return time.Now()
}

// serverNow is the time by which the server signs webhooks.
func (c *catalogue) serverNow() time.Time {
	if s := c.shelves(); s != nil {
		return time.Now().Add(s.sendsAhead)
	}
	return time.Now()
}

// filled waits for the first copy.
func (c *catalogue) filled(ctx context.Context) error {
	select {
	case <-c.first:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wake has changes asked for now.
func (c *catalogue) wake() {
	select {
	case c.wanted <- struct{}{}:
	default:
	}
}

// keep keeps the copy up to date until ctx ends.
func (c *catalogue) keep(ctx context.Context) {
	for {
		if err := c.follow(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("the stock is not up to date", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-c.wanted:
		case <-time.After(lookEvery):
		}
	}
}

// follow asks for what changed; the first time for all there is.
func (c *catalogue) follow(ctx context.Context) error {
	if time.Since(c.framed) > frameEvery {
		if err := c.frame(ctx); err != nil {
			return err
		}
		c.stale = true
	}
	err := c.change(ctx)
	if errors.Is(err, client.ErrInvalid) {
		// The server knows the place in the changes no more: begin anew.
		c.offers, c.coupons, c.items = client.ChangesQuery{}, client.ChangesQuery{}, map[key]*item{}
		err = c.change(ctx)
	}
	if err == nil && c.stale {
		c.publish()
		c.stale = false
	}
	return err
}

// change brings items up to date.
func (c *catalogue) change(ctx context.Context) error {
	c.offers.Limit, c.coupons.Limit = 200, 200
	for offer, err := range c.api.AllOfferChanges(ctx, &c.offers) {
		if err != nil {
			return err
		}
		c.put(ofOffer(&offer))
	}
	for coupon, err := range c.api.AllCouponChanges(ctx, &c.coupons) {
		if err != nil {
			return err
		}
		c.put(ofCoupon(&coupon))
	}
	return nil
}

func (c *catalogue) put(it *item) {
	c.stale = true
	if it.Status == client.OnSale {
		c.items[it.key()] = it
		delete(c.past, it.key())
		return
	}
	delete(c.items, it.key())
	for k := range c.past {
		if len(c.past) < mostPast {
			break
		}
		delete(c.past, k) // any: few look at what is gone
	}
	c.past[it.key()] = it
}

// frame asks for what changes rarely.
func (c *catalogue) frame(ctx context.Context) error {
	began := time.Now()
	ahead, sendsAhead, err := c.clocks(ctx)
	if err != nil {
		return err
	}
	categories, err1 := c.api.Categories(ctx, "")
	brands, err2 := c.api.Brands(ctx, 0)
	offers, err3 := c.api.Offers(ctx, client.OfferQuery{Sort: client.SortPopular, Limit: ranked})
	coupons, err4 := c.api.Coupons(ctx, client.CouponQuery{Sort: client.SortPopular, Limit: ranked})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	c.framework = shelves{categories: categories, brands: map[int64]client.Brand{}, ahead: ahead, sendsAhead: sendsAhead}
	for _, b := range brands {
		c.framework.brands[b.ID] = b
	}
	c.ranks = map[key]int{}
	for i := range offers.Data {
		c.ranks[key{client.Gifticon, offers.Data[i].ID}] = i
	}
	for i := range coupons.Data {
		c.ranks[key{client.Star, coupons.Data[i].ID}] = i
	}
	c.framed = began
	return nil
}

// clocks returns by how much the partner's clock at the API, and the server's own, are ahead of this machine's.
func (c *catalogue) clocks(ctx context.Context) (partners, servers time.Duration, err error) {
	began := time.Now()
	partner, err := c.api.Partner(ctx)
	if err != nil {
		return 0, 0, err
	}
	partners = partner.Clock.Sub(began).Round(time.Second)
	if partner.Mode != "sandbox" {
		return partners, partners, nil
	}
	sandbox, err := c.api.Sandbox(ctx)
	if err != nil {
		return 0, 0, err
	}
	partners = sandbox.Clock.Now.Sub(began).Round(time.Second)
	return partners, partners - time.Duration(sandbox.Clock.AheadSeconds)*time.Second, nil
}

// publish puts what is known on the shelves.
func (c *catalogue) publish() {
	s := c.framework
	s.items, s.sorted, s.past = make(map[key]*item, len(c.items)), map[client.Kind]map[string][]*item{}, maps.Clone(c.past)
	all := map[client.Kind][]*item{}
	for k, known := range c.items {
		it := *known // who reads the shelves of before still reads its rank
		it.rank = ranked
		if rank, ok := c.ranks[k]; ok {
			it.rank = rank
		}
		s.items[k] = &it
		all[k.Kind] = append(all[k.Kind], &it)
	}
	for kind, list := range all {
		s.sorted[kind] = map[string][]*item{
			popular:    sorted(list, func(it *item) int64 { return int64(it.rank) }),
			cheap:      sorted(list, func(it *item) int64 { return it.Price }),
			discounted: sorted(list, func(it *item) int64 { return -it.Percent }),
		}
	}
	if c.now.Swap(&s) == nil {
		close(c.first)
	}
}

func sorted(list []*item, by func(*item) int64) []*item {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *item) int { return cmp.Or(cmp.Compare(by(a), by(b)), cmp.Compare(a.ID, b.ID)) })
	return list
}

func ofOffer(o *client.Offer) *item {
	return &item{
		Kind: client.Gifticon, ID: o.ID, Name: o.Product.Name, Place: o.Brand, Category: o.Category, ImageURL: o.Product.ImageURL,
		FaceValue: o.FaceValue, Price: o.Price, Percent: o.DiscountPercent, LastDay: o.LastDay, Status: o.Status,
	}
}

func ofCoupon(o *client.Coupon) *item {
	return &item{
		Kind: client.Star, ID: o.ID, Name: o.Campaign.Product, Place: client.Named{ID: o.Shop.ID, Name: o.Shop.Name},
		Area: o.Shop.District + " " + o.Shop.Town, Category: o.Category, ImageURL: o.Campaign.ImageURL, FaceValue: o.FaceValue, Price: o.Price,
		Percent: o.DiscountPercent, LastDay: o.LastDay, Condition: o.Campaign.Condition, MapURL: o.Shop.MapURL, Status: o.Status,
	}
}
