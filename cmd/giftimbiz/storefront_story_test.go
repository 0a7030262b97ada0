package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"

	"giftimbiz/client"
	"giftimbiz/internal/browsertest"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/webhook"
)

// TestACustomerOfAPartnerBuysAndAShopRedeems is the whole way of a star coupon: from a partner's storefront to a shop's counter, and
// what the counter does back on the customer's page, which nobody touches meanwhile.
func TestACustomerOfAPartnerBuysAndAShopRedeems(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db", allowHere)
	front := s.openStorefront(s.url)
	for _, look := range []browsertest.Look{browsertest.Narrow().In("ko"), browsertest.Phone().In("en").InDark()} {
		t.Run(look.Name, func(t *testing.T) {
			c := newCustomer(t, browser, s.in(t), front, look)
			c.lookAround()
			c.buyACoupon()
			c.haveItRedeemed()
			c.buyAGift()
		})
	}
	t.Run("wide", func(t *testing.T) {
		c := newCustomer(t, browser, s.in(t), front, browsertest.Wide().In("en"))
		c.lookAround()
		c.buyACoupon()
		c.giveItBack()
	})
	t.Run("without scripts", func(t *testing.T) {
		c := newCustomer(t, browser, s.in(t), front, browsertest.Phone().In("ko").WithoutScript())
		c.Go("/list/gifticon")
		c.Press(".grid .item")
		c.Press(".buy .button")
		c.pay()
		c.Shows(".ticket .state", "사용 가능")
		c.Check("shop-ticket-plain")
	})
}

// TestAStorefrontLosesNothingOnABadNetwork: purchases are made but the answers lost, or do not arrive at all.
func TestAStorefrontLosesNothingOnABadNetwork(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db", allowHere)
	network := newBadNetwork(t, s.url)
	front := s.openStorefront(network.url)
	c := newCustomer(t, browser, s, front, browsertest.Phone().In("ko"))

	network.loses(answers)
	c.offered("/list/gifticon?sort=cheap")
	c.Click("#pay")
	c.Await(".ticket.usable")
	c.boughtOnce()

	network.loses(requests)
	c.offered("/list/gifticon?sort=discount")
	c.Click("#pay")
	c.Await(".wait")
	c.Shows("h1", "확인 중")
	c.Go("/mine")
	c.Shows(".owned.pending .state", "확인 중")
	network.loses(nothing)
	c.Await(".owns li:first-child .owned.usable")
	c.boughtOnce()
	c.Go("/mine")
	c.Check("shop-mine")

	// One more to look at, whatever becomes of it: the storefront sends a purchase again for seconds only, and looking takes its time.
	network.loses(requests)
	c.offered("/list/gifticon?sort=cheap")
	c.Click("#pay")
	c.Await(".wait")
	c.Check("shop-pending")
}

// TestAStorefrontCallsOffWhatNobodyHeardOf: after a while the purchase is made impossible, and only then the points come back.
func TestAStorefrontCallsOffWhatNobodyHeardOf(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db", allowHere)
	network := newBadNetwork(t, s.url)
	front := s.openStorefront(network.url, "--give-up-after", "8s")
	c := newCustomer(t, browser, s, front, browsertest.Phone().In("en"))
	network.loses(requests)
	c.offered("/list/gifticon")
	reference := strings.TrimPrefix(c.Path(), "/orders/")
	c.Click("#pay")
	c.Await(".sorry") // after a while of waiting, which may be over before anybody looks
	c.Shows(".sorry", "did not go through")
	c.Shows("#points", "50,000 P")
	c.Check("shop-given-up")
	network.loses(nothing)
	if _, err := c.api.Resolve(t.Context(), reference); !errors.Is(err, client.ErrReferenceClosed) {
		t.Errorf("the purchase may still be made: %v", err)
	}
}

// TestAStorefrontTellsWhatIsSoldOut has somebody else buy the last one while the customer looks at it.
func TestAStorefrontTellsWhatIsSoldOut(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db", allowHere)
	front := s.openStorefront(s.url)
	c := newCustomer(t, browser, s, front, browsertest.Phone().In("ko"))
	c.Go("/list/gifticon?sort=cheap")
	c.Press(".grid .item")
	c.sellOut(c.offerID())
	c.Refused(http.StatusConflict, ".buy .button")
	c.Shows(".sorry", "다 팔렸습니다")
	c.Check("shop-sold-out")
	c.Press(".shelf .item")
	c.Press(".buy .button")
	c.Await("#pay")
}

