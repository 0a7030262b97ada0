package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/partnerapi"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
)

// TestEveryCodeOfTheGuideIsProducedByItsCause walks the guide's code table. Each case starts from a signed-in partner
// and spoils one thing.
func TestEveryCodeOfTheGuideIsProducedByItsCause(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		seen := map[string]bool{}
		for _, group := range [][]codeCase{credentialCases, dataCases, purchaseCases} {
			for _, test := range group {
				t.Run(test.code+" "+test.name, func(t *testing.T) {
					sub := s.in(t)
					sub.clock.Set(noon)
					a := test.call(sub, sub.as("demo"))
					a.wants(test.code)
					seen[test.code] = true
					if msg := a.text(messageField(test.code)); msg == "" {
						t.Error("no message")
					}
				})
			}
		}
		for _, code := range strings.Fields(`0000 T T1 T2 T3 T4 T5 T6 T7 M M1 M2 M3 M4 Q L N TOKEN00 TOKEN01 TOKEN02 TOKEN03
			TOKEN04 TOKEN05 TOKEN06 TOKEN07 TOKEN08 TOKEN09 Z UB PD PL PPA PC UP GPLF`) {
			if !seen[code] {
				t.Errorf("no case produced %s", code)
			}
		}
	})
}

func messageField(code string) string {
	if code == "0000" {
		return "message"
	}
	return "msg"
}

type codeCase struct {
	code, name string
	call       func(s *testServer, c *caller) answer
}

var noon = time.Date(2025, 9, 15, 12, 0, 0, 0, gift.Seoul)

// listing is the harmless call that credential cases make.
func listing(c *caller) answer { return c.call("giftimbiz/listAll", "site", "gift") }

// spoilt sets headers before the harmless call.
func spoilt(name, value string) func(*testServer, *caller) answer {
	return func(_ *testServer, c *caller) answer {
		c.header.Set(name, value)
		return listing(c)
	}
}

func without(name string) func(*testServer, *caller) answer {
	return func(_ *testServer, c *caller) answer {
		c.header.Del(name)
		return listing(c)
	}
}

// state calls while the partner is in a state, and puts it back.
func state(change func(*gift.Partner), call func(*testServer, *caller) answer) func(*testServer, *caller) answer {
	return func(s *testServer, c *caller) answer {
		var before gift.Partner
		s.setPartner("demo", func(p *gift.Partner) { before = *p; change(p) })
		defer s.setPartner("demo", func(p *gift.Partner) { *p = before })
		return call(s, c)
	}
}

// forged calls with a token made from the partner's own claims, changed and signed as told.
func forged(header string, method jwt.SigningMethod, change func(h map[string]any, claims jwt.MapClaims)) func(*testServer, *caller) answer {
	return func(s *testServer, c *caller) answer {
		claims := jwt.MapClaims{}
		token, _, err := jwt.NewParser().ParseUnverified(c.header.Get(header), claims)
		if err != nil {
			s.t.Fatal(err)
		}
		remade := jwt.NewWithClaims(method, claims)
		for name, value := range token.Header {
			if name != "alg" {
				remade.Header[name] = value
			}
		}
		change(remade.Header, claims)
		var key any = s.node.Vault.TokenKey()
		if method == jwt.SigningMethodNone {
			key = jwt.UnsafeAllowNoneSignatureType
		}
		signed, err := remade.SignedString(key)
		if err != nil {
			s.t.Fatal(err)
		}
		c.header.Set(header, signed)
		return listing(c)
	}
}

func claim(name string, value any) func(map[string]any, jwt.MapClaims) {
	return func(_ map[string]any, claims jwt.MapClaims) { claims[name] = value }
}

// tampered changes the last character but one of a token: the signature no longer fits.
func tampered(header string) func(*testServer, *caller) answer {
	return func(_ *testServer, c *caller) answer {
		token := []byte(c.header.Get(header))
		i := len(token) - 2
		token[i] = map[bool]byte{true: 'B', false: 'A'}[token[i] == 'A']
		c.header.Set(header, string(token))
		return listing(c)
	}
}

