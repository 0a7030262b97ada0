package faults_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/faults"
	"giftimbiz/internal/faults/linear"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
)

const (
	historyCallers = 8
	historyCalls   = 16 // of each
	historyCoupons = 3
	askedAgain     = 3 // how often a caller asks at most, before it lives with not knowing
)

// TestWhatTheAPIsTellIsLinearizable has callers buy, look, pay in, refund, redeem and undo at two nodes on one database, over HTTP, while
// connections to PostgreSQL are slow and cut at random, and nodes are killed. One node that does one thing at a time could have told them
// the same.
func TestWhatTheAPIsTellIsLinearizable(t *testing.T) {
	faults.OnlyAll(t, "make test looks at two nodes in one process")
	h := openHistories(t)
	row := faults.Row{Fault: "connections are cut and nodes die: the APIs are linearizable", Rounds: 20, On: "PostgreSQL"}
	for n := range row.Rounds {
		p := h.newPeriod(n)
		p.run()
		row.Acknowledged += int(p.bought.Load())
		if v, err := p.history.Check(); err != nil || !v.Fits {
			t.Errorf("one node could not have told this in any order (undecided: %t), see %s\n%s\n%v",
				v.Undecided, v.Picture, strings.Join(v.Wrong, "\n"), err)
			row.Doubled++
		}
	}
	for n := range h.nodes {
		if err := h.nodes[n].Load().Terminate(); err != nil {
			t.Errorf("the server did not stop in order: %v", err)
		}
	}
	h.healthy()
	t.Logf("%d connections were cut, %d redemptions undone, %d outcomes stayed unknown", h.cuts.Load(), h.undone.Load(), h.unknown.Load())
	faults.Report(t, row)
}

// histories are two nodes, each behind a proxy of its own, and an operator at both.
type histories struct {
	*shop
	proxies [2]*faults.Proxy
	through [2]string // how each node reaches the database
	nodes   [2]atomic.Pointer[programtest.Program]
	clerk   *operator       // follows no redirects
	db      *sql.DB         // reached directly
	sellers map[int64]int64 // by shop
	offers  []client.Offer  // gifticons, each for one period
	stars   []client.Coupon // of shops with sellers, each for one period
	cuts    atomic.Int64
	undone  atomic.Int64
	unknown atomic.Int64 // purchases and forms of which nobody was told what became
}

func openHistories(t *testing.T) *histories {
	t.Helper()
	h := &histories{shop: postgresShop(t), sellers: map[int64]int64{}}
	h.db = programtest.Raw(t, h.database)
	for n := range h.nodes {
		h.through[n], h.proxies[n] = h.proxied()
		h.nodes[n].Store(h.serveAt(h.through[n]))
	}
	node := h.nodes[0].Load()
	h.clerk = h.signIn(node)
	h.clerk.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, seller := range h.made.Sellers {
		h.sellers[seller.ShopID] = seller.SellerID
	}
	c := client.New(client.Options{BaseURL: node.URL, Credentials: h.who.Credentials})
	for o, err := range c.AllOffers(t.Context(), client.OfferQuery{Sort: client.SortID, Limit: 200}) {
		if err != nil {
			t.Fatal(err)
		}
		if !o.OncePerPartner {
			h.offers = append(h.offers, o)
		}
	}
	for star, err := range c.AllCoupons(t.Context(), client.CouponQuery{Sort: client.SortID, Limit: 200}) {
		if err != nil {
			t.Fatal(err)
		}
		if !star.OncePerPartner && !star.Free && h.sellers[star.Shop.ID] != 0 {
			h.stars = append(h.stars, star)
		}
	}
	return h
}

// period is one history: that of a partner, who is new, of two offers that nobody bought of, and of coupons.
type period struct {
	*histories
	number  int
	history *linear.History
	partner string
	at      [2]*client.Client // per node; whoever is given no answer is told nothing more
	keys    client.Credentials
	offers  []client.Offer
	star    client.Coupon
	coupons []*client.Order // one of star each
	bought  atomic.Int64
}

var keysShown = regexp.MustCompile(`PARTNERKEY=(\S+)\nPARTNERTOKEN=(\S+)\nREFRESH_TOKEN=(\S+)`)

