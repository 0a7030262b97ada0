package partnerv2_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
)

func TestAnOrderOfGifticonsIsMadeAndShown(t *testing.T) {
	d := newDesk(t).stock()
	a := d.place("demo", "k1", orderOf("A-1", milk, 2, 1880))
	if a.status != http.StatusCreated || a.head.Get("Cache-Control") != "no-store" || a.head.Get("Idempotent-Replayed") != "" {
		t.Fatalf("%d %v %s", a.status, a.head, a.body)
	}
	var o order
	a.into(&o)
	if o.Reference != "A-1" || o.Kind != "gifticon" || o.Sandbox || o.Total != 1880 ||
		!o.OrderedAt.Equal(noon) || len(o.Vouchers) != 2 ||
		a.head.Get("Location") != "/api/v2/orders/"+o.ID {
		t.Fatalf("%+v, at %s", o, a.head.Get("Location"))
	}
	v := o.Vouchers[0]
	if v.ID != o.ID+".2" || v.OrderID != o.ID || v.OfferID != milk || v.State != "usable" || v.Name != milkName ||
		*v.Brand != (thing{4, "CU"}) ||
		v.FaceValue != 1400 || v.Paid != 940 || v.LastDay != "2025-12-31" ||
		!strings.HasPrefix(v.BoughtAt, "2025-09-15T12:00:00") ||
		v.Number != numberOf(milk*100_000+1) || !strings.HasPrefix(v.VoucherURL, origin+"/v/") ||
		!strings.HasPrefix(v.BarcodeURL, origin+"/UPLOAD/barcode/") {
		t.Errorf("%+v", v)
	}
	v.has(a, "barcode_url bought_at brand face_value id kind last_day name number offer_id order_id paid state voucher_url")
	for _, path := range []string{"orders/" + o.ID, "orders/by-reference/A-1"} {
		if got := d.want(http.StatusOK, "demo", http.MethodGet, path, ""); got.body != a.body {
			t.Errorf("%s: %s, made as %s", path, got.body, a.body)
		}
		d.want(http.StatusOK, "demo", http.MethodHead, path, "")
	}
	var alone voucher
	d.want(http.StatusOK, "demo", http.MethodGet, "vouchers/"+v.ID, "").into(&alone)
	if alone.Number != v.Number || alone.VoucherURL != v.VoucherURL {
		t.Errorf("alone %+v", alone)
	}
	if got := d.Balance("demo"); got != 100_000-1880 {
		t.Errorf("balance %d", got)
	}
}

// has compares the names of the members of an order's first voucher.
func (v voucher) has(a reply, members string) {
	a.t.Helper()
	var o struct {
		Vouchers []map[string]any `json:"vouchers"`
	}
	a.into(&o)
	if got := strings.Join(slices.Sorted(maps.Keys(o.Vouchers[0])), " "); got != members {
		a.t.Errorf("%s has %s", v.ID, got)
	}
}

func TestAnOrderOfStarCouponsIsMadeAndUsed(t *testing.T) {
	d := newDesk(t).stock()
	a := d.place("demo", "k1", orderCoupon("S-1", 7))
	var o order
	a.into(&o)
	v := o.Vouchers[0]
	if a.status != http.StatusCreated || o.Kind != "star" || v.CouponID != dumpling*100_000+7 || v.Name != dumplingName ||
		*v.Shop != (thing{dumplingShop, "연남만두"}) || !strings.HasPrefix(v.QRURL, origin+"/UPLOAD/qr/") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	v.has(a, "bought_at coupon_id face_value id kind last_day name offer_id order_id paid qr_url shop state voucher_url")
	d.Clock.Advance(time.Hour)
	if won, err := d.use(v); !won || err != nil {
		t.Fatal(won, err)
	}
	d.want(http.StatusOK, "demo", http.MethodGet, "vouchers/"+v.ID, "").into(&v)
	if v.State != "used" || v.Used == nil || !v.Used.At.Equal(d.Clock.Now()) || v.Used.ShopID != dumplingShop ||
		v.Used.ShopName != "연남만두" || v.Used.SellerID != dumplingSeller {
		t.Errorf("used %+v %+v", v, v.Used)
	}
	var after voucher
	if d.want(http.StatusOK, "demo", http.MethodGet, "vouchers/"+v.ID, "").into(&after); after.QRURL != "" {
		t.Error("a used coupon has a QR code")
	}
}

