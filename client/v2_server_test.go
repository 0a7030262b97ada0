package client_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

// oneChoco is a purchase of the guide's sample.
func oneChoco(reference string) client.PurchaseRequest {
	return client.PurchaseRequest{
		Reference: reference, Items: []client.Item{{OfferID: clienttest.ChocoOffer, Quantity: 1}}, Total: clienttest.ChocoPrice,
	}
}

// firstCoupon returns a star coupon on sale that is paid for.
func firstCoupon(t *testing.T, c *client.Client) client.Coupon {
	t.Helper()
	for coupon, err := range c.AllCoupons(t.Context(), client.CouponQuery{Sort: client.SortPriceDesc}) {
		if err != nil {
			t.Fatal(err)
		}
		return coupon
	}
	t.Fatal("no star coupon is on sale")
	return client.Coupon{}
}

func buy(t *testing.T, c *client.Client, p client.PurchaseRequest) *client.Order {
	t.Helper()
	o, err := c.Purchase(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestAnswersLoseNothing asks the real server for everything, typed and as it is, and finds all that was sent in the structs.
func TestAnswersLoseNothing(t *testing.T) {
	server := clienttest.New(t)
	c, ctx := server.Client(clienttest.Live), t.Context()
	coupon := firstCoupon(t, c)
	hook, err := c.CreateWebhook(ctx, "http://127.0.0.1:1/hooks", nil)
	if err != nil || !strings.HasPrefix(hook.Secret, "whsec_") {
		t.Fatal(hook, err)
	}
	gift := buy(t, c, oneChoco("A-1"))
	star := buy(t, c, client.PurchaseRequest{Items: []client.Item{{OfferID: coupon.ID, Quantity: 2}}, Total: 2 * coupon.Price})
	server.Redeem(star.ID, star.Vouchers[0].CouponID)
	if _, err := c.CancelOrder(ctx, star.ID, []string{star.Vouchers[1].ID}); err != nil {
		t.Fatal(err)
	}
	quote, err := c.Quote(ctx, []client.Item{{OfferID: clienttest.ChocoOffer, Quantity: 2}})
	if err != nil {
		t.Fatal(err)
	}
	event, err := c.TestWebhook(ctx, hook.ID)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := c.Partner(ctx); err != nil || p.ID != clienttest.Live || p.Title == "" || p.Mode != "live" || p.DuplicateWindowSeconds != 10 ||
		p.Clock.Before(clienttest.Start) {
		t.Errorf("%+v, %v", p, err) // its clock is never the same
	}
	webhook := numberedPath("/webhooks", hook.ID)
	for _, test := range []struct {
		path  string
		query string
		typed func() (any, error)
	}{
		{"/categories", "kind=star", func() (any, error) { return data(c.Categories(ctx, client.Star)) }},
		{"/brands", "category_id=6", func() (any, error) { return data(c.Brands(ctx, 6)) }},
		{"/offers", "category_id=6&q=초코에몽&max_price=1000&sort=price_asc", func() (any, error) {
			return c.Offers(ctx, client.OfferQuery{CategoryID: 6, Words: "초코에몽", MaxPrice: 1000, Sort: client.SortPriceAsc})
		}},
		{"/offers", "limit=3&sort=id", func() (any, error) { return c.Offers(ctx, client.OfferQuery{Limit: 3, Sort: client.SortID}) }},
		{"/coupons", "limit=3&province=서울", func() (any, error) { return c.Coupons(ctx, client.CouponQuery{Limit: 3, Province: "서울"}) }},
		{"/offers/18411", "", func() (any, error) { return c.Offer(ctx, clienttest.ChocoOffer) }},
		{numberedPath("/coupons", coupon.ID), "", func() (any, error) { return c.Coupon(ctx, coupon.ID) }},
		{"/quotes/" + quote.ID, "", func() (any, error) { return c.GetQuote(ctx, quote.ID) }},
		{"/orders", "limit=1", func() (any, error) { return c.Orders(ctx, client.HistoryQuery{Limit: 1}) }},
		{"/orders/" + gift.ID, "", func() (any, error) { return c.Order(ctx, gift.ID) }},
		{"/orders/" + star.ID, "", func() (any, error) { return c.Order(ctx, star.ID) }},
		{"/orders/by-reference/A-1", "", func() (any, error) { return c.OrderByReference(ctx, "A-1") }},
		{"/vouchers", "kind=star", func() (any, error) { return c.Vouchers(ctx, client.HistoryQuery{Kind: client.Star}) }},
		{"/vouchers/" + gift.Vouchers[0].ID, "", func() (any, error) { return c.Voucher(ctx, gift.Vouchers[0].ID) }},
		{"/balance", "", func() (any, error) { return c.Balance(ctx) }},
		{"/statement", "limit=2", func() (any, error) { return c.Statement(ctx, client.StatementQuery{Limit: 2}) }},
		{"/keys", "", func() (any, error) { return data(c.Keys(ctx)) }},
		{"/webhooks", "", func() (any, error) { return data(c.Webhooks(ctx)) }},
		{webhook, "", func() (any, error) { return c.Webhook(ctx, hook.ID) }},
		{webhook + "/deliveries", "type=order.completed", func() (any, error) {
			return c.Deliveries(ctx, hook.ID, client.DeliveryQuery{Type: client.EventOrderCompleted})
		}},
		{webhook + "/deliveries/" + event, "", func() (any, error) { return c.Delivery(ctx, hook.ID, event) }},
	} {
		query, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		raw, typed := twice(t, func() ([]byte, error) { return c.Do(ctx, http.MethodGet, test.path, query, nil) }, test.typed)
		holds(t, test.path+"?"+test.query, decoded(t, raw), encoded(t, typed))
	}
}

// twice asks for something as it is and typed, again if it changed in between, as deliveries do.
func twice(t *testing.T, asItIs func() ([]byte, error), typed func() (any, error)) (raw []byte, value any) {
	t.Helper()
	for range 10 {
		before, err := asItIs()
		if err != nil {
			t.Fatal(err)
		}
		if value, err = typed(); err != nil {
			t.Fatal(err)
		}
		if raw, err = asItIs(); err != nil || bytes.Equal(before, raw) {
			return raw, value
		}
	}
	return raw, value
}

func data[T any](list []T, err error) (any, error) { return map[string]any{"data": list}, err }

func numberedPath(path string, id int64) string { return path + "/" + strconv.FormatInt(id, 10) }

// TestAPurchaseSurvivesACutAtAnyByte breaks the connection at every byte of the real server's answer, its head included. Each time there
// must be one order more, and the purchase must have returned it.
func TestAPurchaseSurvivesACutAtAnyByte(t *testing.T) {
	server := clienttest.New(t)
	c := server.Client(clienttest.Sandbox).WithoutPauses()
	for n, made := 0, 1; ; n, made = n+1, made+1 {
		cut := server.Cut(n)
		order, err := c.Purchase(t.Context(), oneChoco(""))
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		list, err := c.Orders(t.Context(), client.HistoryQuery{Limit: 2})
		if err != nil || list.Data[0].ID != order.ID || n > 0 && len(list.Data) < 2 || n == 0 && len(list.Data) != 1 {
			t.Fatalf("cut after %d bytes: %+v, %v; bought %s", n, list, err, order.ID)
		}
		if order.Replayed != cut() {
			t.Fatalf("cut after %d bytes: %v, answered again %v", n, cut(), order.Replayed)
		}
		if !cut() {
			if n < 500 {
				t.Errorf("the whole answer has %d bytes", n)
			}
			countOrders(t, c, made)
			return
		}
	}
}

func countOrders(t *testing.T, c *client.Client, want int) {
	t.Helper()
	got := 0
	for _, err := range c.AllOrders(t.Context(), client.HistoryQuery{Limit: 200}) {
		if err != nil {
			t.Fatal(err)
		}
		got++
	}
	if got != want {
		t.Errorf("there are %d orders, want %d", got, want)
	}
}

func TestRefusalsSayWhatTheyAreAbout(t *testing.T) {
	server := clienttest.New(t)
	c, ctx := server.Client(clienttest.Live), t.Context()
	first := buy(t, c, oneChoco("A-1"))
	purchase := func(p client.PurchaseRequest) error { _, err := c.Purchase(ctx, p); return err }
	wrongTotal, many, nothing, again := oneChoco(""), oneChoco(""), oneChoco(""), oneChoco("A-1")
	wrongTotal.Total = 1
	many.Items[0].Quantity, many.Total = 100, 100*clienttest.ChocoPrice
	nothing.Items[0].OfferID = 999999999
	_, noOrder := c.Order(ctx, "20250915-0000000000000")
	_, noOffer := c.Offer(ctx, 999999999)
	_, sandbox := c.Events(ctx, "", 0)
	_, parameter := c.Offers(ctx, client.OfferQuery{Sort: "best"})
	_, cancel := c.CancelOrder(ctx, first.ID, nil)
	for _, test := range []struct {
		err  error
		is   error
		code string
		and  func(e *client.Error) bool
	}{
		{purchase(wrongTotal), client.ErrPriceChanged, "PL", func(e *client.Error) bool { return e.RightTotal == clienttest.ChocoPrice }},
		{purchase(many), client.ErrSoldOut, "PD", func(e *client.Error) bool {
			return e.Item == 0 && e.Available > 0 && e.OfferID == clienttest.ChocoOffer
		}},
		{purchase(nothing), client.ErrOfferUnknown, "PD", func(e *client.Error) bool { return e.Item == 0 }},
		{purchase(again), client.ErrReferenceUsed, "PPA", func(e *client.Error) bool { return e.OrderID == first.ID }},
		{noOrder, client.ErrNotFound, "N", nil},
		{noOffer, client.ErrOfferUnknown, "M", nil},
		{sandbox, client.ErrSandboxOnly, "M4", nil},
		{parameter, client.ErrInvalid, "Q", func(e *client.Error) bool { return e.Parameter == "sort" }},
		{cancel, client.ErrNotCancellable, "PD", nil},
	} {
		var e *client.Error
		if !errors.As(test.err, &e) || !errors.Is(test.err, test.is) || e.Code != test.code || e.RequestID == "" || e.Message == "" ||
			test.and != nil && !test.and(e) {
			t.Errorf("want %v: %+v", test.is, e)
		}
	}
}

func TestTheSameKeyBuysOnce(t *testing.T) {
	c := clienttest.New(t).Client(clienttest.Live)
	p := oneChoco("A-1")
	p.Key = "key-1"
	first := buy(t, c, p)
	again := buy(t, c, p)
	if first.ID != again.ID || first.Replayed || !again.Replayed {
		t.Errorf("%+v, then %+v", first, again)
	}
	found, err := c.Resolve(t.Context(), "A-1")
	if err != nil || found.ID != first.ID || found.Vouchers[0].Number != first.Vouchers[0].Number || len(found.Vouchers[0].Number) < 12 {
		t.Errorf("%+v, %v", found, err)
	}
	countOrders(t, c, 1)
}

func TestAnAbandonedReferenceBuysNothing(t *testing.T) {
	c := clienttest.New(t).Client(clienttest.Live)
	if o, err := c.Abandon(t.Context(), "A-1"); o != nil || err != nil {
		t.Fatal(o, err)
	}
	if _, err := c.Purchase(t.Context(), oneChoco("A-1")); !errors.Is(err, client.ErrReferenceClosed) {
		t.Error(err)
	}
	if _, err := c.Resolve(t.Context(), "A-1"); !errors.Is(err, client.ErrReferenceClosed) {
		t.Error(err)
	}
	made := buy(t, c, oneChoco("A-2"))
	if o, err := c.Abandon(t.Context(), "A-2"); err != nil || o.ID != made.ID {
		t.Error(o, err)
	}
}

func TestAQuoteIsBoughtOrReleased(t *testing.T) {
	c, ctx := clienttest.New(t).Client(clienttest.Live), t.Context()
	items := []client.Item{{OfferID: clienttest.ChocoOffer, Quantity: 1}}
	quote, err := c.Quote(ctx, items)
	if err != nil || quote.State != client.QuoteOpen || quote.Total != clienttest.ChocoPrice || quote.Items[0].UnitPrice != clienttest.ChocoPrice {
		t.Fatal(quote, err)
	}
	order := buy(t, c, client.PurchaseRequest{QuoteID: quote.ID})
	if quote, err = c.GetQuote(ctx, quote.ID); err != nil || quote.State != client.QuoteUsed || quote.OrderID != order.ID {
		t.Error(quote, err)
	}
	if err := c.ReleaseQuote(ctx, quote.ID); !errors.Is(err, client.ErrQuoteUsed) {
		t.Error(err)
	}
	other, err := c.Quote(ctx, items)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.ReleaseQuote(ctx, other.ID); err != nil {
			t.Error(err)
		}
	}
}

// TestACopyOfTheStockFollowsTheStock makes a copy, and follows it through a sale and a midnight.
func TestACopyOfTheStockFollowsTheStock(t *testing.T) {
	server := clienttest.New(t)
	c, ctx := server.Client(clienttest.Live), t.Context()
	copied, since := map[int64]client.Offer{}, client.ChangesQuery{Limit: 7}
	follow := func() {
		t.Helper()
		for offer, err := range c.AllOfferChanges(ctx, &since) {
			if err != nil {
				t.Fatal(err)
			}
			if copied[offer.ID] = offer; offer.Status != client.OnSale {
				delete(copied, offer.ID)
			}
		}
	}
	same := func() {
		t.Helper()
		n := 0
		for offer, err := range c.AllOffers(ctx, client.OfferQuery{Sort: client.SortID, Limit: 200}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; copied[offer.ID].Price != offer.Price {
				t.Errorf("offer %d costs %d, in the copy %d", offer.ID, offer.Price, copied[offer.ID].Price)
			}
		}
		if n != len(copied) || n == 0 {
			t.Errorf("%d offers, in the copy %d", n, len(copied))
		}
	}
	follow()
	same()
	_, err := c.Purchase(ctx, client.PurchaseRequest{Items: []client.Item{{OfferID: clienttest.ChocoOffer, Quantity: 100}}, Total: 1})
	var e *client.Error
	if !errors.As(err, &e) || e.Available == 0 {
		t.Fatal(err)
	}
	buy(t, c, client.PurchaseRequest{
		Items: []client.Item{{OfferID: clienttest.ChocoOffer, Quantity: e.Available}}, Total: e.Available * clienttest.ChocoPrice,
	})
	server.Advance(time.Second)
	follow()
	if _, there := copied[clienttest.ChocoOffer]; there {
		t.Error("what is sold out is in the copy")
	}
	same()
	server.Advance(40 * 24 * time.Hour)
	follow()
	same()
}

func TestRotatedKeysWorkFromThenOn(t *testing.T) {
	server := clienttest.New(t)
	c := server.Client(clienttest.Live)
	keys, err := c.RotateKeys(t.Context(), 1)
	if err != nil || keys.PartnerID != clienttest.Live || keys.RefreshToken == "" {
		t.Fatal(err)
	}
	for _, who := range []client.Credentials{keys.Credentials, server.Credentials(clienttest.Live)} {
		other := client.New(client.Options{BaseURL: server.URL, Credentials: who})
		if _, err := other.Balance(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := other.V1().CateGift(t.Context(), 0, 0); err != nil {
			t.Error(err)
		}
	}
	if list, err := c.Keys(t.Context()); err != nil || len(list) != 2 {
		t.Error(list, err)
	}
	server.Advance(2 * time.Hour)
	if _, err := c.Balance(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := server.Client(clienttest.Live).Balance(t.Context()); !errors.Is(err, client.ErrCredentials) {
		t.Error(err)
	}
}

func TestAStatementComesAsJSONAndCSV(t *testing.T) {
	c := clienttest.New(t).Client(clienttest.Live)
	order := buy(t, c, oneChoco("A-1"))
	var entries []client.StatementEntry
	for entry, err := range c.AllStatementEntries(t.Context(), client.StatementQuery{Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry)
	}
	if len(entries) != 2 || entries[0].OrderID != order.ID || entries[0].Amount != -clienttest.ChocoPrice || entries[1].Amount != 10_000_000 {
		t.Errorf("%+v", entries)
	}
	var text strings.Builder
	if err := c.StatementCSV(t.Context(), client.StatementQuery{}, &text); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(text.String(), "\n"); lines < 3 || !strings.HasPrefix(text.String(), "\ufeff") || !strings.Contains(text.String(), order.ID) {
		t.Error(text.String())
	}
}

// TestEventsReachAHandler has the real server send its webhooks to the package's own handler.
func TestEventsReachAHandler(t *testing.T) {
	server := clienttest.New(t)
	c := server.Client(clienttest.Live)
	events := make(chan client.Event, 10)
	var v *client.WebhookVerifier
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.WithClock(server.Now).Handler(func(_ context.Context, e client.Event) error {
			events <- e
			return nil
		}).ServeHTTP(w, r)
	}))
	t.Cleanup(shop.Close)
	hook, err := c.CreateWebhook(t.Context(), shop.URL, []client.EventType{client.EventOrderCompleted})
	if err != nil {
		t.Fatal(err)
	}
	v = verifier(t, hook.Secret)
	order := buy(t, c, oneChoco(""))
	select {
	case e := <-events:
		data, err := e.Decode()
		if err != nil || data != (client.OrderCompleted{OrderID: order.ID, Kind: client.Gifticon, Items: 1, Amount: clienttest.ChocoPrice}) {
			t.Errorf("%+v, %v", data, err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no event came")
	}
	if hook, err := c.Webhook(t.Context(), hook.ID); err != nil || hook.State != client.WebhookOn || len(hook.Events) != 1 {
		t.Error(hook, err)
	}
	off := false
	if hook, err := c.UpdateWebhook(t.Context(), hook.ID, client.WebhookUpdate{Enabled: &off, Events: []client.EventType{}}); err != nil ||
		hook.State != client.WebhookOff || len(hook.Events) != 0 {
		t.Error(hook, err)
	}
	if err := c.DeleteWebhook(t.Context(), hook.ID); err != nil {
		t.Error(err)
	}
	if _, err := c.Webhook(t.Context(), hook.ID); !errors.Is(err, client.ErrNotFound) {
		t.Error(err)
	}
}
