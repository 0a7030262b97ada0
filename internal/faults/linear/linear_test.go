package linear_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/faults/linear"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// What a round has: so little that everything runs out.
const (
	callers = 6
	calls   = 14 // of each
	opening = 9 * 940
	units   = 8 // of each of two offers
	coupons = 3

	starOffer = 10_000
)

// TestWhatCallersAreToldIsLinearizable has callers buy, pay in, refund, redeem and look at two nodes at once, while statements fail
// and a node is killed.
func TestWhatCallersAreToldIsLinearizable(t *testing.T) {
	for engine, start := range map[string]func(*testing.T) *cluster{"SQLite": onSQLite, "PostgreSQL": onPostgres} {
		t.Run(engine, func(t *testing.T) {
			c := start(t)
			rounds := faults.Rounds(2, 40)
			c.stock(rounds)
			row := faults.Row{Fault: "statements fail and nodes die: linearizable", On: engine}
			for range rounds {
				r := c.round(row.Rounds, nil)
				r.run()
				row.Rounds++
				row.Acknowledged += int(r.bought.Load())
				if !fits(t, r.history) {
					row.Doubled++
				}
			}
			t.Logf("%d nodes were killed", c.killed)
			c.faults.Rain(0)
			faults.Report(t, row)
		})
	}
}