func TestASandboxBuysWithoutMoneyOrStock(t *testing.T) {
	d := newDesk(t).stock()
	o := d.bought("devtest1", "A-1", milk, 1)
	if v := o.Vouchers[0]; !o.Sandbox || !strings.HasPrefix(o.ID, "TEST-") ||
		!strings.HasPrefix(v.ID, "TEST-") || !strings.HasPrefix(v.Number, "TEST") {
		t.Errorf("%+v", o)
	}
	if live := d.bought("demo", "A-1", milk, 1); live.Vouchers[0].Number != numberOf(milk*100_000+1) {
		t.Errorf("the first unit is gone: %+v", live.Vouchers[0])
	}
	d.want(http.StatusOK, "devtest1", http.MethodGet, "orders/"+o.ID, "")
	d.want(http.StatusNotFound, "devtest1", http.MethodGet, "orders/"+strings.TrimPrefix(o.ID, "TEST-"), "").
		refused(404, "not-found", "N")
}

func TestNobodySeesWhatIsAnothersEvenItsBeingThere(t *testing.T) {
	d := newDesk(t).stock()
	o, q := d.bought("demo", "A-1", dumpling, 1), d.quoted("demo", milk, 1)
	for _, ask := range [][2]string{
		{http.MethodGet, "orders/" + o.ID},
		{http.MethodPost, "orders/" + o.ID + "/cancel"},
		{http.MethodGet, "orders/by-reference/A-1"},
		{http.MethodGet, "vouchers/" + o.Vouchers[0].ID},
		{http.MethodPost, "vouchers/" + o.Vouchers[0].ID + "/link"},
		{http.MethodGet, "quotes/" + q.ID},
		{http.MethodDelete, "quotes/" + q.ID},
	} {
		d.call("other", ask[0], ask[1], "").refused(http.StatusNotFound, "not-found", "N")
		d.call("devtest1", ask[0], ask[1], "").refused(http.StatusNotFound, "not-found", "N")
	}
	d.place("other", "k", `{"reference":"B-1","quote_id":"`+q.ID+`"}`).refused(http.StatusNotFound, "not-found", "N")
	d.want(http.StatusNoContent, "other", http.MethodDelete, "orders/by-reference/A-1", "") // its own A-1
	d.want(http.StatusOK, "demo", http.MethodGet, "orders/by-reference/A-1", "")
	for _, path := range []string{
		"orders/nonsense", "orders/" + o.ID + "x", "vouchers/" + o.ID, "vouchers/" + o.ID + ".01", "vouchers/" + o.ID + ".2",
		"vouchers/" + o.ID + ".0", "quotes/quo_1", "quotes/evt_1",
	} {
		d.call("demo", http.MethodGet, path, "").refused(http.StatusNotFound, "not-found", "N")
	}
}