// TestMidnightAtAStorefront: the price that a customer sees is that of yesterday, and the one that is held stays.
func TestMidnightAtAStorefront(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db", allowHere)
	midnight := client.DayOf(s.clock.Now()).End()
	s.clock.Set(midnight.Add(-10 * time.Second))
	s.sync()
	front := s.openStorefront(s.url)
	turning := s.turningAt(midnight)
	slow := newCustomer(t, browser, s, front, browsertest.Phone().In("ko"))
	quick := newCustomer(t, browser, s, front, browsertest.Phone().In("en"))
	at := fmt.Sprintf("/item/gifticon/%d", turning.ID)
	slow.Go(at)
	quick.Go(at)
	quick.Press(".buy .button")
	held := quick.Text(".sum .total")
	s.clock.Set(midnight.Add(10 * time.Second))
	s.sync()
	quick.pay()
	quick.Shows(".facts", strings.TrimPrefix(held, "₩")+" P")
	slow.Press(".buy .button")
	slow.Shows(".turned", "가격이 바뀌었습니다")
	if before := slow.Text(".turned s"); strings.TrimSuffix(before, "원") != strings.TrimPrefix(held, "₩") || slow.Text(".turned b") == before {
		t.Errorf("the price turned from %s to %s, and was %s", before, slow.Text(".turned b"), held)
	}
	slow.Check("shop-price-turned")
	slow.pay()
	slow.Shows(".ticket .state", "사용 가능")
}

// TestAStorefrontWhosePartnerHasNoMoneySaysLittle: the customer learns that it is closed, the owner why.
func TestAStorefrontWhosePartnerHasNoMoneySaysLittle(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db", allowHere)
	s.open(gift.Partner{Name: "poor"}, 10)
	front := s.openStorefront(s.url, "--partner", "poor")
	c := newCustomer(t, browser, s, front, browsertest.Phone().In("en"))
	c.Go("/list/gifticon")
	c.Press(".grid .item")
	c.Refused(http.StatusServiceUnavailable, ".buy .button")
	c.Shows(".sorry", "Temporarily unavailable")
	c.Check("shop-unavailable")
	if page := c.Text("main"); strings.Contains(page, "balance") {
		t.Errorf("the customer reads %s", page)
	}
	programtest.Eventually(t, "the owner is told", func() bool { return strings.Contains(front.Output.String(), "the prepaid balance is too low") })
}

// allowHere lets events be sent to storefronts of tests.
func allowHere(cfg *config) { cfg.WebhookAllow = []string{"127.0.0.1/32"} }

// openStorefront starts a storefront of the partner demo, which finds the API at an address, and waits until it hears of events.
func (s *testServer) openStorefront(api string, args ...string) *programtest.Program {
	s.t.Helper()
	made := *s.made
	made.BaseURL = api
	text, err := json.Marshal(made)
	folder := s.t.TempDir()
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "credentials.json"), text, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	args = append([]string{"--credentials", filepath.Join(folder, "credentials.json"), "--data", filepath.Join(folder, "shop")}, args...)
	front := programtest.Launch(s.t, programtest.Storefront(s.t), args...).Serving()
	programtest.Eventually(s.t, "the webhook is registered", func() bool {
		resp, err := http.Post(front.URL+"/webhook", "application/json", strings.NewReader("{}"))
		if err != nil {
			return false
		}
		_ = resp.Body.Close() // nothing was written
		return resp.StatusCode == http.StatusUnauthorized
	})
	return front
}

// turningAt returns an offer whose price turns at a midnight.
func (s *testServer) turningAt(midnight time.Time) client.Offer {
	s.t.Helper()
	for offer, err := range s.sdk("demo").AllOffers(s.t.Context(), client.OfferQuery{Limit: 200}) {
		if err != nil {
			s.t.Fatal(err)
		}
		// From tomorrow on, the last day is 60 or 30 days away.
		days := int(offer.LastDay.Start().Sub(midnight) / (24 * time.Hour))
		p := offer.Prices
		if days == 60 && p.Over60Days != p.Over30Days || days == 30 && p.Over30Days != p.Last30Days {
			return offer
		}
	}
	s.t.Fatal("no price turns")
	return client.Offer{}
}