// TestANodeThatTellsOldBalancesIsFoundOut plants a mistake: a node keeps balances, and tells some callers what they were.
func TestANodeThatTellsOldBalancesIsFoundOut(t *testing.T) {
	c := onSQLite(t)
	c.stock(1)
	var kept sync.Map
	r := c.round(0, func(db *storage.DB, name string) (gift.Won, error) {
		if old, ok := kept.Load(name); ok {
			return old.(gift.Won), nil
		}
		p, err := db.Partner(t.Context(), name)
		if err == nil {
			kept.Store(name, p.Balance)
		}
		return p.Balance, err
	})
	p := r.partners[0]
	if _, err := r.balance(c.DB, p.name); err != nil {
		t.Fatal(err)
	}
	r.run()
	c.faults.Rain(0)
	asked := r.history.Now()
	if _, err := c.DB.Deposit(t.Context(), p.name, 7, "", "", c.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	r.history.Add(0, asked, p.name, 7, linear.Done)
	asked = r.history.Now()
	old, err := r.balance(c.DB, p.name)
	if err != nil {
		t.Fatal(err)
	}
	r.history.Look(0, asked, p.name, int64(old))
	v, err := r.history.Check()
	if err != nil || v.Fits || v.Undecided {
		t.Errorf("not found out: %+v, %v", v, err)
	}
	if err := os.Remove(v.Picture); err != nil {
		t.Error(err)
	}
}

func fits(t *testing.T, h *linear.History) bool {
	t.Helper()
	v, err := h.Check()
	if err != nil || !v.Fits {
		t.Errorf("one node could not have told this in any order (undecided: %t), see %s\n%s\n%v",
			v.Undecided, v.Picture, strings.Join(v.Wrong, "\n"), err)
	}
	return v.Fits
}

// round is one history.
type round struct {
	*cluster
	number   int
	history  *linear.History
	partners []partner
	offers   []int64
	coupons  []gift.ID // orders of one coupon
	balance  func(*storage.DB, string) (gift.Won, error)
	bought   atomic.Int64
}

// round prepares one. balance is how a node looks a balance up; nil = as it should.
func (c *cluster) round(number int, balance func(*storage.DB, string) (gift.Won, error)) *round {
	c.T.Helper()
	r := &round{cluster: c, number: number, history: linear.NewHistory(), balance: balance}
	if balance == nil {
		r.balance = func(db *storage.DB, name string) (gift.Won, error) {
			p, err := db.Partner(context.Background(), name)
			return p.Balance, err
		}
	}
	for i := range 2 {
		p := c.partner(fmt.Sprintf("round-%d-%d", number, i), opening)
		r.partners = append(r.partners, p)
		r.history.Begin(p.name, opening)
		offer := int64(2*number + i + 1)
		r.offers = append(r.offers, offer)
		r.history.Begin(fmt.Sprint("offer ", offer), units)
	}
	for i := range coupons {
		req := storagetest.StarRequest(r.partners[0].id, fmt.Sprint("star", i), 0)
		req.Items[0].OfferID = starOffer
		out, err := c.Engine.Buy(c.T.Context(), req)
		if err != nil || out.Refusal != nil {
			c.T.Fatal(out.Refusal, err)
		}
		r.coupons = append(r.coupons, out.OrderID)
		r.history.Begin(fmt.Sprint("coupon of ", out.OrderID), 1)
	}
	return r
}

// stock loads what so many rounds need.
func (c *cluster) stock(rounds int) {
	c.T.Helper()
	c.Stock(2*rounds, units)
	s := &storage.Stock{Offers: []gift.Offer{{
		ID: starOffer, Kind: gift.StarCoupon, CampaignID: storagetest.CampaignID, LastDay: gift.DateOf(2025, 12, 31),
	}}}
	for p := range int64(coupons * rounds) {
		s.Units = append(s.Units, storage.NewUnit{ID: starOffer*100_000 + p, OfferID: starOffer, Position: p + 1})
	}
	if err := c.DB.Load(c.T.Context(), s); err != nil {
		c.T.Fatal(err)
	}
}

// run has all callers call. A node dies halfway where there are two.
func (r *round) run() {
	var wg sync.WaitGroup
	var half atomic.Int64
	halfway := make(chan struct{})
	for who := range callers {
		wg.Go(func() {
			for i := range calls {
				if half.Add(1) == callers*calls/2 {
					close(halfway)
				}
				r.call(who, i)
			}
		})
	}
	<-halfway
	if len(r.nodes) > 1 {
		r.killOne()
	}
	wg.Wait()
}

// call does one thing at random.
func (r *round) call(who, i int) {
	p, offer := r.partners[rand.IntN(2)], r.offers[rand.IntN(2)]
	switch n := rand.IntN(10); {
	case n < 5:
		r.buy(who, p, offer, fmt.Sprint("key ", who, i))
	case n < 6:
		r.deposit(who, p, fmt.Sprint("round ", r.number, " transfer ", who, i))
	case n < 7:
		r.use(who, r.coupons[rand.IntN(len(r.coupons))], fmt.Sprint("device", who, i))
	case n < 8:
		r.lookAtCoupon(who, r.coupons[rand.IntN(len(r.coupons))])
	case n < 9:
		asked := r.history.Now()
		if won, err := r.balance(r.node(who).db, p.name); err == nil {
			r.history.Look(who, asked, p.name, int64(won))
		}
	default:
		asked := r.history.Now()
		if rows, err := r.node(who).db.OffersByID(context.Background(), []int64{offer}); err == nil {
			r.history.Look(who, asked, fmt.Sprint("offer ", offer), rows.Offers[0].Stock)
		}
	}
}

// again is how often a caller asks at most, before it lives with not knowing.
const again = 3

// buy asks by one key until it is told, here and then at the next node. Who bought may have it refunded.
func (r *round) buy(who int, p partner, offer int64, key string) {
	asked, object := r.history.Now(), fmt.Sprint("offer ", offer)
	for n := range again {
		node := r.node(who + n)
		out, err := node.engine.Buy(node.ctx, storagetest.GiftRequest(p.id, key, offer))
		reason := refusal(out)
		switch {
		case err == nil && reason == 0:
			r.bought.Add(1)
			r.history.Take(who, asked, p.name, 940, linear.Done)
			r.history.Take(who, asked, object, 1, linear.Done)
			if rand.IntN(3) == 0 {
				r.refund(who, p, out.OrderID)
			}
			return
		case err == nil && reason == gift.SoldOut:
			r.history.Take(who, asked, object, 1, linear.Refused)
			return
		case err == nil && reason == gift.LowBalance:
			r.history.Take(who, asked, p.name, 940, linear.Refused)
			return
		case err == nil:
			r.T.Errorf("refused for %d", reason)
			return
		case errors.Is(err, purchase.ErrNotJournalled) && n == 0:
			return // nothing was bought: what others see must agree
		}
	}
	r.history.Take(who, asked, p.name, 940, linear.Unknown)
	r.history.Take(who, asked, object, 1, linear.Unknown)
}

// refusal is why a purchase was refused, 0 = it was not. Of one that was refused before under the same key there is the answer only.
func refusal(out purchase.Outcome) (reason gift.Reason) {
	if out.Refusal != nil {
		return out.Refusal.Reason
	}
	if out.OrderID == 0 {
		_, _ = fmt.Sscanf(string(out.Body), "refused %d", &reason) // as storagetest.Render wrote it
	}
	return reason
}

// outcome is what an error of the store means.
func outcome(err error) (told linear.Told, nothing bool) {
	switch {
	case err == nil:
		return linear.Done, false
	case errors.Is(err, office.ErrUnanswered), errors.Is(err, context.Canceled):
		return linear.Unknown, false
	default:
		return 0, true
	}
}

func (r *round) deposit(who int, p partner, reference string) {
	asked := r.history.Now()
	node := r.node(who)
	_, err := node.db.Deposit(node.ctx, p.name, 940, reference, "", r.Clock.Now())
	if told, nothing := outcome(err); !nothing {
		r.history.Add(who, asked, p.name, 940, told)
	}
}

func (r *round) refund(who int, p partner, order gift.ID) {
	asked := r.history.Now()
	node := r.node(who)
	_, err := node.db.Refund(node.ctx, office.NewRefund{OrderID: order, Lines: []int64{1}, Reason: "r", At: r.Clock.Now()})
	if told, nothing := outcome(err); !nothing {
		r.history.Add(who, asked, p.name, 940, told)
	}
}

func (r *round) lookAtCoupon(who int, order gift.ID) {
	asked := r.history.Now()
	o, err := r.node(who).db.Order(context.Background(), order)
	if err != nil {
		return
	}
	there := int64(0)
	if o.Items[0].Refundable() {
		there = 1
	}
	r.history.Look(who, asked, fmt.Sprint("coupon of ", order), there)
}

// use redeems a coupon, or refunds it: both take it.
func (r *round) use(who int, order gift.ID, device string) {
	asked, object := r.history.Now(), fmt.Sprint("coupon of ", order)
	node := r.node(who)
	var won bool
	var err error
	if rand.IntN(3) == 0 {
		_, err = node.db.Refund(node.ctx, office.NewRefund{OrderID: order, Lines: []int64{1}, Reason: "r", At: r.Clock.Now()})
		won = err == nil
		if errors.As(err, new(*office.NotRefundable)) {
			err = nil
		}
	} else {
		won, err = node.db.MarkUsed(node.ctx, redeem.Use{
			OrderID: order, Line: 1, SellerID: 1, ShopID: 37, Via: redeem.ViaPage, Device: []byte(device), At: r.Clock.Now(),
		})
	}
	told, nothing := outcome(err)
	if told == linear.Done && !won {
		told = linear.Refused
	}
	if !nothing {
		r.history.Take(who, asked, object, 1, told)
	}
	if told == linear.Done && rand.IntN(2) == 0 {
		r.undo(who, order, object)
	}
}

// undo takes back whatever redemption of a coupon stands now.
func (r *round) undo(who int, order gift.ID, object string) {
	standing, err := r.DB.Redemption(context.Background(), order, 1)
	if err != nil || standing == nil {
		return // it was refunded, or somebody else did
	}
	asked := r.history.Now()
	node := r.node(who + 1)
	won, err := node.db.UndoUse(node.ctx, redeem.Undo{
		RedemptionID: standing.ID, OrderID: order, Line: 1, SellerID: 1, Via: redeem.ViaPage, Device: standing.Device, At: r.Clock.Now(),
	})
	if told, nothing := outcome(err); !nothing && (won || told == linear.Unknown) {
		r.history.Add(who, asked, object, 1, told)
	}
}