func TestWhatCannotBeAnOrderIsSaidBeforeAnythingIsTried(t *testing.T) {
	d := newDesk(t).stock()
	d.call("demo", http.MethodPost, "orders", orderOf("A-1", milk, 1, 940)).
		refused(http.StatusBadRequest, "idempotency-key-missing", "Q")
	for _, key := range []string{"", "with space", strings.Repeat("k", 256), "키"} {
		d.place("demo", key, orderOf("A-1", milk, 1, 940)).refused(http.StatusBadRequest, "idempotency-key-invalid", "Q")
	}
	for body, parameter := range map[string]string{
		`{}`:                  "reference",
		`{"reference":"한글"}`:  "reference",
		`{"reference":"A 1"}`: "reference",
		`{"reference":"A-1"}`: "total",
		`{"reference":"A-1","total":-1,"items":[{"offer_id":1,"quantity":1}]}`:                                "total",
		`{"reference":"A-1","total":940}`:                                                                     "items",
		`{"reference":"A-1","total":940,"items":[]}`:                                                          "items",
		`{"reference":"A-1","total":940,"items":[{"offer_id":0,"quantity":1}]}`:                               "items[0].offer_id",
		`{"reference":"A-1","total":940,"items":[{"offer_id":1,"quantity":1},{"offer_id":1,"quantity":0}]}`:   "items[1].quantity",
		`{"reference":"A-1","total":940,"items":[{"offer_id":1,"quantity":101}]}`:                             "items[0].quantity",
		`{"reference":"A-1","total":940,"items":[{"offer_id":1,"quantity":60},{"offer_id":2,"quantity":60}]}`: "items",
		`{"reference":"A-1","total":500,"items":[{"offer_id":1351,"quantity":2,"coupon_id":3}]}`:              "items[0].coupon_id",
		`{"reference":"A-1","total":500,"items":[{"offer_id":1351,"coupon":3}]}`:                              "items[0].coupon",
		`{"reference":"A-1","quote_id":"quo_x","total":5}`:                                                    "quote_id",
		`{"reference":"A-1","quote_id":"quo_x","items":[]}`:                                                   "quote_id",
		`{"reference":"A-1","total":940,"items":[{"offer_id":1,"quantity":9}],"Items":[{"offer_id":1}]}`:      "Items",
		`{"reference":"A-1","total":940,"items":[{"offer_id":1,"quantity":1,"quantity":1}]}`:                  "items[0].quantity",
	} {
		a := d.place("demo", "k", body).refused(http.StatusBadRequest, "body-invalid", "Q")
		if !strings.Contains(a.body, `"parameter":"`+parameter+`"`) {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	d.place("demo", "k", `{"reference":"A-1","total":1440,"items":[{"offer_id":1,"quantity":1},{"offer_id":1351,"quantity":1}]}`).
		refused(http.StatusUnprocessableEntity, "kinds-mixed", "Q")
	d.call("demo", http.MethodPost, "orders", "a=b", "Idempotency-Key", "k", "Content-Type", "text/plain").
		refused(http.StatusUnsupportedMediaType, "media-type", "Q")
	d.call("demo", http.MethodPost, "orders", `{"reference":"`+strings.Repeat("x", 70_000)+`"}`, "Idempotency-Key", "k").
		refused(http.StatusRequestEntityTooLarge, "body-too-large", "Q")
	d.call("demo", http.MethodPost, "orders?dry=1", orderOf("A-1", milk, 1, 940), "Idempotency-Key", "k").
		refused(http.StatusBadRequest, "parameter-invalid", "Q")
	twins := `{"reference":"A-1","total":1870,"items":[{"offer_id":1,"quantity":1},{"offer_id":1,"quantity":1}]}`
	d.place("demo", "k", twins).refused(http.StatusConflict, "price-changed", "PL") // a name may be in each element of a list
	d.call("demo", http.MethodPut, "orders/by-reference/A-1", "").
		refused(http.StatusMethodNotAllowed, "method-not-allowed", "L")
	d.call("demo", http.MethodGet, "orders/x/cancel", "").refused(http.StatusMethodNotAllowed, "method-not-allowed", "L")
	if d.Balance("demo") != 100_000 {
		t.Error("something was bought")
	}
}

func TestEveryRefusalOfAnOrderSaysWhatToDo(t *testing.T) {
	d := newDesk(t).stock()
	d.open(gift.Partner{Name: "poor"}, 1000)
	d.open(gift.Partner{Name: "limited", DailyLimit: 1}, 100_000)
	d.open(gift.Partner{Name: "barred"}, 100_000)
	if _, err := d.DB.ChangePartner(t.Context(), "barred", 0, d.Clock.Now(), func(p *gift.Partner) error {
		p.State = gift.Blacklisted
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	d.refresh()
	d.bought("limited", "first", milk, 1)
	rare := d.bought("demo", "rare", rareMilk, 1)
	twice := fmt.Sprintf(`{"offer_id":%d,"quantity":1,"coupon_id":%d}`, dumpling, dumpling*100_000+4)
	if a := d.place("demo", "coupon", orderCoupon("coupon", 3)); a.status != http.StatusCreated {
		t.Fatal(a.body)
	}
	for i, test := range []struct {
		partner, body string
		status        int
		kind, code    string
		more          string
	}{
		{"barred", orderOf("X", milk, 1, 940), 403, "may-not-spend", "UB", ""},
		{"demo", orderOf("X", 99, 1, 940), 409, "offer-unknown", "PD", `"item":0,"offer_id":99`},
		{"demo", orderOf("X", oldMilk, 1, 940), 409, "expired", "M2", `"offer_id":4`},
		{"demo", orderOf("X", lastMilk, 2, 1880), 409, "too-few", "PD", `"available":1`},
		{"demo", orderOf("X", milk, 1, 941), 409, "price-changed", "PL", `"right_total":940`},
		{"demo", orderOf("X", rareMilk, 1, 940), 409, "once-per-partner", "M1", `"offer_id":3`},
		{"limited", orderOf("X", milk, 1, 940), 409, "daily-limit", "M3", `"limit":1`},
		{"poor", orderOf("X", milk, 2, 1880), 402, "balance-low", "PC", `"balance":1000`},
		{"demo", orderOf("rare", milk, 1, 940), 409, "reference-used", "PPA", `"order_id":"` + rare.ID + `"`},
		{"demo", orderCoupon("X", 999), 409, "coupon-unknown", "PD", `"offer_id":1351`},
		{"demo", orderCoupon("X", 3), 409, "coupon-taken", "PD", `"offer_id":1351`},
		{"demo", `{"reference":"X","total":500,"items":[` + twice + "," + twice + `]}`, 409, "coupon-taken", "PD", `"item":1`},
	} {
		key := fmt.Sprint("k", i)
		a := d.place(test.partner, key, test.body).refused(test.status, test.kind, test.code)
		for _, more := range strings.Split(test.more, ",") {
			if !strings.Contains(a.body, more) {
				t.Errorf("%s: %s lacks %s", test.kind, a.body, more)
			}
		}
		if test.kind == "may-not-spend" {
			continue // nothing is kept of whoever may not buy
		}
		again := d.place(test.partner, key, test.body)
		if again.head.Get("Idempotent-Replayed") != "true" || again.status != a.status || again.withoutID() != a.withoutID() {
			t.Errorf("%s again: %d %v %s", test.kind, again.status, again.head, again.body)
		}
	}
	d.bought("other", "last", lastMilk, 1)
	d.place("demo", "gone", orderOf("X", lastMilk, 1, 940)).refused(409, "sold-out", "PD")
	d.refresh() // now it is not in memory, either
	d.place("demo", "gone2", orderOf("X", lastMilk, 1, 940)).refused(409, "sold-out", "PD")
}

// withoutID is the body without the id of the request.
func (a reply) withoutID() string {
	return strings.Replace(a.body, a.head.Get("X-Request-Id"), "", 1)
}

func TestAKeyGivesTheSameOrderAgainAndOnlyThat(t *testing.T) {
	d := newDesk(t).stock()
	first := d.place("demo", "k1", orderOf("A-1", milk, 1, 940))
	d.Clock.Advance(time.Minute)
	again := d.place("demo", "k1", orderOf("A-1", milk, 1, 940))
	if again.status != http.StatusCreated || again.body != first.body || again.head.Get("Idempotent-Replayed") != "true" ||
		again.head.Get("Location") != first.head.Get("Location") {
		t.Errorf("again %d %v %s", again.status, again.head, again.body)
	}
	var o order
	first.into(&o)
	for _, body := range []string{
		orderOf("A-1", milk, 2, 1880), orderOf("A-2", milk, 1, 940), `{"reference":"A-1","quote_id":"quo_0000000000001"}`,
	} {
		a := d.place("demo", "k1", body).refused(http.StatusUnprocessableEntity, "idempotency-key-reused", "PPA")
		if !strings.Contains(a.body, `"order_id":"`+o.ID+`"`) {
			t.Errorf("reused: %s", a.body)
		}
	}
	if d.place("other", "k1", orderOf("A-1", milk, 1, 940)).status != http.StatusCreated {
		t.Error("another partner's key counts")
	}
	// The first version's keys are others.
	out := d.Buy(d.ids["demo"], "k1", milk)
	if out.Refusal == nil || out.Refusal.Reason != gift.NameMismatch {
		t.Errorf("a key of the first version: %+v", out)
	}
	if got := d.Balance("demo"); got != 100_000-940 {
		t.Errorf("balance %d", got)
	}
}

// TestWhatIsKeptOfAnOrderHoldsNoNumber looks for the vouchers' numbers and addresses in all that is kept with keys, and in the
// log.
func TestWhatIsKeptOfAnOrderHoldsNoNumber(t *testing.T) {
	d := newDesk(t).stock()
	o := d.bought("demo", "A-1", milk, 2)
	d.place("demo", "k2", orderOf("A-2", milk, 1, 1)).refused(409, "price-changed", "PL")
	kept := d.kept()
	if len(kept) != 2 {
		t.Fatalf("%d answers are kept", len(kept))
	}
	for _, body := range append(kept, d.log.String()) {
		for _, v := range o.Vouchers {
			if strings.Contains(body, v.Number) || strings.Contains(body, v.VoucherURL) {
				t.Errorf("%s is in %s", v.Number, body)
			}
		}
	}
}

func TestVoucherStatesFollowThePartnersOwnClock(t *testing.T) {
	d := newDesk(t).stock()
	o := d.bought("devtest1", "A-1", milk, 1)
	d.setAhead("devtest1", 120*24*time.Hour)
	var v voucher
	d.want(http.StatusOK, "devtest1", http.MethodGet, "vouchers/"+o.Vouchers[0].ID, "").into(&v)
	if v.State != "expired" || v.Number == "" {
		t.Errorf("%+v", v)
	}
	d.place("devtest1", "k2", orderOf("A-2", milk, 1, 940)).refused(409, "expired", "M2")
	if live := d.bought("demo", "A-1", milk, 1); live.Vouchers[0].State != "usable" {
		t.Errorf("of another partner %+v", live.Vouchers[0])
	}
}

func TestALinkIsRenewedAndTheOldOneLeadsNowhere(t *testing.T) {
	d := newDesk(t).stock()
	was := d.bought("demo", "A-1", milk, 2).Vouchers
	var v voucher
	d.want(http.StatusOK, "demo", http.MethodPost, "vouchers/"+was[0].ID+"/link", "").into(&v)
	if v.VoucherURL == was[0].VoucherURL || v.Number != was[0].Number {
		t.Errorf("%+v", v)
	}
	var now order
	d.want(http.StatusOK, "demo", http.MethodGet, "orders/"+v.OrderID, "").into(&now)
	if now.Vouchers[0].VoucherURL != v.VoucherURL || now.Vouchers[1].VoucherURL != was[1].VoucherURL {
		t.Errorf("%+v", now)
	}
	if d.actedAs("demo", "voucher.link") != 1 {
		t.Error("the audit trail does not tell of it")
	}
	d.call("demo", http.MethodPost, "vouchers/"+v.ID+"/link", `{"serial":3}`).
		refused(http.StatusBadRequest, "body-invalid", "Q")
}
