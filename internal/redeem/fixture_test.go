package redeem

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/vault"
)

const (
	order    = gift.ID(1_000_000_000_001)
	coupon   = int64(501)
	partner  = int64(7)
	seller   = int64(31)
	stranger = int64(32) // a seller of another shop
	code     = "482913"
)

var (
	noon    = time.Date(2025, 9, 15, 12, 0, 0, 0, gift.Seoul)
	lastDay = gift.DateOf(2025, 9, 30)
)

// starCoupon is a bought coupon, usable at noon.
func starCoupon() gift.BoughtItem {
	return gift.BoughtItem{
		OrderID: order, Line: 1, UnitID: coupon, At: noon.Add(-time.Hour),
		Offer:    gift.Offer{ID: 1350, Kind: gift.StarCoupon, CampaignID: 188, LastDay: lastDay},
		Campaign: gift.Campaign{ID: 188, ShopID: 37, CouponName: "김말이", Product: "김말이 3개", Condition: "2인세트 주문시", Free: true},
		Shop:     gift.Shop{ID: 37, Name: "너랑나랑분식"},
	}
}

// testKeys are a server's real keys that count the slow hashes.
type testKeys struct {
	*vault.Vault
	checked  atomic.Int64
	checking func() // runs while a code is being checked
}

// keysOnce and codeHash are made once: hashing is slow on purpose.
var keysOnce = sync.OnceValue(func() *vault.Vault {
	v := vault.Fresh()
	return v
})

var codeHash = sync.OnceValue(func() string {
	hash, err := keysOnce().HashCode(code)
	if err != nil {
		panic(err)
	}
	return hash
})

// CheckCode implements Codes.
func (k *testKeys) CheckCode(ctx context.Context, hash, plain string) (bool, error) {
	k.checked.Add(1)
	if k.checking != nil {
		k.checking()
	}
	return k.Vault.CheckCode(ctx, hash, plain)
}

// memory is a Store. What it returns are copies.
type memory struct {
	mu      sync.Mutex
	items   []gift.BoughtItem
	buyer   int64
	sellers []Seller
	wrong   map[wrongCodes]Attempts // sandbox sellers are negative
	uses    []Use
	undone  map[gift.ID]Undo // by the redemption's number, which is its place in uses
	shifts  map[string]shiftRow
	readErr error
}

type shiftRow struct {
	Shift
	codeHash string
	misses   int
}

func newMemory(items ...gift.BoughtItem) *memory {
	return &memory{
		items: items, buyer: partner, wrong: map[wrongCodes]Attempts{}, undone: map[gift.ID]Undo{}, shifts: map[string]shiftRow{},
		sellers: []Seller{
			{ID: seller, ShopID: 37, Name: "김점장", CodeHash: codeHash()},
			{ID: stranger, ShopID: 38, Name: "박점장", CodeHash: codeHash()},
		},
	}
}

func (m *memory) find(partnerID int64, fits func(*gift.BoughtItem) bool) (*gift.BoughtItem, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.readErr != nil {
		return nil, m.readErr
	}
	for i := range m.items {
		if (partnerID == 0 || partnerID == m.buyer) && fits(&m.items[i]) {
			found := m.items[i]
			return &found, nil
		}
	}
	return nil, nil
}

func (m *memory) BoughtItem(_ context.Context, partnerID int64, id gift.ID, line int64) (*gift.BoughtItem, error) {
	return m.find(partnerID, func(i *gift.BoughtItem) bool { return i.OrderID == id && i.Line == line })
}

func (m *memory) BoughtCoupon(_ context.Context, partnerID int64, id gift.ID, unit int64) (*gift.BoughtItem, error) {
	return m.find(partnerID, func(i *gift.BoughtItem) bool { return (id == 0 || i.OrderID == id) && i.UnitID == unit })
}

func (m *memory) Seller(_ context.Context, id int64) (*Seller, error) {
	for _, s := range m.sellers {
		if s.ID == id {
			return &s, nil
		}
	}
	return nil, nil
}

func (m *memory) ShopSellers(_ context.Context, shopID int64) (found []Seller, err error) {
	for _, s := range m.sellers {
		if s.ShopID == shopID {
			found = append(found, s)
		}
	}
	return found, nil
}

// wrongCodes is for whom and by whom codes were wrong.
type wrongCodes struct {
	seller int64
	by     Guesser
}

func (m *memory) Attempts(_ context.Context, id int64, by Guesser) (Attempts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wrong[wrongCodes{id, by}], nil
}

func (m *memory) CountWrong(_ context.Context, id int64, by Guesser, now time.Time) (Attempts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wrong[wrongCodes{id, by}] = m.wrong[wrongCodes{id, by}].After(now)
	return m.wrong[wrongCodes{id, by}], nil
}

func (m *memory) MarkUsed(_ context.Context, use Use) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.items {
		item := &m.items[i]
		if item.OrderID != use.OrderID || item.Line != use.Line || !item.UsedAt.IsZero() || !item.CancelledAt.IsZero() {
			continue
		}
		item.UsedAt, item.UsedBy = use.At, use.SellerID
		m.uses = append(m.uses, use)
		return true, nil
	}
	return false, nil
}

