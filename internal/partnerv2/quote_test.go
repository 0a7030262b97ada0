package partnerv2_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
)

// orderQuote is the body that makes an order of a quote.
func orderQuote(reference string, q quote) string {
	return fmt.Sprintf(`{"reference":%q,"quote_id":%q}`, reference, q.ID)
}

func TestAQuoteHoldsPricesAndUnitsUntilItIsOrdered(t *testing.T) {
	d := newDesk(t).stock()
	a := d.want(http.StatusCreated, "demo", http.MethodPost, "quotes", `{"items":[{"offer_id":1,"quantity":2},{"offer_id":2,"quantity":1}]}`)
	var q quote
	a.into(&q)
	if a.head.Get("Location") != "/api/v2/quotes/"+q.ID || !strings.HasPrefix(q.ID, "quo_") || len(q.ID) != 4+13 ||
		q.State != "open" ||
		q.Total != 3*940 || !q.CreatedAt.Equal(noon) || !q.ExpiresAt.Equal(noon.Add(gift.HoldFor)) || len(q.Items) != 2 ||
		q.Items[0].OfferID != milk || q.Items[0].Quantity != 2 || q.Items[0].UnitPrice != 940 {
		t.Fatalf("%v %s", a.head, a.body)
	}
	held := d.place("other", "k1", orderOf("O-1", lastMilk, 1, 940)).refused(http.StatusConflict, "held", "PD")
	if held.head.Get("Retry-After") == "" || !strings.Contains(held.body, `"offer_id":2`) {
		t.Errorf("held: %v %s", held.head, held.body)
	}
	d.place("other", "k2", orderOf("O-2", milk, milkUnits, milkUnits*940)).refused(http.StatusConflict, "too-few", "PD")
	d.Clock.Advance(30 * time.Second)
	made := d.place("demo", "k", orderQuote("Q-1", q))
	var o order
	if made.into(&o); made.status != http.StatusCreated || o.Total != 3*940 || o.Reference != "Q-1" || len(o.Vouchers) != 3 {
		t.Fatalf("%d %s", made.status, made.body)
	}
	if again := d.place("demo", "k", orderQuote("Q-1", q)); again.status != http.StatusCreated || again.body != made.body ||
		again.head.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again %d %s", again.status, again.body)
	}
	used := d.place("demo", "k3", orderQuote("Q-2", q)).refused(http.StatusConflict, "quote-used", "PPA")
	released := d.call("demo", http.MethodDelete, "quotes/"+q.ID, "").refused(http.StatusConflict, "quote-used", "PPA")
	for _, body := range []string{used.body, released.body} {
		if !strings.Contains(body, `"order_id":"`+o.ID+`"`) {
			t.Errorf("of which order? %s", body)
		}
	}
	d.want(http.StatusOK, "demo", http.MethodGet, "quotes/"+q.ID, "").into(&q)
	if q.State != "used" || q.OrderID != o.ID {
		t.Errorf("afterwards %+v", q)
	}
	d.want(http.StatusOK, "demo", http.MethodHead, "quotes/"+q.ID, "")
}

func TestAQuoteLapsesByItself(t *testing.T) {
	d := newDesk(t).stock()
	q := d.quoted("demo", lastMilk, 1)
	d.Clock.Advance(gift.HoldFor)
	d.want(http.StatusOK, "demo", http.MethodGet, "quotes/"+q.ID, "").into(&q)
	if q.State != "expired" {
		t.Errorf("after its time %+v", q)
	}
	refused := d.place("demo", "k", orderQuote("Q-1", q)).refused(http.StatusConflict, "quote-expired", "PD")
	again := d.place("demo", "k", orderQuote("Q-1", q))
	if again.withoutID() != refused.withoutID() || again.head.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again %s", again.body)
	}
	d.want(http.StatusNoContent, "demo", http.MethodDelete, "quotes/"+q.ID, "")
	d.bought("other", "O-1", lastMilk, 1)
}

func TestAQuoteIsReleasedAsOftenAsOneLikes(t *testing.T) {
	d := newDesk(t).stock()
	q := d.quoted("demo", lastMilk, 1)
	for range 2 {
		a := d.want(http.StatusNoContent, "demo", http.MethodDelete, "quotes/"+q.ID, "")
		if a.body != "" || a.head.Get("Cache-Control") != "no-store" {
			t.Errorf("%v %q", a.head, a.body)
		}
	}
	d.want(http.StatusOK, "demo", http.MethodGet, "quotes/"+q.ID, "").into(&q)
	if q.State != "released" {
		t.Errorf("%+v", q)
	}
	d.place("demo", "k", orderQuote("Q-1", q)).refused(http.StatusConflict, "quote-expired", "PD")
	d.bought("other", "O-1", lastMilk, 1)
}

