package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
)

// TestARetryUnderAKeyGetsTheFirstAnswerByteForByte repeats purchases and refusals, in this node and another.
func TestARetryUnderAKeyGetsTheFirstAnswerByteForByte(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		other := s.second()
		for name, params := range map[string][]any{
			"a purchase":     nil,
			"a refusal":      {"cash", 1},
			"another's name": {"product", "다른 상품"},
		} {
			c := s.as("demo")
			c.header.Set("Idempotency-Key", strings.ReplaceAll(name, " ", "-"))
			first := order(params...)(s, c)
			if first.header.Get("Idempotent-Replayed") != "" {
				t.Errorf("%s: the first answer is marked as a replay", name)
			}
			for _, node := range []*testServer{s, other} {
				again := *c
				again.s = node
				again.header.Set("Accept-Language", "en") // the answer was given in Korean
				a := order(params...)(node, &again)
				if string(a.body) != string(first.body) || a.header.Get("Idempotent-Replayed") != "true" {
					t.Errorf("%s: first %s, then %s (replayed: %q)", name, first.body, a.body, a.header.Get("Idempotent-Replayed"))
				}
			}
		}
		if n := len(s.as("demo").call("giftimbiz/buyGifticonList").rows("list")); n != 1 {
			t.Errorf("%d vouchers were bought", n)
		}
	})
}

func TestAKeyStandsForThePurchaseHoweverItsNameIsSpelt(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	c := s.as("demo")
	c.header.Set("Idempotency-Key", "one")
	first := order()(s, c).wants("0000")
	for _, name := range []string{"남양) 초콜릿드링크 초코에몽 190ML", "남양）초콜릿드링크초코에몽１９０ＭＬ", " " + chocoName + " "} {
		if a := order("product", name)(s, c); string(a.body) != string(first.body) {
			t.Errorf("%q: %s", name, a.body)
		}
	}
	if tid := order("cash", 941)(s, c).wants("PPA").text("tid"); tid != first.text("tid") {
		t.Errorf("another purchase under the key is told of order %s", tid)
	}
}

func TestAKeyIsVisibleASCIIOfBoundedLength(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	for key, want := range map[string]string{
		"k": "0000", strings.Repeat("k", 255): "0000", "!~{}\"'": "0000",
		"": "Q", strings.Repeat("k", 256): "Q", "two words": "Q", "키": "Q", "tab\tbed": "Q",
	} {
		c := s.as("demo")
		c.header["Idempotency-Key"] = []string{key}
		a := c.call("giftimbiz/buyGifticoupon", "md_idx", 14560, "cash", 1680, "product", "매일)페레로로쉐3구")
		if a.code() != want {
			t.Errorf("%q: %s", key, a.body)
		}
	}
}

// TestWithoutAKeyARepeatIsRefusedWithTheFirstOrder walks through the three cases of a client that sends no key.
func TestWithoutAKeyARepeatIsRefusedWithTheFirstOrder(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		c := s.as("demo")
		buy := func() answer {
			return c.call("giftimbiz/buyGifticoupon", "md_idx", chocoID, "cash", chocoPrice, "product", chocoName)
		}
		first := buy().wants("0000").text("tid")
		s.clock.Advance(9 * time.Second)
		if again := buy().wants("PPA"); again.text("tid") != first {
			t.Errorf("%s", again.body)
		}
		s.clock.Advance(2 * time.Second)
		last := ""
		for range 4 { // the sample has five
			last = buy().wants("0000").text("tid")
			s.clock.Advance(11 * time.Second)
		}
		s.clock.Advance(time.Hour)
		if again := s.as("demo").call("giftimbiz/buyGifticoupon", "md_idx", chocoID, "cash", chocoPrice, "product", chocoName); again.code() != "PPA" || again.text("tid") != last {
			t.Errorf("sold out to the same partner: %s", again.body)
		}
		s.open(gift.Partner{Name: "other"}, 100_000)
		order("product", chocoName)(s, s.as("other")).wants("PD")
		s.setPartner("demo", func(p *gift.Partner) { p.DuplicateSec = 0 })
		c = s.as("demo")
		for range 2 {
			c.call("giftimbiz/buyGifticoupon", "md_idx", 14560, "cash", 1680, "product", "매일)페레로로쉐3구").wants("0000")
		}
	})
}

// TestACouponBoughtBeforeIsToldApartFromOneThatIsTaken asks for one coupon by its number, again and by somebody else.
func TestACouponBoughtBeforeIsToldApartFromOneThatIsTaken(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		s.open(gift.Partner{Name: "other"}, 0)
		tid, coupon := buyCoupon(s.as("demo"))
		ask := func(c *caller, coupon any) answer {
			return c.call("giftimbiz/buyStarcoupon", "md_idx", 1350, "msl_idx", 188, "msc_idx", coupon, "cash", 0, "product", "김말이 3개")
		}
		s.clock.Advance(time.Minute)
		if a := ask(s.as("demo"), coupon).wants("PPA"); a.text("tid") != tid {
			t.Errorf("%s", a.body)
		}
		if a := ask(s.as("other"), coupon).wants("PD"); !strings.Contains(a.text("msg"), "이미 판매된 쿠폰") {
			t.Errorf("%s", a.body)
		}
		ask(s.as("other"), 99).wants("PD")
		ask(s.as("other"), 0).wants("0000")
	})
}

