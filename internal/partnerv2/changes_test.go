package partnerv2_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// reader is a client that keeps a copy of a list as the documentation says: all pages by sort=id, then what changed since the sync
// of the last page, again and again. Each page may come of another node.
type reader struct {
	path string // with a ? in it
	rows map[int64]offerShown
	sync string
	next string
}

// step reads a page; true when there are no more for now.
func (c *reader) step(s *showroom, node, limit int) bool {
	path := fmt.Sprintf("%s&limit=%d", c.path, limit)
	reading := c.sync == ""
	if reading {
		path += "&sort=id"
	} else {
		path += "&updated_since=" + c.sync
	}
	if c.next != "" {
		path += "&cursor=" + c.next
	}
	var page offerList
	s.read(node, path, &page)
	for _, o := range page.Data {
		if reading == (o.Change != "") || len(page.Data) > limit {
			s.t.Fatalf("%s: %+v", path, page)
		}
		gone := o.Status != "on_sale"
		if o.Change = ""; gone {
			delete(c.rows, o.ID)
		} else {
			c.rows[o.ID] = o
		}
	}
	if c.next = page.Next; c.next == "" {
		c.sync = page.Sync
	}
	return c.next == "" && !reading
}

// TestACopyEqualsTheListWhateverHappens over HTTP, on two nodes of which one or the other is behind.
func TestACopyEqualsTheListWhateverHappens(t *testing.T) {
	s := openShowroom(t)
	r := rand.New(rand.NewPCG(3, 4))
	today := gift.DayOf(storagetest.Noon)
	s.Stock(20, 1, func(o *gift.Offer) { o.LastDay = today + gift.Day(r.IntN(70)) })
	if _, err := s.DB.Deposit(t.Context(), demoPartner.Name, 1_000_000, "", "opening", s.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.refresh(0)
	s.refresh(1)
	readers := []*reader{{path: "offers?"}, {path: "offers?brand_id=4"}, {path: "coupons?"}}
	for _, c := range readers {
		c.rows = map[int64]offerShown{}
	}
	created := int64(9000)
	for range 40 {
		for range 1 + r.IntN(8) {
			s.happen(r, &created)
			for range r.IntN(3) {
				readers[r.IntN(len(readers))].step(s, r.IntN(2), 1+r.IntN(5))
			}
		}
		if r.IntN(4) != 0 {
			continue
		}
		s.refresh(0)
		s.refresh(1)
		for _, c := range readers {
			for feeds := 0; feeds < 2; { // what began before the last changes, and what tells of them
				if c.step(s, r.IntN(2), 1+r.IntN(30)) {
					feeds++
				}
			}
			want := map[int64]offerShown{}
			for _, o := range mustList(s, c.path+"&limit=200").Data {
				want[o.ID] = o
			}
			if diff := cmp.Diff(want, c.rows); diff != "" {
				t.Fatalf("%s: (-list +copy)\n%s", c.path, diff)
			}
		}
	}
}

// happen makes one change at random.
func (s *showroom) happen(r *rand.Rand, created *int64) {
	s.t.Helper()
	ids := append(slices.Sorted(maps.Keys(map[int64]bool{storagetest.StarOfferID: true, 1 + r.Int64N(20): true})), *created)
	o, err := s.DB.OfferByID(s.t.Context(), ids[r.IntN(len(ids))])
	if err != nil {
		return // there are none of those created yet
	}
	switch r.IntN(7) {
	case 0:
		_, err = s.Engine.Buy(s.t.Context(), purchase.Request{
			PartnerID: s.partner, Kind: o.Kind, Product: o.Name, Cash: o.PriceOn(gift.DayOf(s.Clock.Now())), Key: fmt.Sprint(r.Uint64()),
			Render: storagetest.Render, Items: []purchase.ItemRequest{{OfferID: o.ID, CampaignID: o.CampaignID}},
		})
	case 1:
		o.Stopped = !o.Stopped
		err = s.DB.ChangeOffer(s.t.Context(), o.Offer, o.Version, s.shown.Now())
	case 2:
		o.Tiers.Near, o.OncePer = gift.Won(400+r.IntN(60)), r.IntN(2) == 0
		err = s.DB.ChangeOffer(s.t.Context(), o.Offer, o.Version, s.shown.Now())
	case 3:
		*created++
		err = s.DB.Load(s.t.Context(), &storage.Stock{
			Offers: []gift.Offer{{
				ID: *created, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462},
				LastDay: gift.DayOf(s.shown.Now()) + gift.Day(r.IntN(70)),
			}},
			Units: []storage.NewUnit{{
				ID: *created * 100_000, OfferID: *created, Position: 1, Sealed: storagetest.Sealed("sealed"), NumberHash: fmt.Append(nil, *created),
				TailHash: storagetest.Tail(1),
			}},
		})
	case 4:
		brand, getErr := s.DB.Brands().Get(s.t.Context(), 4)
		if err = getErr; err == nil {
			brand.Row.Name = fmt.Sprint("CU ", r.IntN(100))
			_, err = s.DB.Brands().Save(s.t.Context(), brand.Row, brand.Version, s.Clock.Now())
		}
	case 5:
		s.shown.Advance(time.Duration(r.IntN(20*24)-6*24) * time.Hour)
	case 6:
		s.refresh(r.IntN(2))
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestTheFeedOfAStockThatWasRestored tells its readers to begin again.
func TestTheFeedOfAStockThatWasRestored(t *testing.T) {
	s, older := openShowroom(t), openShowroom(t)
	s.Stock(3, 1)
	s.reprice()
	s.refresh(0)
	newer := mustList(s, "offers").Sync
	w := older.get("offers?updated_since=" + newer)
	if w.Code != http.StatusBadRequest {
		t.Errorf("HTTP %d, %s", w.Code, w.Body)
	}
}