func TestAQuotesPriceStaysWhenPricesChange(t *testing.T) {
	d := newDesk(t).stock()
	d.Clock.Set(gift.DateOf(2025, 10, 31).End().Add(-10 * time.Second)) // with 60 days left, milk costs 930 won
	q := d.quoted("demo", milk, 1)
	d.Clock.Advance(20 * time.Second)
	d.place("demo", "k1", orderOf("A-1", milk, 1, 940)).refused(http.StatusConflict, "price-changed", "PL")
	var o order
	if d.place("demo", "k2", orderQuote("Q-1", q)).into(&o); o.Total != 940 || o.Vouchers[0].Paid != 940 {
		t.Errorf("of the quote %+v: %+v", q, o)
	}
}

func TestWhatCannotBeQuoted(t *testing.T) {
	d := newDesk(t).stock()
	d.open(gift.Partner{Name: "poor"}, 1000)
	for body, parameter := range map[string]string{
		`{}`:           "items",
		`{"items":[]}`: "items",
		`{"items":[{"offer_id":1,"quantity":101}]}`:             "items[0].quantity",
		`{"items":[{"offer_id":1,"quantity":1,"coupon_id":1}]}`: "items[0].coupon_id",
		`{"items":[{"offer_id":"1"}]}`:                          "items[0].offer_id",
		`{"total":1,"items":[{"offer_id":1,"quantity":1}]}`:     "total",
	} {
		a := d.call("demo", http.MethodPost, "quotes", body).refused(http.StatusBadRequest, "body-invalid", "Q")
		if !strings.Contains(a.body, `"parameter":"`+parameter+`"`) {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	for _, test := range []struct {
		partner, body string
		status        int
		kind, code    string
	}{
		{"demo", `{"items":[{"offer_id":1,"quantity":1},{"offer_id":1351,"quantity":1}]}`, 422, "kinds-mixed", "Q"},
		{"demo", `{"items":[{"offer_id":77,"quantity":1}]}`, 409, "offer-unknown", "PD"},
		{"demo", `{"items":[{"offer_id":4,"quantity":1}]}`, 409, "expired", "M2"},
		{"demo", `{"items":[{"offer_id":2,"quantity":2}]}`, 409, "too-few", "PD"},
		{"demo", `{"items":[{"offer_id":3,"quantity":2}]}`, 409, "once-per-partner", "M1"},
		{"poor", `{"items":[{"offer_id":1,"quantity":2}]}`, 402, "balance-low", "PC"},
	} {
		d.call(test.partner, http.MethodPost, "quotes", test.body).refused(test.status, test.kind, test.code)
	}
	d.open(gift.Partner{Name: "holder"}, 1_000_000)
	for range gift.MaxOpenQuotes {
		d.quoted("holder", milk, 1)
	}
	a := d.call("holder", http.MethodPost, "quotes", `{"items":[{"offer_id":1,"quantity":1}]}`).
		refused(http.StatusTooManyRequests, "too-many-quotes", "Q")
	if !strings.Contains(a.body, `"limit":20`) {
		t.Errorf("%s", a.body)
	}
	if got := d.Balance("demo"); got != 100_000 {
		t.Errorf("a quote cost something: %d", got)
	}
}

// TestARefusalOfAQuotesOrderNamesItsItem lets the offer of a quote's second item expire.
func TestARefusalOfAQuotesOrderNamesItsItem(t *testing.T) {
	d := newDesk(t).stock()
	var q quote
	body := `{"items":[{"offer_id":1,"quantity":3},{"offer_id":3,"quantity":1}]}`
	d.want(http.StatusCreated, "devtest1", http.MethodPost, "quotes", body).into(&q)
	d.setAhead("devtest1", 120*24*time.Hour)
	a := d.place("devtest1", "k", orderQuote("Q-1", q)).refused(http.StatusConflict, "expired", "M2")
	if !strings.Contains(a.body, `"item":0,"offer_id":1`) {
		t.Errorf("%s", a.body)
	}
}

func TestASandboxsQuoteTakesNothingFromAnybody(t *testing.T) {
	d := newDesk(t).stock()
	q := d.quoted("devtest1", lastMilk, 1)
	d.bought("demo", "A-1", lastMilk, 1)
	d.place("devtest1", "k", orderQuote("Q-1", q)).refused(http.StatusConflict, "sold-out", "PD")
}