func (h *histories) newPeriod(n int) *period {
	h.t.Helper()
	p := &period{
		histories: h, number: n, history: linear.NewHistory(), partner: fmt.Sprintf("period%d", n),
		offers: h.offers[2*n : 2*n+2], star: h.stars[n%len(h.stars)],
	}
	shown := programtest.Do(h.t, append([]string{"partner", "create", p.partner}, h.where()...)...)
	found := keysShown.FindStringSubmatch(shown)
	if found == nil {
		h.t.Fatal("no keys are shown")
	}
	p.keys = client.Credentials{PartnerID: p.partner, PartnerKey: found[1], PartnerToken: found[2], RefreshToken: found[3]}
	opening := 5*(p.offers[0].Price+p.offers[1].Price) + historyCoupons*p.star.Price
	programtest.Do(h.t, append([]string{"topup", p.partner, strconv.FormatInt(opening, 10)}, h.where()...)...)
	for n := range h.nodes {
		p.reach(n)
		programtest.Eventually(h.t, "a node knows the partner", func() bool {
			_, err := p.at[n].Balance(h.t.Context())
			return err == nil
		})
	}
	p.begin(opening)
	return p
}

// reach has the callers find a node where it is now.
func (p *period) reach(n int) {
	p.at[n] = client.New(client.Options{BaseURL: p.nodes[n].Load().URL, Credentials: p.keys, Retries: -1, HTTP: &http.Client{
		Timeout: programtest.Patience, Transport: &http.Transport{DisableKeepAlives: true},
	}})
}

// begin buys the coupons and notes what there is.
func (p *period) begin(opening int64) {
	p.t.Helper()
	// A connection that was cut in the period before may be found only now: the purchase is asked for again.
	patient := client.New(client.Options{BaseURL: p.nodes[0].Load().URL, Credentials: p.keys})
	for range historyCoupons {
		order, err := patient.Purchase(p.t.Context(), client.PurchaseRequest{
			Items: []client.Item{{OfferID: p.star.ID, Quantity: 1}}, Total: p.star.Price,
		})
		if err != nil {
			p.t.Fatal(err)
		}
		p.coupons = append(p.coupons, order)
		p.history.Begin(couponName(order), 1)
		opening -= order.Total
	}
	p.history.Begin(p.partner, opening)
	for _, o := range p.offers {
		p.history.Begin(offerName(o), p.stockOf(o))
	}
}

func offerName(o client.Offer) string { return fmt.Sprint("offer ", o.ID) }

func couponName(o *client.Order) string { return "coupon of " + o.ID }

func (p *period) stockOf(o client.Offer) (stock int64) {
	p.t.Helper()
	err := p.db.QueryRowContext(p.t.Context(), `SELECT last_position - next_position + 1 FROM offers WHERE id = $1`, o.ID).Scan(&stock)
	if err != nil {
		p.t.Fatal(err)
	}
	return stock
}

// run has all callers call. Connections are cut meanwhile, and a node is killed halfway, whose successor is asked at the end.
func (p *period) run() {
	for _, proxy := range p.proxies {
		proxy.Set(faults.Conditions{Latency: 2 * time.Millisecond})
	}
	var callers sync.WaitGroup
	var half atomic.Int64
	halfway := make(chan struct{})
	for who := range historyCallers {
		callers.Go(func() {
			for i := range historyCalls {
				if half.Add(1) == historyCallers*historyCalls/2 {
					close(halfway)
				}
				p.cutNowAndThen()
				p.call(who, i)
			}
		})
	}
	<-halfway
	dead := p.number % len(p.nodes)
	p.nodes[dead].Load().Kill()
	callers.Wait()
	for _, proxy := range p.proxies {
		proxy.Disarm()
		proxy.Set(faults.Conditions{})
	}
	p.nodes[dead].Store(p.serveAt(p.through[dead]))
	p.reach(dead)
	p.lookAtAll()
}

// lookAtAll shows what callers were told nothing of: what was done twice, or not at all.
func (p *period) lookAtAll() {
	p.t.Helper()
	for n := range p.at {
		programtest.Eventually(p.t, "a node tells the balance", func() bool { return p.lookAtBalance(0, n) })
		for _, o := range p.coupons {
			programtest.Eventually(p.t, "a node tells of a coupon", func() bool { return p.lookAtCoupon(0, n, o) })
		}
	}
	for _, o := range p.offers {
		asked := p.history.Now()
		p.history.Look(0, asked, offerName(o), p.stockOf(o))
	}
}

