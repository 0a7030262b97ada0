package console

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const (
	surveyEvery  = 30 * time.Second      // how old a survey may be before the next is made
	surveyWithin = time.Minute           // how long one may take
	surveyWait   = 50 * time.Millisecond // how long the first reader waits for the first one
	surveyRest   = 20                    // how many times longer than a survey takes it is left alone
	paceDays     = 7                     // the pace at which items sell is that of so many days, today included
	itemsShown   = 10
	lowShown     = 20
)

// survey keeps what takes reading all offers and all balances. It is made in the background, and only while somebody looks:
// whoever finds it old starts the next one, and sees the old one until that is there.
type survey struct {
	mu   sync.Mutex
	kept surveyed      // guarded by mu
	made time.Time     // guarded by mu: when the last began, also one that failed
	rest time.Duration // guarded by mu: how long the last took, surveyRest times
	busy chan struct{} // guarded by mu: closed when the survey under way is done; nil: none is
}

// surveyed is the stock and the balances as they were at a time; AsOf is zero before the first survey.
type surveyed struct {
	AsOf       time.Time
	Failed     bool // the last survey failed; what is shown is older
	Categories []categoryStock
	Total      categoryStock
	Expiring   []office.ExpiringOffer
	SellOut    []sellOut
	Low        []office.LowPartner
	LowBelow   gift.Won
}

// categoryStock is what is on sale of a category.
type categoryStock struct {
	Kind                     gift.Kind
	Name                     string
	Offers, Units, In7, In30 int64
}

func (c *categoryStock) add(i *office.StockItem) {
	c.Offers += i.Offers
	c.Units += i.Units
	c.In7 += i.In7
	c.In30 += i.In30
}

// sellOut is an item that will be gone soon at the pace of the last days.
type sellOut struct {
	office.StockItem
	Sold int64 // in paceDays
	// TenthDays is how long it lasts, in tenths of a day.
	TenthDays int64
}

// Days is how long it lasts, such as "0.4".
func (s sellOut) Days() string {
	return grouped(s.TenthDays/10) + "." + string(rune('0'+s.TenthDays%10))
}

// latest returns the last survey, and sees to it that there will be a newer one.
func (s *survey) latest(h *handler, now time.Time) surveyed {
	s.mu.Lock()
	age := now.Sub(s.made)
	if s.busy == nil && (age >= max(surveyEvery, s.rest) || age < 0) {
		s.made = now
		s.busy = make(chan struct{})
		go s.make(h, now, s.busy)
	}
	kept, busy := s.kept, s.busy
	s.mu.Unlock()
	if !kept.AsOf.IsZero() || busy == nil {
		return kept
	}
	select {
	case <-busy:
	case <-time.After(surveyWait):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}

func (s *survey) make(h *handler, now time.Time, done chan struct{}) {
	defer close(done)
	ctx, cancel := context.WithTimeout(context.Background(), surveyWithin)
	defer cancel()
	began := h.Clock.Now()
	next, err := h.surveyNow(ctx, now)
	if err != nil {
		h.Logger.Error("console: counting the stock", "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy, s.rest = nil, surveyRest*h.Clock.Now().Sub(began)
	if err != nil {
		s.kept.Failed = true
		return
	}
	s.kept = next
}

func (h *handler) surveyNow(ctx context.Context, now time.Time) (v surveyed, err error) {
	stock, err := h.Store.Stock(ctx, now, gift.DayOf(now)-paceDays+1)
	if err != nil {
		return v, err
	}
	low, err := h.Store.Setting(ctx, office.LowBalance)
	if err != nil {
		return v, err
	}
	v = surveyed{AsOf: stock.AsOf, Expiring: stock.Expiring, LowBelow: low.Won()}
	v.Low, err = h.Store.LowPartners(ctx, v.LowBelow, lowShown)
	v.Categories, v.Total = byCategory(stock.Items)
	v.SellOut = soldOutFirst(&stock)
	return v, err
}

// byCategory adds up what is on sale, the largest category first.
func byCategory(items []office.StockItem) (list []categoryStock, total categoryStock) {
	type key struct {
		kind gift.Kind
		name string
	}
	at := map[key]int{}
	for i := range items {
		k := key{items[i].Kind, items[i].Category}
		n, ok := at[k]
		if !ok {
			n = len(list)
			at[k] = n
			list = append(list, categoryStock{Kind: k.kind, Name: k.name})
		}
		list[n].add(&items[i])
		total.add(&items[i])
	}
	slices.SortFunc(list, func(a, b categoryStock) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.Units, a.Units), cmp.Compare(a.Name, b.Name))
	})
	return list, total
}

// soldOutFirst returns the items that are gone first if they sell as they did, the soonest first.
func soldOutFirst(stock *office.Stock) []sellOut {
	var list []sellOut
	for _, i := range stock.Items {
		if sold := stock.Sold[office.SoldKey{Kind: i.Kind, ID: i.ID}]; sold > 0 {
			list = append(list, sellOut{StockItem: i, Sold: sold, TenthDays: i.Units * paceDays * 10 / sold})
		}
	}
	slices.SortFunc(list, func(a, b sellOut) int {
		return cmp.Or(cmp.Compare(a.TenthDays, b.TenthDays), cmp.Compare(b.Sold, a.Sold), cmp.Compare(a.ID, b.ID))
	})
	return list[:min(len(list), itemsShown)]
}
