package storage_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// listed returns the orders that a query finds, page by page, by the names they have in the test.
func listed(t *testing.T, db *storage.DB, names map[gift.ID]string, q office.OrderQuery) (list []string) {
	t.Helper()
	for range 100 {
		page, err := db.Orders(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Orders {
			list = append(list, names[o.ID])
		}
		if page.Next == 0 {
			return list
		}
		q.Before = page.Next
	}
	t.Fatal("the pages do not end")
	return nil
}

func TestOrdersAreFoundByWhatIsKnownOfThem(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 20)
		stockPaid(t, h, 5)
		demo := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		other := h.Partner(gift.Partner{Name: "other"}, 100_000)
		test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 100_000)
		names := map[gift.ID]string{}
		ids := map[string]gift.ID{}
		keep := func(name string, id gift.ID) {
			names[id], ids[name] = name, id
			h.Clock.Advance(12 * time.Hour) // from noon: a, b+c, d+e, f
		}
		keep("a", h.Buy(demo, "key", 1, 1).OrderID) // its units end in 1 and 2
		keep("b", h.Buy(other, "key", 1).OrderID)
		keep("c", buyPaid(t, h, demo, "star", paidOffer, laterOffer).OrderID)
		keep("d", h.Buy(test, "test", 1).OrderID) // shows the unit that e gets
		second := storagetest.GiftRequest(demo, purchase.SecondKeys+"second", 1)
		second.Reference = "R-7"
		keep("e", h.Ask(second).OrderID)
		keep("f", buyPaid(t, h, other, "1234", paidOffer).OrderID)
		h.Buy(demo, "refused", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1) // more than there are: an answer without an order
		refund(t, h, ids["a"], 1)
		refund(t, h, ids["a"], 2)
		refund(t, h, ids["f"], 1)
		won, err := h.DB.MarkUsed(t.Context(), redeem.Use{
			OrderID: ids["c"], Line: 2, SellerID: paidSeller, ShopID: paidShop, Via: "api", At: h.Clock.Now(),
		})
		if err != nil || !won {
			t.Fatal(won, err)
		}
		noon := gift.DayOf(storagetest.Noon)
		for name, c := range map[string]struct {
			q    office.OrderQuery
			want string
		}{
			"all":                   {office.OrderQuery{}, "fedcba"},
			"number":                {office.OrderQuery{OrderID: ids["b"]}, "b"},
			"number, other partner": {office.OrderQuery{OrderID: ids["b"], Partner: "demo"}, ""},
			"no such number":        {office.OrderQuery{OrderID: 77}, ""},
			"partner":               {office.OrderQuery{Partner: "demo"}, "eca"},
			"partner and kind":      {office.OrderQuery{Partner: "demo", Kind: gift.Gifticon}, "ea"},
			"partner and used":      {office.OrderQuery{Partner: "demo", State: office.SomeUsed}, "c"},
			"partner and refunded":  {office.OrderQuery{Partner: "other", State: office.SomeRefunded}, "f"},
			"no such partner":       {office.OrderQuery{Partner: "nobody"}, ""},
			"kind":                  {office.OrderQuery{Kind: gift.StarCoupon}, "fc"},
			"refunded":              {office.OrderQuery{State: office.SomeRefunded}, "fa"},
			"refunded and kind":     {office.OrderQuery{State: office.SomeRefunded, Kind: gift.Gifticon}, "a"},
			"used":                  {office.OrderQuery{State: office.SomeUsed}, "c"},
			"from":                  {office.OrderQuery{From: noon + 2}, "fed"},
			"to":                    {office.OrderQuery{To: noon + 1}, "cba"},
			"a day":                 {office.OrderQuery{From: noon + 1, To: noon + 1}, "cb"},
			"a partner's day":       {office.OrderQuery{From: noon + 1, To: noon + 1, Partner: "other"}, "b"},
			"no day":                {office.OrderQuery{From: noon + 1, To: noon}, ""},
			"key":                   {office.OrderQuery{Key: "key"}, "ba"},
			"key of a partner":      {office.OrderQuery{Key: "key", Partner: "demo"}, "a"},
			"key of version 2":      {office.OrderQuery{Key: "second"}, "e"},
			"reference":             {office.OrderQuery{Key: "R-7"}, "e"},
			"reference of another":  {office.OrderQuery{Key: "R-7", Partner: "other"}, ""},
			"key refunded":          {office.OrderQuery{Key: "key", State: office.SomeRefunded}, "a"},
			"key of a refusal":      {office.OrderQuery{Key: "refused"}, ""},
			"no such key":           {office.OrderQuery{Key: "nothing"}, ""},
			"tail":                  {office.OrderQuery{Tail: storagetest.Tail(2)}, "a"},
			"tail, test order":      {office.OrderQuery{Tail: storagetest.Tail(4)}, "e"},
			"tail or key":           {office.OrderQuery{Tail: storagetest.Tail(4), Key: "1234"}, "fe"},
			"tail of another":       {office.OrderQuery{Tail: storagetest.Tail(2), Partner: "other"}, ""},
			"tail and day":          {office.OrderQuery{Tail: storagetest.Tail(2), From: noon + 1}, ""},
		} {
			for limit := range int64(3) {
				c.q.Limit = limit + 1
				if got := fmt.Sprint(listed(t, h.DB, names, c.q)); got != fmt.Sprint(split(c.want)) {
					t.Errorf("%s by %d: %s, want %s", name, c.q.Limit, got, c.want)
				}
			}
		}
		for _, limit := range []int64{0, 1001} {
			if _, err := h.DB.Orders(t.Context(), office.OrderQuery{Limit: limit}); err == nil {
				t.Errorf("a page of %d", limit)
			}
		}
	})
}