// cutNowAndThen cuts a connection that others may be at, or one behind the next COMMIT of something that is no purchase. Calls count,
// not time: on a slow machine nothing would be done between two cuts.
func (p *period) cutNowAndThen() {
	proxy := p.proxies[rand.IntN(len(p.proxies))]
	switch rand.IntN(8) {
	case 0:
		proxy.Trap(faults.Trap{Way: faults.Up, Pattern: []byte("commit\x00"), Then: faults.CutAfter})
	case 1, 2, 3:
		if proxy.CutOne() {
			p.cuts.Add(1)
		}
	}
}

// call does one thing at random.
func (p *period) call(who, i int) {
	node := (who + i) % len(p.at)
	switch n := rand.IntN(10); {
	case n < 3:
		p.buy(who, node, p.offers[rand.IntN(2)])
	case n < 4:
		p.payIn(who, node, fmt.Sprintf("%s-%d-%d", p.partner, who, i))
	case n < 8:
		p.atTheCounter(who, node, p.coupons[rand.IntN(len(p.coupons))])
	default:
		p.lookAtBalance(who, node)
	}
}

// lookAtBalance tells whether there was an answer.
func (p *period) lookAtBalance(who, node int) bool {
	asked := p.history.Now()
	b, err := p.at[node].Balance(context.Background())
	if err == nil {
		p.history.Look(who, asked, p.partner, b.Balance)
	}
	return err == nil
}

// lookAtCoupon tells whether there was an answer.
func (p *period) lookAtCoupon(who, node int, o *client.Order) bool {
	asked := p.history.Now()
	now, err := p.at[node].Order(context.Background(), o.ID)
	if err != nil {
		return false
	}
	usable := int64(0)
	if now.Vouchers[0].State == client.VoucherUsable {
		usable = 1
	}
	p.history.Look(who, asked, couponName(o), usable)
	return true
}

// buy asks under one key until it is told, here and then at the other node. What was bought is refunded now and then. Of a purchase that
// is said to have reached nobody nothing is noted: what others see must agree.
func (p *period) buy(who, node int, o client.Offer) {
	asked := p.history.Now()
	req := client.PurchaseRequest{
		Items: []client.Item{{OfferID: o.ID, Quantity: 1}}, Total: o.Price,
		Key: fmt.Sprintf("%s-%d", p.partner, rand.Int64()), Reference: fmt.Sprintf("%s-%d", p.partner, rand.Int64()),
	}
	unknown := false
	for n := range askedAgain {
		order, err := p.at[(node+n)%len(p.at)].Buy(context.Background(), req)
		switch {
		case err == nil:
			p.bought.Add(1)
			p.history.Take(who, asked, p.partner, o.Price, linear.Done)
			p.history.Take(who, asked, offerName(o), 1, linear.Done)
			if rand.IntN(3) == 0 {
				p.refund(who, node, order)
			}
			return
		case errors.Is(err, client.ErrSoldOut):
			p.history.Take(who, asked, offerName(o), 1, linear.Refused)
			return
		case errors.Is(err, client.ErrBalanceLow):
			p.history.Take(who, asked, p.partner, o.Price, linear.Refused)
			return
		case isRefusal(err):
			p.t.Errorf("the purchase is refused: %v", err)
			return
		case errors.As(err, new(*client.UnknownOutcomeError)):
			unknown = true
		}
	}
	if !unknown {
		return
	}
	p.unknown.Add(1)
	p.history.Take(who, asked, p.partner, o.Price, linear.Unknown)
	p.history.Take(who, asked, offerName(o), 1, linear.Unknown)
}

// isRefusal tells whether the server decided, and knows what it says.
func isRefusal(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && e.Status < http.StatusInternalServerError
}