var credentialCases = []codeCase{
	{"Q", "key missing", without("Partnerkey")},
	{"Q", "partner token missing", without("Partnertoken")},
	{"Q", "partner_id missing", func(_ *testServer, c *caller) answer { c.id = ""; return listing(c) }},
	{"UP", "unknown key", spoilt("Partnerkey", "gmk_live_nobody")},
	{"TOKEN03", "another partner's key", func(_ *testServer, c *caller) answer { c.id = "devtest1"; return listing(c) }},
	{"TOKEN06", "wrong partner token", spoilt("Partnertoken", "wrong")},
	{"T7", "withdrawn", state(func(p *gift.Partner) { p.State = gift.Withdrawn }, func(_ *testServer, c *caller) answer { return listing(c) })},
	{"TOKEN04", "suspended", state(func(p *gift.Partner) { p.State = gift.Suspended }, func(_ *testServer, c *caller) answer { return listing(c) })},
	{"M4", "address not allowed", state(
		func(p *gift.Partner) { p.AllowList = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} },
		func(_ *testServer, c *caller) answer { return listing(c) })},
	{"TOKEN02", "refresh token missing", without("Refresh-Token")},
	{"T5", "refresh token empty", spoilt("Refresh-Token", "")},
	{"T5", "refresh token null", spoilt("Refresh-Token", "null")},
	{"TOKEN00", "refresh token no token", spoilt("Refresh-Token", "nonsense")},
	{"TOKEN09", "refresh token signature", tampered("Refresh-Token")},
	{"TOKEN07", "refresh token expired", forged("Refresh-Token", jwt.SigningMethodHS256, claim("exp", 1))},
	{"TOKEN05", "refresh token not registered", forged("Refresh-Token", jwt.SigningMethodHS256, claim("jti", "another"))},
	{"TOKEN01", "access token missing", without("Access-Token")},
	{"T5", "access token empty", spoilt("Access-Token", "")},
	{"T4", "access token not three parts", spoilt("Access-Token", "a.b")},
	{"T2", "access token alg none", forged("Access-Token", jwt.SigningMethodNone, claim("iss", "giftimbiz"))},
	{"T2", "access token of another algorithm", forged("Access-Token", jwt.SigningMethodHS512, func(map[string]any, jwt.MapClaims) {})},
	{"T2", "a refresh token as access token", func(_ *testServer, c *caller) answer {
		c.header.Set("Access-Token", c.header.Get("Refresh-Token"))
		return listing(c)
	}},
	{"T3", "access token signature", tampered("Access-Token")},
	{"T1", "access token expired", func(s *testServer, c *caller) answer { s.clock.Advance(25 * time.Hour); return listing(c) }},
	{"T6", "access token of no partner", forged("Access-Token", jwt.SigningMethodHS256, claim("sub", "nobody"))},
	{"TOKEN08", "access token for another audience", forged("Access-Token", jwt.SigningMethodHS256, claim("aud", "somewhere"))},
	{"Z", "access token of another partner", func(s *testServer, c *caller) answer {
		c.header.Set("Access-Token", s.as("devtest1").header.Get("Access-Token"))
		return listing(c)
	}},
	{"T", "access token over 8 KiB", spoilt("Access-Token", strings.Repeat("a", 9000))},
}

var dataCases = []codeCase{
	{"Q", "site is not gift", func(_ *testServer, c *caller) answer { return c.call("giftimbiz/listAll", "site", "shop") }},
	{"Q", "unknown order", func(_ *testServer, c *caller) answer {
		return c.call("giftimbiz/listAll", "site", "gift", "orderby", "best")
	}},
	{"L", "no such region", func(_ *testServer, c *caller) answer {
		return c.call("giftimbiz/starListAll", "site", "gift", "si", "아틀란티스")
	}},
	{"L", "a district of another province", func(_ *testServer, c *caller) answer {
		return c.call("giftimbiz/starListAll", "site", "gift", "si", "서울", "gu", "해운대구")
	}},
	{"L", "unknown path", func(_ *testServer, c *caller) answer { return c.call("giftimbiz/nothing") }},
	{"M", "product and offer do not go together", func(_ *testServer, c *caller) answer {
		return c.call("giftimbiz/giftDetail", "CODE", "2576", "DCODE", chocoID)
	}},
	{"N", "no such order", func(_ *testServer, c *caller) answer {
		return c.call("gifticon/getQRImg", "tid", gift.FirstIDAt(noon).Ref(false), "msc_idx", "1")
	}},
	{"N", "no such coupon", func(s *testServer, c *caller) answer {
		return c.call("gifticon/setUseStarCoupon", "msu_idx", s.made.Sellers[0].SellerID, "msc_idx", "1", "managecode", "1234")
	}},
	{"M2", "the coupon's period is over", func(s *testServer, c *caller) answer {
		tid, coupon := buyCoupon(c)
		row := s.node.Catalog().Index().Row(1350)
		s.clock.Set(row.Offer.LastDay.End())
		return s.as("demo").call("gifticon/getQRImg", "tid", tid, "msc_idx", coupon)
	}},
	{"M1", "the coupon was used", func(s *testServer, c *caller) answer {
		_, coupon := buyCoupon(c)
		seller := s.seller(37)
		use := func() answer {
			return c.call("gifticon/setUseStarCoupon", "msu_idx", seller.SellerID, "msc_idx", coupon, "managecode", seller.ManagerCode)
		}
		use().wants("0000")
		return use()
	}},
}

