// Package storagetest is the conformance suite of the store: what a purchase, a deposit and a catalogue read must do on
// every engine, faults and concurrency included.
package storagetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// Opener makes a database for one test, with the schema or without, and closes it when the test ends. Opening the same name again
// within a test gives a second node on the same database.
type Opener func(t testing.TB) (db *storage.DB, again func() *storage.DB)

// Noon is when the suite's clocks stand: the guide's samples are on sale then.
var Noon = time.Date(2025, 9, 15, 12, 0, 0, 0, gift.Seoul)

// How long engines try and ask at most: patient ones outlast a machine that is busy with something else, impatient ones are waited
// for, and still let a transaction end that is written on such a machine.
const (
	patient   = time.Minute
	impatient = 5 * time.Second
)

// House is a migrated database with a clock and an engine on it.
type House struct {
	T      testing.TB
	DB     *storage.DB
	Clock  *clock.Manual
	Engine *purchase.Engine
	Vault  *vault.Vault // of DB
	again  func() *storage.DB
}

// NewHouse migrates and joins a database and starts an engine, which stops before the database closes. When the test
// ends, the doctor must find nothing.
func NewHouse(t testing.TB, open Opener) *House {
	t.Helper()
	db, again := open(t)
	h := &House{T: t, DB: db, Clock: clock.NewManual(Noon), again: again}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.Vault, err = db.OpenVault(t.Context(), Masters()); err != nil {
		t.Fatal(err)
	}
	h.start()
	t.Cleanup(func() { Healthy(t, h.DB) })
	return h
}

// SecondNode returns another node on the same database, with the same clock.
func (h *House) SecondNode() *House {
	h.T.Helper()
	second := &House{T: h.T, DB: h.again(), Clock: h.Clock, Vault: h.Vault, again: h.again}
	second.start()
	return second
}

func (h *House) start() {
	h.T.Helper()
	if err := h.DB.Join(h.T.Context(), h.Clock); err != nil {
		h.T.Fatal(err)
	}
	h.Engine = purchase.New(purchase.Options{
		Store: h.DB, Clock: h.Clock, IDs: h.DB.IDs(), Lanes: h.DB.Lanes(), Transaction: patient, Resolve: patient,
	})
	h.Engine.Start()
	h.T.Cleanup(h.Engine.Stop)
}

// Healthy fails the test for each fault that the doctor finds.
func Healthy(t testing.TB, db *storage.DB) {
	t.Helper()
	faults, err := db.Doctor(context.Background())
	if err != nil {
		t.Errorf("doctor: %v", err)
	}
	for _, fault := range faults {
		t.Errorf("doctor: %s: %s", fault.Check, fault.Detail)
	}
}

// Partner opens a partner with a balance and returns its id.
func (h *House) Partner(p gift.Partner, balance gift.Won) int64 {
	h.T.Helper()
	ctx := h.T.Context()
	if p.State == 0 {
		p.State = gift.Active
	}
	keys := credential.Keys{
		ID: rand.Int64(), KeyHash: randomHash(), TokenHash: randomHash(), RefreshHash: randomHash(),
		CreatedAt: h.Clock.Now(),
	}
	id, err := h.DB.CreatePartner(ctx, p, keys, h.Clock.Now())
	if err != nil {
		h.T.Fatal(err)
	}
	if balance > 0 {
		if _, err := h.DB.Deposit(ctx, p.Name, balance, "", "opening", h.Clock.Now()); err != nil {
			h.T.Fatal(err)
		}
	}
	return id
}

// Balance returns a partner's stored balance.
func (h *House) Balance(name string) gift.Won {
	h.T.Helper()
	p, err := h.DB.Partner(h.T.Context(), name)
	if err != nil {
		h.T.Fatal(err)
	}
	return p.Balance
}

// Names and ids of the suite's stock.
const (
	Voucher     = "남양)초콜릿드링크초코에몽190ML"
	CouponText  = "김말이 3개"
	CouponName  = "김말이"
	CampaignID  = 188
	StarOfferID = 1350
)

