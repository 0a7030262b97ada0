package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
)

// TestAHistoryReadInPagesHasEveryItemOnce walks through orders of different sizes with pages of every size, by "next".
func TestAHistoryReadInPagesHasEveryItemOnce(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		c := s.as("demo")
		for i, md := range []string{"18411|14560|18411", "11668", "14560|11668|14560|11668", "18411"} {
			cash, names := 0, []string{}
			for _, id := range strings.Split(md, "|") {
				row := s.node.Catalog().Index().Row(map[string]int64{"18411": 18411, "14560": 14560, "11668": 11668}[id])
				cash += int(row.Price)
				names = append(names, row.Product.Name)
			}
			c.header.Set("Idempotency-Key", fmt.Sprint(i))
			c.call("giftimbiz/buyGifticoupon", "md_idx", md, "cash", cash, "product", strings.Join(names, "|")).wants("0000")
			s.clock.Advance(time.Minute)
		}
		whole := c.call("giftimbiz/buyGifticonList", "limit", 100).wants("0000")
		want := pins(whole.rows("list"))
		if len(want) != 9 || whole.text("isNext") != "false" {
			t.Fatalf("%s", whole.body)
		}
		if got := whole.rows("list"); got[0]["md_idx"] != "18411" || got[1]["md_idx"] != "14560" || got[2]["md_idx"] != "11668" {
			t.Errorf("the newest order first, its items as named: %v", got[:3])
		}
		for limit := 1; limit <= 10; limit++ {
			var got []any
			params := []any{"limit", limit}
			for pages := 1; ; pages++ {
				page := c.call("giftimbiz/buyGifticonList", params...).wants("0000")
				got = append(got, pins(page.rows("list"))...)
				if page.fields["total_count"] != float64(9) || pages > 9 {
					t.Fatalf("page %d: %s", pages, page.body)
				}
				if page.text("isNext") == "false" {
					break
				}
				params = []any{"limit", limit, "after", page.text("next")}
			}
			if !slices.Equal(got, want) {
				t.Errorf("in pages of %d: %v, want %v", limit, got, want)
			}
		}
	})
}

func pins(rows []map[string]any) (numbers []any) {
	for _, row := range rows {
		numbers = append(numbers, row["pin"])
	}
	return numbers
}

// TestDaysOfAHistoryMayBeAnyDays asks for days no order can be of, and for the edges of the one that has an order.
func TestDaysOfAHistoryMayBeAnyDays(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	s.clock.Set(gift.DateOf(2025, 9, 15).End().Add(-time.Millisecond)) // the last moment of a day in Seoul
	order()(s, s.as("demo")).wants("0000")
	c := s.as("demo")
	for days, want := range map[string]int{
		"": 1, "sdate=2025-09-15": 1, "sdate=20250915&edate=20250915": 1, "sdate=2025-09-16": 0, "edate=2025-09-14": 0,
		"edate=1970-01-01": 0, "edate=1950-06-25": 0, "sdate=1970-01-01": 1, "edate=2093-12-31": 1, "edate=2099-12-31": 1,
		"edate=9999-12-31": 1, "sdate=2099-01-01": 0, "sdate=9999-01-01": 0, "sdate=0001-01-01&edate=9999-12-31": 1,
	} {
		a := c.post("giftimbiz/buyGifticonList", "", days+"&partner_id=demo").wants("0000")
		if got := len(a.rows("list")); got != want || a.fields["total_count"] != float64(want) {
			t.Errorf("%q: %s", days, a.body)
		}
	}
	for _, days := range []string{"sdate=2025-02-30", "edate=yesterday", "sdate=2025-9-1", "sdate=2025-09-16&edate=2025-09-15", "sdate=1"} {
		c.post("giftimbiz/buyGifticonList", "", days+"&partner_id=demo").wants("Q")
	}
	for _, place := range []string{"tid=x", "after=x", "after=20250915-0000000000000:x", "after=:1"} {
		c.post("giftimbiz/buyGifticonList", "", place+"&partner_id=demo").wants("Q")
	}
}

// TestWhatIsNotYoursIsNotThere asks for another partner's order in each way.
func TestWhatIsNotYoursIsNotThere(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	s.open(gift.Partner{Name: "other"}, 100_000)
	tid, coupon := buyCoupon(s.as("demo"))
	seller := s.seller(37)
	for _, name := range []string{"other", "devtest1"} {
		c := s.as(name)
		c.call("gifticon/getQRImg", "tid", tid, "msc_idx", coupon).wants("N")
		c.call("gifticon/setUseStarCoupon", "msu_idx", seller.SellerID, "msc_idx", coupon, "managecode", seller.ManagerCode).wants("N")
		if a := c.call("giftimbiz/buyStarcouponList", "tid", tid).wants("0000"); strings.Contains(string(a.body), coupon) {
			t.Errorf("%s sees %s", name, a.body)
		}
	}
	s.as("demo").call("gifticon/getQRImg", "tid", "TEST-"+tid, "msc_idx", coupon).wants("N")
	s.as("demo").call("gifticon/getQRImg", "tid", tid, "msc_idx", 1).wants("N")
	s.as("demo").call("gifticon/getQRImg", "tid", "no number", "msc_idx", coupon).wants("N")
	first := s.as("demo").call("gifticon/getQRImg", "tid", tid, "msc_idx", coupon).wants("0000").text("data")
	if again := s.as("demo").call("gifticon/getQRImg", "tid", tid, "msc_idx", coupon).text("data"); again != first {
		t.Errorf("the QR is %s, then %s", first, again)
	}
}

// TestAWrongCodeSellerOrCouponIsOneAnswer compares the three, byte for byte, and locks a seller.
func TestAWrongCodeSellerOrCouponIsOneAnswer(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		c := s.as("demo")
		_, coupon := buyCoupon(c)
		seller, other := s.seller(37), s.seller(18)
		use := func(msu, msc any, code string) answer {
			return c.call("gifticon/setUseStarCoupon", "msu_idx", msu, "msc_idx", msc, "managecode", code)
		}
		wrong := use(seller.SellerID, coupon, "0").wants("N")
		for name, a := range map[string]answer{
			"another shop's seller": use(other.SellerID, coupon, other.ManagerCode),
			"no seller":             use(99_999, coupon, seller.ManagerCode),
			"no coupon":             use(seller.SellerID, 1, seller.ManagerCode),
		} {
			if string(a.body) != string(wrong.body) {
				t.Errorf("%s: %s\na wrong code: %s", name, a.body, wrong.body)
			}
		}
		for range 3 {
			use(seller.SellerID, coupon, "0").wants("N")
		}
		if locked := use(seller.SellerID, coupon, "0").wants("N"); string(locked.body) == string(wrong.body) {
			t.Errorf("the fifth wrong code does not say that the seller is locked: %s", locked.body)
		}
		use(seller.SellerID, coupon, seller.ManagerCode).wants("N")
		s.clock.Advance(10*time.Minute + time.Second)
		use(seller.SellerID, coupon, seller.ManagerCode).wants("0000")
	})
}
