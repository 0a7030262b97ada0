package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"giftimbiz/client"
)

// TestEachMethodAsksForWhatItsNameSays looks at requests as they arrive.
func TestEachMethodAsksForWhatItsNameSays(t *testing.T) {
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	url, off := "https://shop.example/hooks", false
	items := []client.Item{{OfferID: 7, Quantity: 2}, {OfferID: 8, Quantity: 1, CouponID: 9}}
	ctx := t.Context()
	var c *client.Client
	for _, test := range []struct {
		want string
		call func() error
	}{
		{"GET /partner", func() error { _, err := c.Partner(ctx); return err }},
		{"GET /categories?kind=star", func() error { _, err := c.Categories(ctx, client.Star); return err }},
		{"GET /brands?category_id=6", func() error { _, err := c.Brands(ctx, 6); return err }},
		{"GET /offers", func() error { _, err := c.Offers(ctx, client.OfferQuery{}); return err }},
		{"GET /offers?brand_id=2&category_id=1&cursor=x&limit=3&max_price=900&q=%EC%B4%88%EC%BD%94&sort=price_asc", func() error {
			_, err := c.Offers(ctx, client.OfferQuery{
				CategoryID: 1, BrandID: 2, MaxPrice: 900, Words: "초코", Sort: client.SortPriceAsc, Limit: 3, Cursor: "x",
			})
			return err
		}},
		{"GET /coupons?category_id=1&cursor=x&district=d&limit=3&maker_id=m&province=p&q=w&shop_id=2&sort=id&town=t", func() error {
			_, err := c.Coupons(ctx, client.CouponQuery{
				Province: "p", District: "d", Town: "t", CategoryID: 1, ShopID: 2, Words: "w", MakerID: "m", Sort: client.SortID, Limit: 3, Cursor: "x",
			})
			return err
		}},
		{"GET /offers?brand_id=2&category_id=1&updated_since=s", func() error {
			_, err := c.OfferChanges(ctx, client.ChangesQuery{Since: "s", CategoryID: 1, BrandID: 2})
			return err
		}},
		{"GET /coupons?cursor=x&limit=3&shop_id=2&updated_since=s", func() error {
			_, err := c.CouponChanges(ctx, client.ChangesQuery{Since: "s", ShopID: 2, Limit: 3, Cursor: "x"})
			return err
		}},
		{"GET /offers/7", func() error { _, err := c.Offer(ctx, 7); return err }},
		{"GET /coupons/7", func() error { _, err := c.Coupon(ctx, 7); return err }},
		{`POST /quotes {"items":[{"offer_id":7,"quantity":2},{"offer_id":8,"quantity":1,"coupon_id":9}]}`, func() error {
			_, err := c.Quote(ctx, items)
			return err
		}},
		{"GET /quotes/quo_1", func() error { _, err := c.GetQuote(ctx, "quo_1"); return err }},
		{"DELETE /quotes/quo_1", func() error { return c.ReleaseQuote(ctx, "quo_1") }},
		{"GET /orders?cursor=x&from=2026-11-01&kind=gifticon&limit=3&to=2026-11-30", func() error {
			_, err := c.Orders(ctx, client.HistoryQuery{Kind: client.Gifticon, From: "2026-11-01", To: "2026-11-30", Limit: 3, Cursor: "x"})
			return err
		}},
		{"GET /orders/X-1", func() error { _, err := c.Order(ctx, "X-1"); return err }},
		{"GET /orders/by-reference/A:1", func() error { _, err := c.Resolve(ctx, "A:1"); return err }},
		{"DELETE /orders/by-reference/A:1", func() error { return c.CloseReference(ctx, "A:1") }},
		{`POST /orders/X-1/cancel {}`, func() error { _, err := c.CancelOrder(ctx, "X-1", nil); return err }},
		{`POST /orders/X-1/cancel {"vouchers":["X-1.2"]}`, func() error { _, err := c.CancelOrder(ctx, "X-1", []string{"X-1.2"}); return err }},
		{"GET /vouchers?kind=star", func() error { _, err := c.Vouchers(ctx, client.HistoryQuery{Kind: client.Star}); return err }},
		{"GET /vouchers/X-1.1", func() error { _, err := c.Voucher(ctx, "X-1.1"); return err }},
		{`POST /vouchers/X-1.1/link {}`, func() error { _, err := c.RenewLink(ctx, "X-1.1"); return err }},
		{"GET /balance", func() error { _, err := c.Balance(ctx); return err }},
		{`PATCH /balance {"low_balance_threshold":0}`, func() error { _, err := c.SetLowBalance(ctx, 0); return err }},
		{"GET /statement?from=2026-11-01&limit=3&to=2026-11-30", func() error {
			_, err := c.Statement(ctx, client.StatementQuery{From: "2026-11-01", To: "2026-11-30", Limit: 3})
			return err
		}},
		{`POST /statement/receipts {"month":"2026-10"}`, func() error { _, err := c.IssueReceipt(ctx, "2026-10"); return err }},
		{"GET /statement/receipts/2026-10", func() error { _, err := c.Receipt(ctx, "2026-10"); return err }},
		{"GET /trail?after=3", func() error { _, err := c.Trail(ctx, 3); return err }},
		{"GET /keys", func() error { _, err := c.Keys(ctx); return err }},
		{`POST /keys/rotate {"grace_hours":0}`, func() error { _, err := c.RotateKeys(ctx, 0); return err }},
		{"GET /webhooks", func() error { _, err := c.Webhooks(ctx); return err }},
		{`POST /webhooks {"url":"https://shop.example/hooks"}`, func() error { _, err := c.CreateWebhook(ctx, url, nil); return err }},
		{`POST /webhooks {"url":"https://shop.example/hooks","events":["order.completed"]}`, func() error {
			_, err := c.CreateWebhook(ctx, url, []client.EventType{client.EventOrderCompleted})
			return err
		}},
		{"GET /webhooks/3", func() error { _, err := c.Webhook(ctx, 3); return err }},
		{`PATCH /webhooks/3 {"url":"https://shop.example/hooks","enabled":false}`, func() error {
			_, err := c.UpdateWebhook(ctx, 3, client.WebhookUpdate{URL: &url, Enabled: &off})
			return err
		}},
		{"DELETE /webhooks/3", func() error { return c.DeleteWebhook(ctx, 3) }},
		{`POST /webhooks/3/rotate-secret {}`, func() error { _, err := c.RotateWebhookSecret(ctx, 3); return err }},
		{`POST /webhooks/3/test {}`, func() error { _, err := c.TestWebhook(ctx, 3); return err }},
		{"GET /webhooks/3/deliveries?from=2026-11-01&state=abandoned&type=balance.low", func() error {
			_, err := c.Deliveries(ctx, 3, client.DeliveryQuery{State: client.DeliveryAbandoned, Type: client.EventBalanceLow, From: "2026-11-01"})
			return err
		}},
		{"GET /webhooks/3/deliveries/evt_1", func() error { _, err := c.Delivery(ctx, 3, "evt_1"); return err }},
		{"POST /webhooks/3/deliveries/evt_1/replay", func() error { return c.ReplayDelivery(ctx, 3, "evt_1") }},
		{"GET /events?after=latest&wait=20", func() error { _, err := c.Events(ctx, client.LatestEvent, time.Hour); return err }},
		{"GET /sandbox", func() error { _, err := c.Sandbox(ctx); return err }},
		{`POST /sandbox/clock {"now":"2026-11-26T12:00:00Z"}`, func() error { _, err := c.SetClock(ctx, noon); return err }},
		{`POST /sandbox/clock {"advance_seconds":86400}`, func() error { _, err := c.AdvanceClock(ctx, 24*time.Hour); return err }},
		{`POST /sandbox/clock {"reset":true}`, func() error { _, err := c.ResetClock(ctx); return err }},
		{`POST /sandbox/redeem {"voucher_id":"X-1.1"}`, func() error { _, err := c.SandboxRedeem(ctx, "X-1.1"); return err }},
		{`POST /sandbox/reset {}`, func() error { _, err := c.SandboxReset(ctx); return err }},
		{`PUT /what/ever?a=1 [1]`, func() error {
			_, err := c.Do(ctx, "PUT", "what/ever", map[string][]string{"a": {"1"}}, []byte("[1]"))
			return err
		}},
	} {
		got := ""
		h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // a short one is another text
			got = strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, strings.TrimPrefix(r.URL.RequestURI(), "/api/v2"), body))
			if kind := r.Header.Get("Content-Type"); len(body) > 0 != (kind == "application/json") || r.Header.Get("Idempotency-Key") != "" ||
				r.Header.Get("Authorization") != "Bearer access-1" || r.Header.Get("Partnerkey") != "" {
				t.Errorf("%s: %v", got, r.Header)
			}
			fmt.Fprint(w, "{}")
		})
		c = h.client()
		if err := test.call(); err != nil || got != test.want {
			t.Errorf("asked %s\nwant  %s\n%v", got, test.want, err)
		}
	}
}