// sdk returns a client of a partner.
func (s *testServer) sdk(partner string) *client.Client {
	s.t.Helper()
	p, err := s.made.Partner(partner)
	if err != nil {
		s.t.Fatal(err)
	}
	return client.New(client.Options{BaseURL: s.url, Credentials: p.Credentials, Language: "en"})
}

// customer is somebody at a storefront.
type customer struct {
	*browsertest.Tab
	s       *testServer
	front   *programtest.Program
	api     *client.Client
	browser *browsertest.Browser
	look    browsertest.Look
	english bool
	bought  int
}

func newCustomer(t *testing.T, browser *browsertest.Browser, s *testServer, front *programtest.Program, look browsertest.Look) *customer {
	t.Helper()
	return &customer{
		Tab: browser.Open(t, front.URL, look), s: s, front: front, api: s.sdk("demo"), browser: browser, look: look,
		english: strings.Contains(look.Name, "-en"),
	}
}

func (c *customer) in(korean, english string) string {
	if c.english {
		return english
	}
	return korean
}

// lookAround finds a coupon by the first consonants of its shop's name.
func (c *customer) lookAround() {
	c.Go("/")
	c.Shows("h1", c.in("커피 한 잔", "A coffee"))
	c.Shows("#points", "50,000 P")
	c.CheckLightAndDark("shop-home")
	c.Go("/list/gifticon?category=1")
	c.CheckLightAndDark("shop-list")
	c.Fill("#q", "ㄴㄹㄴㄹㅂㅅ")
	c.Press(".search button")
	c.Shows(".grid .place", "너랑나랑분식")
	c.Check("shop-search")
}

// buyACoupon buys the coupon that was found.
func (c *customer) buyACoupon() {
	c.Press(".grid .item")
	c.CheckLightAndDark("shop-item")
	c.Press(".buy .button")
	c.Shows(".hint", c.in("잡아 두었습니다", "are held"))
	c.CheckLightAndDark("shop-checkout")
	c.pay()
	c.Shows(".ticket .state", c.in("사용 가능", "Ready to use"))
	c.Await(".code .qr")
	c.CheckLightAndDark("shop-coupon")
}

// pay buys what is offered. Where the outcome is not known at once, the page changes when it is; without scripts it is opened again.
func (c *customer) pay() {
	c.s.t.Helper()
	c.Press("#pay")
	for began := time.Now(); c.look.NoScript && c.Has(".wait") && time.Since(began) < programtest.Patience; {
		c.Go(c.Path())
	}
	c.Await(".ticket")
}

// hears waits for what an event changes on the open page. One that did not arrive in time is sent again when the clock goes on.
func (c *customer) hears(selector string) {
	c.s.t.Helper()
	late := time.AfterFunc(2*webhook.Timeout, func() { c.s.clock.Advance(6 * time.Second) })
	defer late.Stop()
	c.Await(selector)
}

// order returns the customer's last order as the API has it.
func (c *customer) order() *client.Order {
	c.s.t.Helper()
	order, err := c.api.Resolve(c.s.t.Context(), strings.TrimPrefix(c.Path(), "/orders/"))
	if err != nil {
		c.s.t.Fatal(err)
	}
	return order
}

// haveItRedeemed holds the telephone out to the shop, whose clerk scans it.
func (c *customer) haveItRedeemed() {
	voucher := c.order().Vouchers[0]
	scanned := c.s.scan(strings.TrimPrefix(voucher.QRURL, c.s.cfg.PublicURL), qrcode.NewQRCodeReader())
	clerk := c.browser.Open(c.s.t, c.s.url, browsertest.Phone().In("ko"))
	clerk.Go(strings.TrimPrefix(scanned, c.s.cfg.PublicURL))
	clerk.Fill("#code", c.s.seller(voucher.Shop.ID).ManagerCode)
	clerk.Expect("main form [type=submit]", "body.done", 0)
	tapped := time.Now()
	c.hears(".ticket.used")
	c.s.t.Logf("%s: %v from the clerk's success screen to the customer's page", c.look.Name, time.Since(tapped))
	c.Shows(".stamp", voucher.Shop.Name)
	if said := c.Said("#say"); !strings.Contains(said, voucher.Shop.Name) {
		c.s.t.Errorf("the customer is told %q", said)
	}
	c.CheckLightAndDark("shop-used")
	clerk.Click("summary")
	clerk.Fill("#code", c.s.seller(voucher.Shop.ID).ManagerCode)
	clerk.Expect(".undo [type=submit]", "body.undone", 0)
	c.hears(".ticket.usable")
	c.Go("/mine")
	c.Shows(".notices", voucher.Shop.Name)
	c.CheckLightAndDark("shop-mine")
}