// TestTheSandboxAnswersAsTheRealThingAndChangesNothing buys everything of an offer over and over as devtest1.
func TestTheSandboxAnswersAsTheRealThingAndChangesNothing(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		s.loadOnce()
		s.setPartner("devtest1", func(p *gift.Partner) { p.DailyLimit = 12 })
		balance := s.balance("devtest1")
		before := s.as("demo").call("giftimbiz/listAll", "site", "gift", "limit", 1000).body
		c := s.as("devtest1")
		buy := func(key string, params ...any) answer {
			c.header.Set("Idempotency-Key", key)
			return order(params...)(s, c)
		}
		var tids []string
		for i := range 10 { // the sample has five
			tids = append(tids, buy(fmt.Sprint(i)).wants("0000").text("tid"))
		}
		for name, want := range map[string]struct {
			params []any
			code   string
		}{
			"wrong-sum": {[]any{"cash", 1}, "PL"}, "wrong-name": {[]any{"product", "x"}, "PD"},
			"too-many": {[]any{"md_idx", strings.Repeat(chocoID+"|", 5) + chocoID, "cash", 6 * 940}, "PD"},
		} {
			buy(name, want.params...).wants(want.code)
		}
		buy("once", "md_idx", onceOffer).wants("0000")
		buy("twice", "md_idx", onceOffer).wants("M1")
		buy("the-last-of-the-day").wants("0000")
		buy("above-the-limit").wants("M3")
		list := c.call("giftimbiz/buyGifticonList", "limit", 100).rows("list")
		if len(list) != 12 {
			t.Errorf("%d items in the sandbox's history", len(list))
		}
		for _, item := range list {
			if !strings.HasPrefix(item["tid"].(string), "TEST-") || item["status"] != "buy" {
				t.Errorf("%v", item)
			}
		}
		if n := len(s.as("demo").call("giftimbiz/buyGifticonList").rows("list")); n != 0 {
			t.Errorf("%d of them are in a live partner's history", n)
		}
		if len(slices.Compact(slices.Sorted(slices.Values(tids)))) != 10 {
			t.Errorf("order numbers repeat: %v", tids)
		}
		s.clock.Advance(time.Hour)
		s.tally()
		if after := s.as("demo").call("giftimbiz/listAll", "site", "gift", "limit", 1000).body; string(after) != string(before) {
			t.Errorf("the list changed:\n%s\n%s", before, after)
		}
		if got := s.balance("devtest1"); got != balance {
			t.Errorf("its balance was %d and is %d", balance, got)
		}
	})
}

func (s *testServer) balance(name string) gift.Won {
	s.t.Helper()
	p, err := s.node.DB.Partner(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return p.Balance
}

// tally counts sales and reads the figures, as the node does from time to time.
func (s *testServer) tally() {
	s.t.Helper()
	// Of two tallies at once only one counts. The node's own may be one that began before the clock was moved, but not twice.
	for range 2 {
		if err := s.node.DB.TallySales(s.t.Context(), s.clock.Now()); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.node.Catalog().RefreshPopularity(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.sync()
}

// TestWhatSoldMostInThirtyDaysComesFirst sells the later of two offers, and waits until that is forgotten.
func TestWhatSoldMostInThirtyDaysComesFirst(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		stock := &storage.Stock{Brands: []gift.Brand{{ID: 9001, CategoryID: 1, Name: "새 브랜드", InUse: true}}}
		for id := int64(9001); id <= 9002; id++ {
			stock.Products = append(stock.Products, gift.Product{ID: id, BrandID: 9001, Name: fmt.Sprint("상품", id), Face: 2000})
			stock.Offers = append(stock.Offers, gift.Offer{
				ID: id, Kind: gift.Gifticon, ProductID: id, Face: 2000, Tiers: gift.Tiers{Far: 1000, Mid: 900, Near: 800},
				LastDay: gift.DateOf(2026, 9, 1),
			})
			for i := range int64(2) {
				number := fmt.Appendf(nil, "number %d of %d", i, id)
				stock.Units = append(stock.Units, storage.NewUnit{
					ID: 10*id + i, OfferID: id, Position: i + 1, Sealed: number, NumberHash: number,
				})
			}
		}
		if err := s.node.DB.Load(t.Context(), stock); err != nil {
			t.Fatal(err)
		}
		s.sync()
		inOrder := func(want ...any) {
			t.Helper()
			var got []any
			for _, row := range s.as("demo").call("giftimbiz/listAll", "site", "gift", "BCODE", 9001).rows("list") {
				got = append(got, row["md_idx"])
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		}
		inOrder("9001", "9002") // nothing sold: by number
		s.as("demo").call("giftimbiz/buyGifticoupon", "md_idx", 9002, "cash", 1000, "product", "상품9002").wants("0000")
		s.clock.Advance(time.Minute)
		s.tally()
		inOrder("9002", "9001")
		s.clock.Advance(31 * 24 * time.Hour)
		s.tally()
		inOrder("9001", "9002")
	})
}