func TestAPurchaseSendsReferenceKeyAndWhatToBuy(t *testing.T) {
	total := int64(0)
	for _, test := range []struct {
		p    client.PurchaseRequest
		want string
	}{
		{
			client.PurchaseRequest{Reference: "A-1", Key: "k", Items: []client.Item{{OfferID: 7, Quantity: 2}}, Total: 940},
			`{"reference":"A-1","items":[{"offer_id":7,"quantity":2}],"total":940}`,
		},
		{
			client.PurchaseRequest{Reference: "A-1", Key: "k", Items: []client.Item{{OfferID: 7, Quantity: 1, CouponID: 3}}, Total: total},
			`{"reference":"A-1","items":[{"offer_id":7,"quantity":1,"coupon_id":3}],"total":0}`,
		},
		{client.PurchaseRequest{Reference: "A-1", Key: "k", QuoteID: "quo_1"}, `{"reference":"A-1","quote_id":"quo_1"}`},
	} {
		h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // a short one is another text
			if r.Method != http.MethodPost || r.URL.Path != "/api/v2/orders" || r.Header.Get("Idempotency-Key") != "k" || string(body) != test.want {
				t.Errorf("%s %s %v %s", r.Method, r.URL, r.Header, body)
			}
			w.Header().Set("Idempotent-Replayed", "true")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, orderOfA1)
		})
		if o, err := h.client().Purchase(t.Context(), test.p); err != nil || !o.Replayed {
			t.Error(o, err)
		}
	}
}