func split(letters string) (list []string) {
	for _, l := range letters {
		list = append(list, string(l))
	}
	return list
}

func TestAnOrderTellsItsLife(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		stockPaid(t, h, 5)
		p := h.Partner(gift.Partner{Name: "demo", Title: "데모"}, 10_000)
		bought := h.Clock.Now()
		id := buyPaid(t, h, p, "key", paidOffer, laterOffer).OrderID
		unkeyed := h.Buy(p, "", 1).OrderID
		h.Clock.Advance(time.Hour)
		used := h.Clock.Now()
		if _, err := h.DB.MarkUsed(t.Context(), redeem.Use{
			OrderID: id, Line: 2, SellerID: paidSeller, ShopID: paidShop, Via: "page", At: used,
		}); err != nil {
			t.Fatal(err)
		}
		h.Clock.Advance(time.Hour)
		r := refund(t, h, id, 1)
		o, err := h.DB.Order(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		want := office.OrderRow{
			ID: id, Kind: gift.StarCoupon, At: bought, PartnerID: p, Partner: "demo", PartnerTitle: "데모", Product: "만두 5개",
			Amount: 1000, Items: 2, Used: 1, Refunded: 1, PaidBack: 500,
		}
		if diff := cmp.Diff(want, o.OrderRow); diff != "" {
			t.Error(diff)
		}
		if !o.Keyed || o.PartnerState != gift.Active || len(o.Items) != 2 {
			t.Errorf("%+v", o)
		}
		first, second := o.Items[0], o.Items[1]
		if first.Line != 2 || first.UsedVia != "page" || first.SellerName != "점장" || first.Shop.Name != "연남만두" || first.Refundable() ||
			second.UsedVia != "" || !second.CancelledAt.Equal(r.At) || second.Refundable() {
			t.Errorf("%+v", o.Items)
		}
		if diff := cmp.Diff([]office.OrderRefund{r}, o.Refunds); diff != "" {
			t.Error(diff)
		}
		var bookings []string
		for _, b := range o.Bookings {
			bookings = append(bookings, fmt.Sprint(b.Kind, " ", b.Account, " ", b.Owner, " ", b.Amount))
		}
		if diff := cmp.Diff([]string{
			"purchase prepaid demo -1000", "purchase sales  1000", "redemption sales  -500", "redemption payable 연남만두 500",
			"refund refunds  -500", "refund prepaid demo 500",
		}, bookings); diff != "" {
			t.Error(diff)
		}
		if o, err := h.DB.Order(t.Context(), unkeyed); err != nil || o.Keyed || !o.Items[0].Refundable() || o.Items[0].Sealed != nil ||
			!slices.Equal(o.Items[0].TailHash, storagetest.Tail(1)) {
			t.Errorf("%+v, %v", o, err)
		}
		if _, err := h.DB.Order(t.Context(), 77); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
	})
}