// buyCoupon buys any free coupon of the guide's snack bar.
func buyCoupon(c *caller) (tid, coupon string) {
	c.s.t.Helper()
	c.header.Set("Idempotency-Key", c.s.t.Name())
	defer c.header.Del("Idempotency-Key")
	a := c.call("giftimbiz/buyStarcoupon", "md_idx", "1350", "msl_idx", "188", "msc_idx", "0", "cash", "0",
		"product", "김말이 3개").wants("0000")
	return a.text("tid"), a.text("msc_idx")
}

// onceOffer is an offer that each partner may buy from once; see loadOnce.
const onceOffer = 7_000_001

// loadOnce adds onceOffer, of the guide's first record, with two vouchers.
func (s *testServer) loadOnce() {
	s.t.Helper()
	stock := &storage.Stock{Offers: []gift.Offer{{
		ID: onceOffer, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, OncePer: true,
		Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462}, LastDay: gift.DateOf(2025, 12, 31),
	}}}
	for i := range int64(2) {
		number := fmt.Appendf(nil, "number %d", i)
		stock.Units = append(stock.Units, storage.NewUnit{
			ID: onceOffer + i, OfferID: onceOffer, Position: i + 1, Sealed: number, NumberHash: number,
		})
	}
	if err := s.node.DB.Load(s.t.Context(), stock); err != nil {
		s.t.Fatal(err)
	}
}

// order buys with parameters on top of a right purchase of the guide's first record, under a key of its own.
func order(params ...any) func(*testServer, *caller) answer {
	return func(s *testServer, c *caller) answer {
		if c.header.Get("Idempotency-Key") == "" {
			c.header.Set("Idempotency-Key", s.t.Name())
		}
		return c.call("giftimbiz/buyGifticoupon", append([]any{
			"md_idx", chocoID, "cash", chocoPrice, "product", chocoName,
		}, params...)...)
	}
}

var purchaseCases = []codeCase{
	{"0000", "a right purchase", order()},
	{"Q", "no sum", order("cash", "")},
	{"Q", "a sum with a comma", order("cash", "1,000")},
	{"UB", "blacklisted", state(func(p *gift.Partner) { p.State = gift.Blacklisted }, order())},
	{"PD", "unknown offer", order("md_idx", "999999999")},
	{"PD", "wrong name", order("product", "다른 상품")},
	{"PL", "wrong sum", order("cash", "941")},
	{"M2", "expired", func(s *testServer, c *caller) answer {
		s.clock.Set(gift.DateOf(2026, 1, 1).Start())
		return order("cash", "462")(s, s.as("demo"))
	}},
	{"M3", "daily limit", state(func(p *gift.Partner) { p.DailyLimit = 1 }, func(s *testServer, c *caller) answer {
		c.header.Set("Idempotency-Key", "first-of-the-day")
		order()(s, c)
		c.header.Set("Idempotency-Key", "second-of-the-day")
		return order()(s, c)
	})},
	{"PC", "balance", func(s *testServer, _ *caller) answer {
		s.open(gift.Partner{Name: "poor"}, 939)
		return order()(s, s.as("poor"))
	}},
	{"M1", "once per partner", func(s *testServer, c *caller) answer {
		s.loadOnce()
		c.header.Set("Idempotency-Key", "the-first")
		order("md_idx", onceOffer)(s, c).wants("0000")
		c.header.Set("Idempotency-Key", "the-second")
		return order("md_idx", onceOffer)(s, c)
	}},
	{"PPA", "the same again without a key", func(_ *testServer, c *caller) answer {
		c.call("giftimbiz/buyGifticoupon", "md_idx", chocoID, "cash", chocoPrice, "product", chocoName)
		return c.call("giftimbiz/buyGifticoupon", "md_idx", chocoID, "cash", chocoPrice, "product", chocoName)
	}},
	{"PPA", "another purchase under the same key", func(s *testServer, c *caller) answer {
		order()(s, c)
		return order("cash", "941")(s, c)
	}},
	{"GPLF", "the journal cannot be written", func(s *testServer, c *caller) answer {
		broken := purchase.New(purchase.Options{Store: deadStore{}, Clock: s.clock, IDs: s.node.DB.IDs()})
		broken.Start()
		defer broken.Stop()
		cfg := s.node.APIConfig()
		cfg.Buyer = broken
		web := httptest.NewServer(partnerapi.New(cfg))
		defer web.Close()
		elsewhere := *s
		elsewhere.url = web.URL
		c.s = &elsewhere
		a := order()(s, c)
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			s.t.Errorf("HTTP %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
		}
		return a
	}},
}

// deadStore is a database that is gone.
type deadStore struct{ purchase.Store }

func (deadStore) Transact(context.Context, purchase.Reads, func(*purchase.State) (purchase.Writes, error)) error {
	return purchase.ErrUnavailable
}