// Stock loads one brand, one product, n gift offers (ids 1…n) and one free star offer, each with the given units. Gift
// prices are 940, 930 and 462 won; the last day is 2025-12-31.
func (h *House) Stock(n, units int, change ...func(*gift.Offer)) {
	h.T.Helper()
	s := &storage.Stock{
		Categories: []gift.Category{
			{ID: 6, Kind: gift.Gifticon, Name: "마트,편의점", Thumb: "/UPLOAD/6.svg"},
			{ID: 15, Kind: gift.StarCoupon, Name: "분식", Thumb: "/UPLOAD/15.svg"},
		},
		Brands:   []gift.Brand{{ID: 4, CategoryID: 6, Name: "CU", Thumb: "/UPLOAD/b.png", InUse: true}},
		Products: []gift.Product{{ID: 27935, BrandID: 4, Name: Voucher, Face: 1400, Thumb: "/UPLOAD/p.png"}},
		Shops: []gift.Shop{{
			ID: 37, CategoryID: 15, Name: "너랑나랑분식", Province: "서울특별시", District: "마포구", Town: "연남동",
		}},
		Sellers: []storage.NewSeller{{ID: 1, ShopID: 37, Name: "점장", CodeHash: "unused"}},
		Campaigns: []gift.Campaign{{
			ID: CampaignID, ShopID: 37, CouponName: CouponName, Product: CouponText, Free: true, MemberType: "shop",
		}},
	}
	for i := 1; i <= n; i++ {
		o := gift.Offer{
			ID: int64(i), Kind: gift.Gifticon, ProductID: 27935, Face: 1400,
			Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462}, LastDay: gift.DateOf(2025, 12, 31),
		}
		h.addOffer(s, o, units, change)
	}
	h.addOffer(s, gift.Offer{
		ID: StarOfferID, Kind: gift.StarCoupon, CampaignID: CampaignID, LastDay: gift.DateOf(2025, 12, 31),
	}, units, nil)
	if err := h.DB.Load(h.T.Context(), s); err != nil {
		h.T.Fatal(err)
	}
}

func (h *House) addOffer(s *storage.Stock, o gift.Offer, units int, change []func(*gift.Offer)) {
	for _, f := range change {
		f(&o)
	}
	s.Offers = append(s.Offers, o)
	for p := 1; p <= units; p++ {
		u := storage.NewUnit{ID: o.ID*100_000 + int64(p), OfferID: o.ID, Position: int64(p)}
		if o.Kind == gift.Gifticon {
			u.Sealed, u.NumberHash = Sealed("sealed"), fmt.Appendf(nil, "hash-%d", u.ID)
			u.TailHash = Tail(p % 10)
		}
		s.Units = append(s.Units, u)
	}
}

// Tail is the hash of the last characters of the suite's vouchers: the position's last digit.
func Tail(digit int) []byte { return fmt.Appendf(nil, "tail-%d", digit) }

// Buy buys one unit of each gift offer named at the price of 940 won and fails the test on a fault.
func (h *House) Buy(partner int64, key string, offers ...int64) purchase.Outcome {
	h.T.Helper()
	out, err := h.Engine.Buy(h.T.Context(), GiftRequest(partner, key, offers...))
	if err != nil {
		h.T.Fatal(err)
	}
	return out
}

// GiftRequest is the request that Buy makes.
func GiftRequest(partner int64, key string, offers ...int64) purchase.Request {
	req := purchase.Request{
		PartnerID: partner, Kind: gift.Gifticon, Cash: 940 * gift.Won(len(offers)), Product: Voucher, Key: key,
		Render: Render,
	}
	for _, o := range offers {
		req.Items = append(req.Items, purchase.ItemRequest{OfferID: o})
	}
	return req
}

// StarRequest buys coupons of the star offer; 0 = any free one.
func StarRequest(partner int64, key string, coupons ...int64) purchase.Request {
	req := purchase.Request{PartnerID: partner, Kind: gift.StarCoupon, Product: CouponText, Key: key, Render: Render}
	for _, c := range coupons {
		req.Items = append(req.Items, purchase.ItemRequest{OfferID: StarOfferID, CampaignID: CampaignID, CouponID: c})
	}
	return req
}

// Render makes a body that tells outcomes apart.
func Render(o purchase.Outcome) []byte {
	if o.Refusal != nil {
		return fmt.Appendf(nil, "refused %d", o.Refusal.Reason)
	}
	return fmt.Appendf(nil, "bought %s %v", o.Ref, o.Coupons)
}

func randomHash() []byte { return fmt.Appendf(nil, "%032x", rand.Uint64()) }