func TestAProblemsMembersAreTheErrors(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "60")
		problem(409, "price-changed",
			`,"code":"PL","parameter":"total","item":0,"offer_id":7,"right_total":930,"balance":5,"available":6,"limit":8,"order_id":"X"`)(w, r)
	})
	_, err := h.client().Purchase(t.Context(), client.PurchaseRequest{})
	var e *client.Error
	if !errors.As(err, &e) || !errors.Is(err, client.ErrPriceChanged) || errors.Is(err, client.ErrSoldOut) || client.Code(err) != "PL" {
		t.Fatal(err)
	}
	e.Body = nil
	want := client.Error{
		Code: "PL", Type: "price-changed", Status: 409, Message: "D", RequestID: "r-1", Parameter: "total", OfferID: 7, RightTotal: 930,
		Balance: 5, Available: 6, Limit: 8, OrderID: "X", RetryAfter: time.Minute,
	}
	if got := fmt.Sprintf("%+v", *e); got != fmt.Sprintf("%+v", want) {
		t.Errorf("%s\nwant %+v", got, want)
	}
}

func TestListsAreGoneThroughPageByPage(t *testing.T) {
	list := func(w http.ResponseWriter, r *http.Request) {
		switch r.FormValue("cursor") {
		case "":
			fmt.Fprint(w, `{"data":[{"id":"1"},{"id":"2"}],"next":"b"}`)
		case "b":
			fmt.Fprint(w, `{"data":[],"next":"c"}`)
		case "c":
			fmt.Fprint(w, `{"data":[{"id":"3"}]}`)
		default:
			problem(400, "parameter-invalid", "")(w, r)
		}
	}
	h := newHouse(t, list)
	ids := func(list iter.Seq2[client.Order, error], most int) (text string) {
		for o, err := range list {
			if err != nil {
				return text + " " + err.Error()
			}
			if text += o.ID; len(text) == most {
				break
			}
		}
		return text
	}
	for most, want := range map[int]string{9: "123", 2: "12"} {
		h.calls.Store(0)
		if got := ids(h.client().AllOrders(t.Context(), client.HistoryQuery{}), most); got != want || most == 2 && h.calls.Load() != 1 {
			t.Errorf("%s of %s after %d calls", got, want, h.calls.Load())
		}
	}
	if got := ids(h.client().AllOrders(t.Context(), client.HistoryQuery{Cursor: "x"}), 9); !strings.Contains(got, "parameter-invalid") {
		t.Error(got)
	}
	h = newHouse(t, say(`{"data":[{"id":"1"}],"next":"b"}`))
	if got := ids(h.client().AllOrders(t.Context(), client.HistoryQuery{}), 9); got != "11 the server sent the same page again" {
		t.Error(got)
	}
}

// TestChangesAreFollowedWithoutAGap makes a full copy over two pages and follows it.
func TestChangesAreFollowedWithoutAGap(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RawQuery {
		case "category_id=6&sort=id":
			fmt.Fprint(w, `{"data":[{"id":1}],"next":"b","total":2,"sync":"s1"}`)
		case "category_id=6&cursor=b&sort=id":
			fmt.Fprint(w, `{"data":[{"id":2}],"total":2,"sync":"s2"}`)
		case "category_id=6&updated_since=s1":
			fmt.Fprint(w, `{"data":[{"id":3,"status":"sold_out","change":"sold_out"}],"next":"n","sync":"s3"}`)
		case "category_id=6&cursor=n&updated_since=s1":
			fmt.Fprint(w, `{"data":[],"sync":"s4"}`)
		default:
			t.Errorf("asked for %s", r.URL)
		}
	})
	q := client.ChangesQuery{CategoryID: 6}
	follow := func(most int) (ids []int64) {
		for offer, err := range h.client().AllOfferChanges(t.Context(), &q) {
			if err != nil {
				t.Fatal(err)
			}
			if ids = append(ids, offer.ID); len(ids) == most {
				break
			}
		}
		return ids
	}
	if ids := follow(1); fmt.Sprint(ids) != "[1]" || q.Since != "" {
		t.Errorf("stopped: %v, %+v", ids, q)
	}
	if ids := follow(9); fmt.Sprint(ids) != "[1 2]" || q.Since != "s1" {
		t.Errorf("a copy: %v, %+v", ids, q)
	}
	if ids := follow(9); fmt.Sprint(ids) != "[3]" || q.Since != "s4" || q.CategoryID != 6 {
		t.Errorf("changes: %v, %+v", ids, q)
	}
}

