package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/webhook"
)

const (
	secretNow    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	secretBefore = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	eventText    = `{"type":"balance.low","timestamp":"2025-09-15T12:00:00.000+09:00","data":{"balance":900,"threshold":1000}}`
)

// signed returns the headers of a webhook, made by the standard's own library.
func signed(t testing.TB, secret, id string, at time.Time, body string) http.Header {
	t.Helper()
	hook, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := hook.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set(standard.HeaderWebhookID, id)
	h.Set(standard.HeaderWebhookTimestamp, fmt.Sprint(at.Unix()))
	h.Set(standard.HeaderWebhookSignature, signature)
	return h
}

func verifier(t testing.TB, secrets ...string) *client.WebhookVerifier {
	t.Helper()
	v, err := client.NewWebhookVerifier(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAWebhookIsBelievedWhenTheStandardSignedIt(t *testing.T) {
	now := time.Now()
	h := signed(t, secretNow, "evt_1", now, eventText)
	for _, secrets := range [][]string{{secretNow}, {secretBefore, secretNow}} {
		e, err := verifier(t, secrets...).ParseEvent(h, []byte(eventText))
		if err != nil || e.ID != "evt_1" || e.Type != client.EventBalanceLow || e.At.Unix() != 1757905200 {
			t.Errorf("%+v, %v", e, err)
		}
	}
	both := signed(t, secretBefore, "evt_1", now, eventText)
	both.Set(standard.HeaderWebhookSignature, both.Get(standard.HeaderWebhookSignature)+" "+h.Get(standard.HeaderWebhookSignature))
	if err := verifier(t, secretNow).Verify(both, []byte(eventText)); err != nil {
		t.Errorf("signed with two secrets: %v", err)
	}
}

func TestAWebhookThatIsNotTheServersIsNotBelieved(t *testing.T) {
	now := time.Now()
	change := func(name, value string) http.Header {
		h := signed(t, secretNow, "evt_1", now, eventText)
		if h.Set(name, value); value == "" {
			h.Del(name)
		}
		return h
	}
	good := signed(t, secretNow, "evt_1", now, eventText)
	signature := strings.TrimPrefix(good.Get(standard.HeaderWebhookSignature), "v1,")
	for _, test := range []struct {
		what   string
		header http.Header
		body   string
		want   error
	}{
		{"with another body", good, eventText + " ", client.ErrWebhookSignature},
		{"with another secret", signed(t, secretBefore, "evt_1", now, eventText), eventText, client.ErrWebhookSignature},
		{"with another id", change(standard.HeaderWebhookID, "evt_2"), eventText, client.ErrWebhookSignature},
		{"with another time", change(standard.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()+1)), eventText, client.ErrWebhookSignature},
		{"of another version", change(standard.HeaderWebhookSignature, "v2,"+signature), eventText, client.ErrWebhookSignature},
		{"without a version", change(standard.HeaderWebhookSignature, signature), eventText, client.ErrWebhookSignature},
		{"garbled", change(standard.HeaderWebhookSignature, "v1,?"), eventText, client.ErrWebhookSignature},
		{"behind many", change(standard.HeaderWebhookSignature, strings.Repeat("v1,aaaa ", 20)+"v1,"+signature), eventText, client.ErrWebhookSignature},
		{"unsigned", change(standard.HeaderWebhookSignature, ""), eventText, client.ErrWebhookUnsigned},
		{"nameless", change(standard.HeaderWebhookID, ""), eventText, client.ErrWebhookUnsigned},
		{"timeless", change(standard.HeaderWebhookTimestamp, ""), eventText, client.ErrWebhookUnsigned},
		{"of no time", change(standard.HeaderWebhookTimestamp, "noon"), eventText, client.ErrWebhookUnsigned},
		{"old", signed(t, secretNow, "evt_1", now.Add(-5*time.Minute-2*time.Second), eventText), eventText, client.ErrWebhookTime},
		{"of the future", signed(t, secretNow, "evt_1", now.Add(5*time.Minute+time.Minute), eventText), eventText, client.ErrWebhookTime},
	} {
		if e, err := verifier(t, secretNow).ParseEvent(test.header, []byte(test.body)); !errors.Is(err, test.want) || e.ID != "" {
			t.Errorf("%s: %+v, %v", test.what, e, err)
		}
	}
	if err := verifier(t, secretNow).Verify(signed(t, secretNow, "evt_1", now.Add(-4*time.Minute), eventText), []byte(eventText)); err != nil {
		t.Errorf("four minutes old: %v", err)
	}
}

func TestAWebhookIsVerifiedByAnotherClock(t *testing.T) {
	h := signed(t, secretNow, "evt_1", clienttest.Start, eventText)
	then := func() time.Time { return clienttest.Start.Add(time.Minute) }
	if err := verifier(t, secretNow).WithClock(then).Verify(h, []byte(eventText)); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoSecretIsNotTaken(t *testing.T) {
	for _, secrets := range [][]string{
		nil, {""}, {"whsec_"}, {"whsec_c2hvcnQ="}, {strings.TrimPrefix(secretNow, "whsec_")}, {secretNow, "whsec_?"}, make([]string, 11),
	} {
		if v, err := client.NewWebhookVerifier(secrets...); err == nil || v != nil || strings.Contains(err.Error(), "c2hvcnQ") {
			t.Errorf("%q: %v", secrets, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("WebhookHandler took no secret for one")
		}
	}()
	client.WebhookHandler("secret", nil)
}

// TestWhatTheServerSignsIsBelieved has the sender's code make webhooks of all events there are.
func TestWhatTheServerSignsIsBelieved(t *testing.T) {
	at := time.Date(2025, 9, 15, 12, 0, 0, 0, gift.Seoul)
	secret := webhook.NewSecret()
	for kind, test := range map[gift.EventType]struct{ sent, want any }{
		gift.OrderCompleted: {
			gift.OrderData{Order: "X-1", Kind: "gifticon", Items: 2, Amount: 940},
			client.OrderCompleted{OrderID: "X-1", Kind: client.Gifticon, Items: 2, Amount: 940},
		},
		gift.OrderRefunded: {
			gift.RefundData{Order: "X-1", Kind: "star", Items: []int64{7}, Vouchers: []gift.VoucherRef{"X-1.1"}, Amount: 940},
			client.OrderRefunded{OrderID: "X-1", Kind: client.Star, Items: []int64{7}, Vouchers: []string{"X-1.1"}, Amount: 940},
		},
		gift.CouponRedeemed: {
			gift.RedemptionData{Order: "X-1", Vouchers: []gift.VoucherRef{"X-1.1"}, Coupon: 1, Offer: 2, Shop: 3, ShopName: "s", Seller: 4, Used: at},
			client.CouponRedemption{
				OrderID: "X-1", Vouchers: []string{"X-1.1"}, CouponID: 1, OfferID: 2, ShopID: 3, ShopName: "s", SellerID: 4, RedeemedAt: at,
			},
		},
		gift.CouponRedemptionUndone: {
			gift.RedemptionData{
				Order: "X-1", Vouchers: []gift.VoucherRef{"X-1.1"}, Coupon: 1, Offer: 2, Shop: 3, ShopName: "s", Seller: 4, Used: at, Undone: at,
			},
			client.CouponRedemption{
				OrderID: "X-1", Vouchers: []string{"X-1.1"}, CouponID: 1, OfferID: 2, ShopID: 3, ShopName: "s", SellerID: 4, RedeemedAt: at, UndoneAt: at,
			},
		},
		gift.VoucherExpiring: {
			gift.ExpiryData{Order: "X-1", Kind: "gifticon", Items: []int64{7}, Vouchers: []gift.VoucherRef{"X-1.1"}, LastDay: "2025-09-22", Days: 7},
			client.VoucherExpiry{OrderID: "X-1", Kind: client.Gifticon, Items: []int64{7}, Vouchers: []string{"X-1.1"}, LastDay: "2025-09-22", DaysLeft: 7},
		},
		gift.VoucherExpired: {
			gift.ExpiryData{Order: "X-1", Kind: "gifticon", Items: []int64{7}, Vouchers: []gift.VoucherRef{"X-1.1"}, LastDay: "2025-09-14", Days: -1},
			client.VoucherExpiry{OrderID: "X-1", Kind: client.Gifticon, Items: []int64{7}, Vouchers: []string{"X-1.1"}, LastDay: "2025-09-14", DaysLeft: -1},
		},
		gift.VoucherWithdrawn: {
			gift.WithdrawalData{Order: "X-1", Kind: "gifticon", Item: 7, Vouchers: []gift.VoucherRef{"X-1.1"}},
			client.VoucherWithdrawn{OrderID: "X-1", Kind: client.Gifticon, Item: 7, Vouchers: []string{"X-1.1"}},
		},
		gift.OfferSoldOut: {gift.OfferData{Offer: 7, Kind: "gifticon"}, client.OfferSoldOut{OfferID: 7, Kind: client.Gifticon}},
		gift.OfferRepriced: {
			gift.RepricingData{Offers: []gift.OfferPrice{{Offer: 7, Kind: "star", Price: 900}}},
			client.OfferRepriced{Offers: []client.OfferPrice{{OfferID: 7, Kind: client.Star, Price: 900}}},
		},
		gift.BalanceLow: {gift.BalanceData{Balance: 1, Threshold: 2}, client.BalanceLow{Balance: 1, Threshold: 2}},
		gift.TestSent:   {struct{}{}, client.TestSent{}},
	} {
		e := gift.NewEvent(gift.FirstIDAt(at), kind, 1, 0, test.sent)
		body, now := webhook.Body(&e), time.Now()
		signature, err := webhook.Sign(secret, webhook.MessageID(e.ID), now, body)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{
			client.WebhookIDHeader: {webhook.MessageID(e.ID)}, client.WebhookTimestampHeader: {fmt.Sprint(now.Unix())},
			client.WebhookSignatureHeader: {signature},
		}
		got, err := verifier(t, secret).ParseEvent(h, body)
		if err != nil || got.ID != webhook.MessageID(e.ID) || !got.At.Equal(e.At()) {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
		data, err := got.Decode()
		if text, want := fmt.Sprintf("%T%+v", data, inUTC(data)), fmt.Sprintf("%T%+v", test.want, inUTC(test.want)); err != nil || text != want {
			t.Errorf("%s: %s, %v\nwant %s", kind, text, err, want)
		}
	}
	types := append(gift.EventTypes(), gift.TestSent)
	for _, kind := range types {
		e := client.Event{Type: client.EventType(kind), Data: []byte("[]")}
		if _, err := e.Decode(); err == nil {
			t.Errorf("%s is not known to the client", kind)
		}
	}
	if data, err := (&client.Event{Type: "something.new", Data: []byte("[]")}).Decode(); err != nil || fmt.Sprintf("%s", data) != "[]" {
		t.Errorf("%v, %v", data, err)
	}
}

// inUTC makes times comparable as texts.
func inUTC(data any) any {
	if r, ok := data.(client.CouponRedemption); ok {
		r.RedeemedAt, r.UndoneAt = r.RedeemedAt.UTC(), r.UndoneAt.UTC()
		return r
	}
	return data
}

func TestAHandlerTakesWhatIsSignedAndNothingElse(t *testing.T) {
	var told error
	var heard []string
	handler := client.WebhookHandler(secretNow, func(_ context.Context, e client.Event) error {
		heard = append(heard, e.ID)
		return told
	})
	post := func(method, body string, h http.Header) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "/hooks", bytes.NewReader([]byte(body)))
		r.Header = h
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	h := signed(t, secretNow, "evt_1", time.Now(), eventText)
	large := strings.Repeat(" ", 1<<20+1)
	for _, test := range []struct {
		method, body string
		header       http.Header
		told         error
		status       int
		heard        int
	}{
		{"POST", eventText, h, nil, 204, 1},
		{"POST", eventText, h, errors.New("the database's password is hunter2"), 500, 1},
		{"POST", eventText, http.Header{}, nil, 401, 0},
		{"POST", eventText + " ", h, nil, 401, 0},
		{"GET", "", h, nil, 405, 0},
		{"POST", large, signed(t, secretNow, "evt_1", time.Now(), large), nil, 413, 0},
		{"POST", "[]", signed(t, secretNow, "evt_1", time.Now(), "[]"), nil, 400, 0},
		{"POST", "{}", signed(t, secretNow, "evt_1", time.Now(), "{}"), nil, 400, 0},
	} {
		heard, told = nil, test.told
		w := post(test.method, test.body, test.header)
		if w.Code != test.status || len(heard) != test.heard || strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s of %.40q: %d %s, heard %v", test.method, test.body, w.Code, w.Body, heard)
		}
	}
}

func FuzzAWebhookNeverPanics(f *testing.F) {
	v := verifier(f, secretNow)
	f.Add("evt_1", "1757905200", "v1,aaaa", eventText)
	f.Fuzz(func(t *testing.T, id, timestamp, signature, body string) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
		if _, err := v.ParseEvent(h, []byte(body)); err == nil {
			t.Error("it was believed")
		}
		if e, err := client.ParseEvent([]byte(body)); err == nil {
			_, _ = e.Decode() // either is fine
		}
	})
}
