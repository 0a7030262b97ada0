package storagetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// batches decides the same random requests in two houses: all in one transaction, and one transaction after the other. Each
// must end in the same way, and leave the same stock, balances and quotes.
func batches(t *testing.T, open Opener) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			together, alone := newTrading(t, open), newTrading(t, open)
			var got, want []string
			r := rand.New(rand.NewPCG(seed, 0))
			for range 4 {
				var plans []plan
				for range 20 {
					plans = append(plans, drawPlan(r))
				}
				got = append(got, together.atOnce(plans)...)
				want = append(want, alone.inTurn(plans)...)
				pass := time.Duration(r.IntN(40)) * time.Second
				together.Clock.Advance(pass)
				alone.Clock.Advance(pass)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("request %d: %s together, %s alone", i, got[i], want[i])
				}
			}
			if got, want := together.rest(), alone.rest(); got != want {
				t.Errorf("left: %s together, %s alone", got, want)
			}
		})
	}
}

// trading is a house whose orders and quotes are told apart by how many there were before them.
type trading struct {
	*House
	partners []int64
	quotes   []*gift.Quote
	orders   map[gift.OrderRef]int
}

func newTrading(t *testing.T, open Opener) *trading {
	h := NewHouse(t, open)
	h.Stock(2, 30)
	return &trading{House: h, orders: map[gift.OrderRef]int{}, partners: []int64{
		h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, 10_000),
		h.Partner(gift.Partner{Name: "other", DailyLimit: 8}, 20_000),
		h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 3000),
	}}
}

// plan is a request before it is known which quotes there are.
type plan struct {
	partner, quote int  // quote: how many before the partner's last one; -1 = none
	strange        bool // it is another partner's
	req            purchase.Request
}

func drawPlan(r *rand.Rand) plan {
	p := plan{partner: r.IntN(3), quote: -1}
	offers := []int64{int64(r.IntN(2)) + 1, 1, 2}[:r.IntN(3)+1]
	switch kind := r.IntN(10); {
	case kind < 2:
		p.req = StarRequest(0, "", []int64{0, StarOfferID*100_000 + int64(r.IntN(30)) + 1}[r.IntN(2)])
	case kind < 5:
		p.req = HoldRequest(0, offers...)
	case kind < 7:
		p.req, p.quote, p.strange = QuoteRequest(0, "", 0), r.IntN(6), r.IntN(8) == 0
	default:
		p.req = GiftRequest(0, "", offers...)
	}
	if r.IntN(2) == 0 {
		p.req.Key = fmt.Sprint("k", r.IntN(30))
	}
	if r.IntN(3) == 0 {
		p.req.Reference = fmt.Sprint("A-", r.IntN(20))
	}
	if r.IntN(8) == 0 {
		p.req.Pretend = []gift.Reason{gift.SoldOut, gift.LowBalance, gift.DailyLimit}[r.IntN(3)]
	}
	return p
}

// request is a plan's request here. The quotes are those that there were before the plans.
func (h *trading) request(p plan) purchase.Request {
	req := p.req
	req.PartnerID, req.Render = h.partners[p.partner], nil
	if p.quote >= 0 {
		req.QuoteID = 1
		for _, q := range slices.Backward(h.quotes) {
			if (q.PartnerID != req.PartnerID) == p.strange {
				req.QuoteID = q.ID
				p.quote--
			}
			if p.quote < 0 {
				break
			}
		}
	}
	return req
}

// told notes what came of requests in their order, and says it without numbers that differ between houses.
func (h *trading) told(outs []purchase.Outcome) (all []string) {
	for _, out := range outs {
		if out.OrderID != 0 && !out.Replayed {
			h.orders[out.Ref] = len(h.orders) + 1
		}
	}
	for _, out := range outs {
		text := fmt.Sprintf("order %d of %v, replayed %t", h.orders[out.Ref], out.Coupons, out.Replayed)
		if r := out.Refusal; r != nil {
			text = fmt.Sprintf("refused %d: item %d, amount %d, limit %d, first %d", r.Reason, r.Item, r.Amount, r.Limit, h.orders[r.First])
		}
		if q := out.Quote; q != nil {
			h.quotes = append(h.quotes, q)
			text = fmt.Sprintf("quote of %v for %d until %s", q.Items, q.Total, q.ExpiresAt)
		}
		all = append(all, text)
	}
	return all
}

func (h *trading) inTurn(plans []plan) []string {
	reqs := make([]purchase.Request, len(plans))
	for i, p := range plans {
		reqs[i] = h.request(p)
	}
	outs := make([]purchase.Outcome, len(plans))
	for i, req := range reqs {
		outs[i] = h.Ask(req)
	}
	return h.told(outs)
}

// atOnce lets the requests wait in their order while another purchase is under way, of somebody else's.
func (h *trading) atOnce(plans []plan) []string {
	slow := &slowStore{Store: h.DB, entered: make(chan struct{}), leave: make(chan struct{})}
	var sizes []int
	e := purchase.New(purchase.Options{
		Store: slow, Clock: h.Clock, IDs: h.DB.IDs(), Observe: func(n int, _ time.Duration) { sizes = append(sizes, n) },
	})
	e.Start()
	outs := make([]purchase.Outcome, len(plans))
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := e.Buy(h.T.Context(), GiftRequest(999, "", 1)); err != nil {
			h.T.Error(err)
		}
	})
	<-slow.entered
	for i, p := range plans {
		req := h.request(p)
		wg.Go(func() {
			var err error
			if outs[i], err = e.Buy(h.T.Context(), req); err != nil {
				h.T.Error(err)
			}
		})
		awaitWaiting(e, i+1)
	}
	close(slow.leave)
	wg.Wait()
	e.Stop()
	if len(sizes) != 2 || sizes[1] != len(plans) {
		h.T.Errorf("batches of %d", sizes)
	}
	return h.told(outs)
}

// rest says what is left of everything.
func (h *trading) rest() string {
	h.T.Helper()
	text := ""
	for _, name := range []string{"demo", "other", "devtest1"} {
		text += fmt.Sprint(name, " ", h.Balance(name), "; ")
	}
	rows, err := h.DB.OffersByID(h.T.Context(), []int64{1, 2, StarOfferID})
	if err != nil {
		h.T.Fatal(err)
	}
	for _, o := range rows.Offers {
		text += fmt.Sprint("offer ", o.ID, " ", o.Stock, "; ")
	}
	for i, quote := range h.quotes {
		q, err := h.DB.Quote(h.T.Context(), quote.PartnerID, quote.ID)
		if err != nil || q == nil {
			h.T.Fatal(q, err)
		}
		text += fmt.Sprint("quote ", i, " ", q.State, " ", h.orders[q.OrderID.Ref(q.Sandbox)], "; ")
	}
	return text
}