func TestNewKeysAreUsedFromThenOn(t *testing.T) {
	var used []string
	h := newHouse(t, nil)
	h.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v2/token" {
			key, _, _ := r.BasicAuth()
			used = append(used, key)
			fmt.Fprintf(w, `{"access_token":"of-%s","expires_in":3600}`, key)
			return
		}
		used = append(used, r.Header.Get("Authorization")+r.Header.Get("Partnerkey"))
		if r.URL.Path == "/api/v2/keys/rotate" {
			fmt.Fprint(w, `{"partner_id":"demo","partnerkey":"new","partnertoken":"t2","refresh_token":"r2","previous_expires_at":"2026-11-27T12:00:00+09:00"}`)
			return
		}
		fmt.Fprint(w, `{"result":"0000"}`)
	})
	c := h.client()
	keys, err := c.RotateKeys(t.Context(), 24)
	if err != nil || keys.PartnerKey != "new" || keys.PreviousExpiresAt.IsZero() || c.Credentials() != keys.Credentials {
		t.Fatal(err)
	}
	if _, err := c.Balance(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Call(t.Context(), "giftimbiz/cateGift", nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(used, ", "); got != "key, Bearer of-key, new, Bearer of-new, new" {
		t.Error(got)
	}
}

func TestAStatementIsStreamedAndKnownToBeWhole(t *testing.T) {
	h := newHouse(t, oneAfterTheOther(
		problem(503, "busy", ""),
		func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept") != "text/csv" || r.URL.RawQuery != "from=2026-11-01" {
				t.Errorf("%s %v", r.URL, r.Header)
			}
			fmt.Fprint(w, "\ufeffat,amount\n")
		},
		halfOf("\ufeffat,amount\n"),
	))
	q := client.StatementQuery{From: "2026-11-01", Limit: 3, Cursor: "x"}
	var text bytes.Buffer
	if err := h.client().StatementCSV(t.Context(), q, &text); err != nil || text.String() != "\ufeffat,amount\n" {
		t.Errorf("%q, %v", text.String(), err)
	}
	if err := h.client().StatementCSV(t.Context(), q, &text); err == nil || !strings.Contains(err.Error(), "not whole") || h.calls.Load() != 3 {
		t.Errorf("%v after %d calls", err, h.calls.Load())
	}
}

func TestDoReturnsTheAnswerOfARefusal(t *testing.T) {
	h := newHouse(t, problem(404, "not-found", ""))
	answer, err := h.client().Do(context.Background(), http.MethodGet, "/orders/X", nil, nil)
	if !errors.Is(err, client.ErrNotFound) || !json.Valid(answer) {
		t.Errorf("%s, %v", answer, err)
	}
}

func TestEventsAreFollowedUntilTheCallerStops(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.FormValue("after") {
		case "":
			fmt.Fprint(w, `{"events":[{"id":"evt_1"},{"id":"evt_2"}],"next":"evt_2"}`)
		case "evt_2":
			fmt.Fprint(w, `{"events":[],"next":"evt_5"}`)
		case "evt_5":
			fmt.Fprint(w, `{"events":[{"id":"evt_6"}],"next":"evt_6"}`)
		default:
			problem(403, "sandbox-only", "")(w, r)
		}
	})
	var got []string
	for e, err := range h.client().FollowEvents(t.Context(), "") {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, e.ID)
	}
	if text := strings.Join(got, " "); text != "evt_1 evt_2 evt_6 sandbox-only: D" {
		t.Error(text)
	}
}

func TestAnAnswerThatCannotBeReadIsNotShown(t *testing.T) {
	for _, body := range []string{`{"number": 4900123412341234}`, `{"number": "4900123412341234}`} {
		h := newHouse(t, say(body))
		if _, err := h.client().Voucher(t.Context(), "X.1"); err == nil || strings.Contains(err.Error(), "4900") {
			t.Errorf("%v", err)
		}
	}
}