func (m *memory) Redemption(_ context.Context, id gift.ID, line int64) (*Redemption, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, u := range m.uses {
		number := gift.ID(i + 1)
		if _, undone := m.undone[number]; !undone && u.OrderID == id && u.Line == line {
			r := Redemption{
				ID: number, OrderID: id, Line: line, ShopID: u.ShopID, SellerID: u.SellerID, Via: u.Via, Device: u.Device, At: u.At,
			}
			if seller, _ := m.Seller(context.Background(), u.SellerID); seller != nil {
				r.Seller = seller.Name
			}
			return &r, nil
		}
	}
	return nil, nil
}

func (m *memory) UndoUse(_ context.Context, undo Undo) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, undone := m.undone[undo.RedemptionID]; undone {
		return false, nil
	}
	m.undone[undo.RedemptionID] = undo
	for i := range m.items {
		if item := &m.items[i]; item.OrderID == undo.OrderID && item.Line == undo.Line {
			item.UsedAt, item.UsedBy = time.Time{}, 0
		}
	}
	return true, nil
}

func (m *memory) CouponAtShop(_ context.Context, shopID, unit int64) (*gift.BoughtItem, error) {
	return m.find(0, func(i *gift.BoughtItem) bool { return i.Shop.ID == shopID && i.UnitID == unit })
}

func (m *memory) StartShift(_ context.Context, s Shift, seller Seller, replaces []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.shifts, string(replaces))
	s.SellerID, s.Seller, s.ShopID, s.Shop = seller.ID, seller.Name, seller.ShopID, "너랑나랑분식"
	m.shifts[string(s.ID)] = shiftRow{Shift: s, codeHash: seller.CodeHash}
	return nil
}

func (m *memory) Shift(ctx context.Context, id []byte, now time.Time) (*Shift, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, ok := m.shifts[string(id)]
	seller, _ := m.Seller(ctx, row.SellerID)
	if !ok || seller == nil || seller.CodeHash != row.codeHash || !now.Before(row.ExpiresAt) {
		return nil, nil
	}
	return &row.Shift, nil
}

func (m *memory) MissInShift(_ context.Context, id []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.shifts[string(id)]
	row.misses++
	m.shifts[string(id)] = row
	if row.misses >= MaxMisses {
		delete(m.shifts, string(id))
	}
	return nil
}

func (m *memory) EndShift(_ context.Context, id []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.shifts, string(id))
	return nil
}

func (m *memory) RedeemedItems(
	_ context.Context, shopID int64, p office.Period, after office.RedeemedPlace, limit int,
) (items []office.RedeemedItem, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.uses) - 1; i >= 0; i-- {
		u, id := m.uses[i], gift.ID(i+1)
		day := gift.DayOf(u.At)
		if u.ShopID != shopID || day < p.From || day > p.To || after.ID != 0 && id >= after.ID || len(items) == limit {
			continue
		}
		_, undone := m.undone[id]
		items = append(items, office.RedeemedItem{
			ID: id, Undone: undone, Day: day, At: u.At, UnitID: coupon, OrderID: u.OrderID, Line: u.Line, Product: "=김말이", Seller: "김점장",
			Via: u.Via, Face: 4000, Paid: 3500,
		})
	}
	return items, nil
}

func (m *memory) RedeemedAtShop(_ context.Context, shopID int64, p office.Period) (office.Redeemed, error) {
	items, err := m.RedeemedItems(context.Background(), shopID, p, office.RedeemedPlace{}, 1000)
	r := office.Redeemed{ShopID: shopID}
	for _, i := range items {
		if !i.Undone {
			r.Coupons, r.Paid = r.Coupons+1, r.Paid+i.Paid
		}
	}
	return r, err
}

// counterAt is a counter over a store, its clock standing at noon.
type counterAt struct {
	*Counter
	store *memory
	keys  *testKeys
	clock *clock.Manual
	log   *bytes.Buffer
	seen  *sightings
}

// sightings are what a counter was observed to do.
type sightings struct {
	mu     sync.Mutex
	counts map[string]int // guarded by mu: by "via outcome"
}

func (s *sightings) observe(via, outcome string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[via+" "+outcome]++
}

func newCounterAt(items ...gift.BoughtItem) *counterAt {
	c := &counterAt{
		store: newMemory(items...), keys: &testKeys{Vault: keysOnce()}, clock: clock.NewManual(noon), log: &bytes.Buffer{},
		seen: &sightings{counts: map[string]int{}},
	}
	c.Counter = c.on(c.store)
	return c
}

// on returns the same counter on another store.
func (c *counterAt) on(store Store) *Counter {
	return NewCounter(CounterConfig{
		Store: store, Codes: c.keys, Clock: c.clock, Logger: slog.New(slog.NewTextHandler(c.log, nil)), Observe: c.seen.observe,
	})
}

func newTestHandler(t *testing.T, items ...gift.BoughtItem) (http.Handler, *counterAt, *Links) {
	t.Helper()
	c := newCounterAt(items...)
	links := NewLinks(c.keys, "https://gift.example/")
	return NewHandler(Config{
		Store: c.store, Counter: c.Counter, Links: links, Numbers: c.keys, Clock: c.clock,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}), c, links
}
