package main

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"

	"giftimbiz/internal/browsertest"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/redeem"
)

// voucherPaths returns the paths of the voucher pages of an order, in the order of its history.
func (c *caller) voucherPaths(list, tid string) (paths []string) {
	c.s.t.Helper()
	a := c.call("giftimbiz/"+list, "tid", tid).wants("0000")
	rows := a.fields
	if data, ok := rows["data"].(map[string]any); ok {
		rows = data
	}
	for _, row := range (answer{t: a.t, body: a.body, fields: rows}).rows("list") {
		path, ours := strings.CutPrefix(fmt.Sprint(row["voucher_url"]), "https://gift.example")
		if !ours {
			c.s.t.Fatalf("voucher_url is %v", row["voucher_url"])
		}
		paths = append(paths, path)
	}
	return paths
}

// buyTwo buys two vouchers in one order.
func (c *caller) buyTwo() (tid string, paths []string) {
	c.s.t.Helper()
	tid = c.call("giftimbiz/buyGifticoupon", "md_idx", chocoID+"|"+chocoID, "cash", 2*940, "product", chocoName).wants("0000").text("tid")
	return tid, c.voucherPaths("buyGifticonList", tid)
}

func (s *testServer) page(path string) answer {
	s.t.Helper()
	return s.send(http.MethodGet, s.url+path, http.Header{}, "")
}

// TestAHistoryHandsOutLinksThatWork follows the links of both histories, live and sandbox, until they are revoked.
func TestAHistoryHandsOutLinksThatWork(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		for _, partner := range []string{"demo", "devtest1"} {
			c := s.as(partner)
			tid, paths := c.buyTwo()
			pins := pins(c.call("giftimbiz/buyGifticonList", "tid", tid).rows("list"))
			for i, path := range paths {
				page := string(s.page(path).body)
				if plain := strings.ReplaceAll(page, " ", ""); !strings.Contains(plain, fmt.Sprint(pins[i])) || !strings.Contains(page, chocoName) {
					t.Errorf("the page of %s shows neither number nor product:\n%s", tid, page)
				}
				if got := s.saved(path); got != pins[i] {
					t.Errorf("the picture to keep says %q, the number is %v", got, pins[i])
				}
			}
			if a := s.page(paths[0]); strings.Contains(string(a.body), "테스트") != (partner == "devtest1") {
				t.Errorf("a voucher of %s is marked as a test, or is not", partner)
			}
			coupons, _ := buyCoupon(c)
			star := c.voucherPaths("buyStarcouponList", coupons)
			if a := s.page(star[0]); a.status != 200 || !strings.Contains(string(a.body), "너랑나랑분식") {
				t.Errorf("status %d\n%s", a.status, a.body)
			}
			s.revoke(t, tid, 2)
			if a := s.page(paths[0]); a.status != http.StatusNotFound {
				t.Errorf("a revoked link: status %d", a.status)
			}
			renewed := c.voucherPaths("buyGifticonList", tid)
			if renewed[0] == paths[0] || renewed[1] != paths[1] || s.page(renewed[0]).status != 200 {
				t.Errorf("links %v, before %v", renewed, paths)
			}
			s.refund(tid, 1)
			if a := s.page(paths[1]); !strings.Contains(string(a.body), "취소됨") || strings.Contains(string(a.body), "<svg") {
				t.Errorf("a cancelled voucher: %s", a.body)
			}
		}
	})
}

// saved reads the bar code of the picture to keep.
func (s *testServer) saved(path string) any {
	s.t.Helper()
	picture, err := png.Decode(bytes.NewReader(s.page(path + ".png").body))
	if err != nil {
		s.t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		s.t.Fatal(err)
	}
	result, err := oned.NewCode128Reader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return result.GetText()
}

// revoke renews the link of a line, as the console does.
func (s *testServer) revoke(t *testing.T, tid string, line int64) {
	t.Helper()
	id, _, err := gift.ParseRef(tid)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.node.DB.RenewLink(t.Context(), id, line, 0, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
}

// TestAHolderSeesVouchersOnATelephoneAndAtADesk looks at every kind of page, in both languages, in light and in dark.
func TestAHolderSeesVouchersOnATelephoneAndAtADesk(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	live, test := s.as("demo"), s.as("devtest1")
	tid, gifts := live.buyTwo()
	s.refund(tid, 1)
	coupons, coupon := buyCoupon(live)
	pages := map[string]string{
		"gifticon": gifts[0], "cancelled": gifts[1], "star-used": live.voucherPaths("buyStarcouponList", coupons)[0],
	}
	seller := s.seller(37)
	live.call("gifticon/setUseStarCoupon", "msu_idx", seller.SellerID, "msc_idx", coupon, "managecode", seller.ManagerCode).wants("0000")
	live.header.Set("Idempotency-Key", "another")
	second := live.call("giftimbiz/buyStarcoupon", "md_idx", 1350, "msl_idx", 188, "msc_idx", 0, "cash", 0, "product", "김말이 3개").wants("0000")
	pages["star"] = live.voucherPaths("buyStarcouponList", second.text("tid"))[0]
	_, tests := test.buyTwo()
	pages["sandbox"] = tests[0]
	small := browsertest.Look{Name: "small", Width: 360, Height: 740}
	looks := []browsertest.Look{small.In("ko"), small.In("en"), browsertest.Wide().In("ko"), browsertest.Wide().In("en")}
	for _, look := range looks {
		tab := browser.Open(t, s.url, look)
		for name, path := range pages {
			tab.Go(path)
			tab.CheckLightAndDark("voucher-" + name)
		}
		tab.GoRefused(http.StatusNotFound, "/v/nothing")
		tab.CheckLightAndDark("voucher-not-found")
	}
	tab := browser.Open(t, s.url, small.In("ko").WithoutScript())
	tab.Go(pages["gifticon"])
	if name, picture := tab.Download("a.button"); !strings.HasSuffix(name, "-2.png") || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		t.Errorf("saved %d bytes as %s", len(picture), name)
	}
	s.clock.Set(gift.DateOf(2026, 12, 31).Start())
	for _, look := range looks[:2] {
		tab := browser.Open(t, s.url, look)
		tab.Go(pages["star"])
		tab.CheckLightAndDark("voucher-expired")
	}
}

// BenchmarkHistory reads a page of 1,000 vouchers, and makes 1,000 links beside it.
func BenchmarkHistory(b *testing.B) {
	const items, each = 1000, 5 // a sandbox order may be as large as the stock
	s := startServer(b, "sqlite:"+b.TempDir()+"/giftimbiz.db")
	c := s.as("devtest1")
	offers := strings.Join(slices.Repeat([]string{chocoID}, each), "|")
	for i := range items / each {
		c.header.Set("Idempotency-Key", fmt.Sprint(i))
		c.call("giftimbiz/buyGifticoupon", "md_idx", offers, "cash", each*940, "product", chocoName).wants("0000")
	}
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			c.call("giftimbiz/buyGifticonList", "limit", items)
		}
	})
	b.Run("links", func(b *testing.B) {
		links := redeem.NewLinks(s.node.Vault, "https://gift.example")
		for b.Loop() {
			for line := range int64(items) {
				links.VoucherURL(&gift.BoughtItem{OrderID: 1, Line: 1 + line})
			}
		}
	})
}