// giveItBack cancels the coupon; the points come back.
func (c *customer) giveItBack() {
	c.Click("summary")
	c.Press("#cancel")
	c.Shows(".ticket .state", c.in("취소됨", "Cancelled"))
	c.Shows("#points", "50,000 P")
	c.Check("shop-cancelled")
}

// buyAGift buys a gifticon, whose bar code says its number.
func (c *customer) buyAGift() {
	c.offered("/list/gifticon?sort=cheap")
	c.pay()
	voucher := c.order().Vouchers[0]
	c.Shows("#number", voucher.Number)
	if scanned := c.s.scan(strings.TrimPrefix(voucher.BarcodeURL, c.s.cfg.PublicURL), oned.NewCode128Reader()); scanned != voucher.Number {
		c.s.t.Errorf("the bar code says %s", scanned)
	}
	c.CheckLightAndDark("shop-gift")
	c.keepItFromOthers()
}

// keepItFromOthers has somebody else ask for the customer's order.
func (c *customer) keepItFromOthers() {
	order, code := c.Path(), c.Path()+"/code/0"
	for _, path := range []string{order, code} {
		resp, err := http.Get(c.front.URL + path)
		if err != nil {
			c.s.t.Fatal(err)
		}
		_ = resp.Body.Close() // the status says all
		if resp.StatusCode != http.StatusNotFound {
			c.s.t.Errorf("a stranger who asks for %s is answered %s", path, resp.Status)
		}
	}
}

// offered goes to the checkout of the first item of a list.
func (c *customer) offered(list string) {
	c.s.t.Helper()
	c.Go(list)
	c.Press(".grid .item")
	c.Press(".buy .button")
	c.Await("#pay")
}

// offerID is the offer on the page.
func (c *customer) offerID() int64 {
	c.s.t.Helper()
	var id int64
	if _, err := fmt.Sscanf(c.Path(), "/item/gifticon/%d", &id); err != nil {
		c.s.t.Fatal(err)
	}
	return id
}

// boughtOnce fails the test unless the partner has one order more than the last time.
func (c *customer) boughtOnce() {
	c.s.t.Helper()
	c.bought++
	page, err := c.api.Orders(c.s.t.Context(), client.HistoryQuery{})
	if err != nil || len(page.Data) != c.bought {
		c.s.t.Errorf("%d orders, want %d: %v", len(page.Data), c.bought, err)
	}
}

// sellOut buys all there is of an offer.
func (c *customer) sellOut(offerID int64) {
	c.s.t.Helper()
	for {
		offer, err := c.api.Offer(c.s.t.Context(), offerID)
		if errors.Is(err, client.ErrOfferUnknown) {
			return
		}
		if err == nil {
			items := []client.Item{{OfferID: offerID, Quantity: 1}}
			_, err = c.api.Purchase(c.s.t.Context(), client.PurchaseRequest{Items: items, Total: offer.Price})
		}
		if errors.Is(err, client.ErrSoldOut) {
			return
		}
		if err != nil {
			c.s.t.Fatal(err)
		}
	}
}

// badNetwork is what stands between a storefront and the API. It loses purchases.
type badNetwork struct {
	url  string
	lost atomic.Int32
}

// What a bad network loses of purchases.
const (
	nothing int32 = iota
	requests
	answers // of the next one
)

func (n *badNetwork) loses(what int32) { n.lost.Store(what) }

func newBadNetwork(t *testing.T, api string) *badNetwork {
	t.Helper()
	to, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	n := &badNetwork{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/orders") {
			switch n.lost.Load() {
			case answers:
				n.lost.Store(nothing)
				proxy.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			case requests:
				panic(http.ErrAbortHandler)
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	n.url = web.URL
	return n
}