// operate sends a form to a node, which leads back to the page it stands on once all is done. Where nothing is, nothing was done: there
// was no node, or it says that it failed.
func (p *period) operate(node int, form string, values url.Values) (told linear.Told, nothing bool) {
	defer func() {
		if told == linear.Unknown && !nothing {
			p.unknown.Add(1)
		}
	}()
	resp, err := p.clerk.browser.PostForm(p.nodes[node].Load().URL+form, values)
	if err != nil {
		var network *net.OpError
		return linear.Unknown, errors.As(err, &network) && network.Op == "dial"
	}
	_ = resp.Body.Close() // the status says all
	switch leadsTo := resp.Header.Get("Location"); {
	case resp.StatusCode == http.StatusSeeOther && leadsTo == path.Dir(form): // and not to where one signs in
		return linear.Done, false
	case resp.StatusCode == http.StatusConflict:
		return linear.Refused, false
	case resp.StatusCode == http.StatusServiceUnavailable:
		return linear.Unknown, false
	case resp.StatusCode == http.StatusInternalServerError:
		return linear.Unknown, true
	default:
		p.t.Errorf("%s: HTTP %d, which leads to %q", form, resp.StatusCode, leadsTo)
		return linear.Unknown, false
	}
}

// payBack refunds an order of one voucher.
func (p *period) payBack(who, node int, o *client.Order) (told linear.Told, nothing bool) {
	asked := p.history.Now()
	told, nothing = p.operate(node, "/console/orders/"+o.ID+"/refund", refundOfOne())
	if !nothing && told != linear.Refused {
		p.history.Add(who, asked, p.partner, o.Total, told)
	}
	return told, nothing
}

// refund refunds what nobody else does.
func (p *period) refund(who, node int, o *client.Order) {
	if told, _ := p.payBack(who, node, o); told == linear.Refused {
		p.t.Errorf("the refund of %s is refused", o.ID)
	}
}

func (p *period) payIn(who, node int, reference string) {
	amount, asked := p.offers[0].Price, p.history.Now()
	told, nothing := p.operate(node, "/console/partners/"+p.partner+"/topup", url.Values{
		"amount": {strconv.FormatInt(amount, 10)}, "reference": {reference},
	})
	switch {
	case nothing:
	case told == linear.Refused:
		p.t.Errorf("the payment %s is refused", reference)
	default:
		p.history.Add(who, asked, p.partner, amount, told)
	}
}

// atTheCounter looks at a coupon, redeems it, undoes that, or refunds it: of those who redeem or refund, one has it.
func (p *period) atTheCounter(who, node int, o *client.Order) {
	asked := p.history.Now()
	var told linear.Told
	var nothing bool
	switch n := rand.IntN(8); {
	case n == 0: // seldom: that is its end
		told, nothing = p.payBack(who, node, o)
	case n == 1:
		p.lookAtCoupon(who, node, o)
		return
	case n < 5:
		p.undo(who, node, o)
		return
	default:
		told, nothing = p.operate(node, "/console/orders/"+o.ID+"/use", url.Values{
			"choice": {fmt.Sprintf("1.%d", p.sellers[p.star.Shop.ID])}, "reason": {"no network at the shop"},
		})
	}
	if !nothing {
		p.history.Take(who, asked, couponName(o), 1, told)
	}
}

// undo takes the redemption of a coupon back that stands. To be refused says only that another one had done so.
func (p *period) undo(who, node int, o *client.Order) {
	redemption := p.standing(o)
	if redemption == "" {
		return
	}
	asked := p.history.Now()
	told, nothing := p.operate(node, "/console/orders/"+o.ID+"/undo", url.Values{
		"choice": {redemption}, "reason": {"a mistake"},
	})
	if !nothing && told != linear.Refused {
		p.undone.Add(1)
		p.history.Add(who, asked, couponName(o), 1, told)
	}
}

// standing returns how the console names the redemption of an order's coupon that was not undone, "" = there is none.
func (p *period) standing(o *client.Order) (choice string) {
	order, _, err := gift.ParseRef(o.ID)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	var redemption int64
	err = p.db.QueryRowContext(context.Background(), `SELECT id FROM redemptions r WHERE order_id = $1 AND undoes IS NULL
AND NOT EXISTS (SELECT 1 FROM redemptions u WHERE u.undoes = r.id)`, int64(order)).Scan(&redemption)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ""
	case err != nil:
		p.t.Error(err)
		return ""
	}
	return fmt.Sprintf("%d.1", redemption)
}
