package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

// bought buys a star coupon in a shop that hears of events, and returns its order.
func bought(t *testing.T) (*house, *browser, *order) {
	t.Helper()
	h := newHouse(t)
	h.must(h.shop.hook.enrol(t.Context()))
	b := h.browser()
	reference := b.proposed(h.aCoupon())
	b.pay(reference).wants(t, http.StatusOK, "사용 가능")
	return h, b, h.stored(reference)
}

func (h *house) state(reference string) client.VoucherState {
	h.t.Helper()
	return h.stored(reference).Vouchers[0].State
}

func TestACouponThatIsUsedAtAShopIsUsedHere(t *testing.T) {
	h, b, o := bought(t)
	h.server.Redeem(o.OrderID, o.Vouchers[0].CouponID)
	h.eventually("it is used", func() bool { return h.state(o.Reference) == client.VoucherUsed })
	b.get("/orders/"+o.Reference).wants(t, http.StatusOK, o.Place+"에서 사용했습니다")
	b.get("/mine").wants(t, http.StatusOK, o.Place+"에서 사용했습니다")
}

// TestAnEventChangesNothingTwiceNorBackwards tells of things that happened before, again and in a wrong order.
func TestAnEventChangesNothingTwiceNorBackwards(t *testing.T) {
	h, _, o := bought(t)
	event := func(id string, kind client.EventType, data any) {
		t.Helper()
		raw, err := json.Marshal(data)
		h.must(err)
		h.must(h.shop.hook.handle(t.Context(), client.Event{ID: id, Type: kind, At: h.server.Now(), Data: raw}))
	}
	redeemed := client.CouponRedemption{OrderID: o.OrderID, CouponID: o.Vouchers[0].CouponID, ShopName: "?"}
	event("evt_1", client.EventCouponRedeemed, redeemed) // it is not: that was undone since
	if state := h.state(o.Reference); state != client.VoucherUsable {
		t.Errorf("an event that is late makes it %s", state)
	}
	for range 3 {
		event("evt_2", client.EventVoucherExpiring, client.VoucherExpiry{OrderID: o.OrderID, Kind: client.Star, DaysLeft: 7})
	}
	event("evt_3", client.EventOrderCompleted, client.OrderCompleted{OrderID: "20250915-0000000000000"}) // of nobody here
	event("evt_4", "order.sung", "la")
	event("evt_5", client.EventVoucherWithdrawn, client.VoucherWithdrawn{OrderID: o.OrderID, Vouchers: []string{o.Vouchers[0].ID}})
	notices, err := h.shop.store.notices(t.Context(), o.UserID, 10)
	h.must(err)
	if len(notices) != 2 || notices[1].Kind != noticeExpiring || notices[1].Detail != "7" || notices[0].Kind != noticeWithdrawn {
		t.Errorf("the customer was told %+v", notices)
	}
	if v := h.stored(o.Reference).Vouchers[0]; !v.Withdrawn || v.Looks() != noticeWithdrawn {
		t.Error("it is not withdrawn")
	}
}

// TestACancelledCouponIsPaidBackOnce: the customer cancels, and the event tells of it, too.
func TestACancelledCouponIsPaidBackOnce(t *testing.T) {
	h, b, o := bought(t)
	h.wantPoints(firstPoints - o.Price)
	b.post("/orders/"+o.Reference+"/cancel", nil).wants(t, http.StatusOK, "취소됨")
	h.wantPoints(firstPoints)
	h.eventually("the event is taken", func() bool {
		var n int
		h.must(h.shop.store.db.QueryRowContext(t.Context(), `SELECT count(*) FROM events`).Scan(&n))
		return n >= 2 // the purchase, and that it was paid back
	})
	h.wantPoints(firstPoints)
	b.post("/orders/"+o.Reference+"/cancel", nil)
	h.wantPoints(firstPoints)
}

func TestWhatTheOperatorPaysBackComesBackToTheCustomer(t *testing.T) {
	h, b, o := bought(t)
	if _, err := h.api.CancelOrder(t.Context(), o.OrderID, nil); err != nil { // by another door of the partner's
		t.Fatal(err)
	}
	h.eventually("the points are back", func() bool { return h.points() == firstPoints })
	b.get("/orders/"+o.Reference).wants(t, http.StatusOK, "취소됨")
}

func TestAUsedCouponIsNotCancelled(t *testing.T) {
	h, b, o := bought(t)
	h.server.Redeem(o.OrderID, o.Vouchers[0].CouponID)
	b.post("/orders/"+o.Reference+"/cancel", nil).wants(t, http.StatusConflict, "취소할 수 없습니다")
	h.wantPoints(firstPoints - o.Price)
}

// TestAPageCatchesUpWhenAnEventIsLate has the shop hear of no event at all.
func TestAPageCatchesUpWhenAnEventIsLate(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	reference := b.proposed(h.aCoupon())
	b.pay(reference)
	o := h.stored(reference)
	h.server.Redeem(o.OrderID, o.Vouchers[0].CouponID)
	b.get("/orders/"+reference).wants(t, http.StatusOK, "사용 완료")
}

func TestOnlyTheServersWebhooksAreTaken(t *testing.T) {
	h := newHouse(t)
	send := func(signature string) int {
		req, err := http.NewRequest(http.MethodPost, h.web.URL+webhookPath, strings.NewReader(`{"type":"test.sent","data":{}}`))
		h.must(err)
		req.Header.Set(client.WebhookIDHeader, "evt_1")
		req.Header.Set(client.WebhookTimestampHeader, "1757905200")
		req.Header.Set(client.WebhookSignatureHeader, signature)
		resp, err := http.DefaultClient.Do(req)
		h.must(err)
		_ = resp.Body.Close() // the status says all
		return resp.StatusCode
	}
	if status := send("v1,AAAA"); status != http.StatusServiceUnavailable {
		t.Errorf("before the secret is known: %d", status)
	}
	h.must(h.shop.hook.enrol(t.Context()))
	for _, signature := range []string{"", "v1,AAAA", "v1," + strings.Repeat("A", 43) + "="} {
		if status := send(signature); status != http.StatusUnauthorized {
			t.Errorf("%q: %d", signature, status)
		}
	}
}

func TestTheWebhookIsMadeOnceAndMended(t *testing.T) {
	h := newHouse(t)
	only := func(what string) client.Webhook {
		t.Helper()
		h.must(h.shop.hook.enrol(t.Context()))
		list, err := h.api.Webhooks(t.Context())
		h.must(err)
		if len(list) != 1 || list[0].State != client.WebhookOn || list[0].URL != h.shop.cfg.PublicURL+webhookPath {
			t.Fatalf("%s: %+v", what, list)
		}
		return list[0]
	}
	first := only("at first")
	off := false
	for what, spoil := range map[string]func() error{
		"again": func() error { return nil },
		"switched off": func() error {
			_, err := h.api.UpdateWebhook(t.Context(), first.ID, client.WebhookUpdate{Enabled: &off})
			return err
		},
		"told too little": func() error {
			few := []client.EventType{client.EventBalanceLow}
			_, err := h.api.UpdateWebhook(t.Context(), first.ID, client.WebhookUpdate{Events: few})
			return err
		},
		"moved": func() error {
			h.shop.cfg.PublicURL += "/elsewhere"
			return nil
		},
		"without its secret": func() error { return h.shop.store.set(t.Context(), settingSecret, "") },
	} {
		h.must(spoil())
		if w := only(what); w.ID != first.ID || len(w.Events) != len(wanted) {
			t.Errorf("%s: %+v", what, w)
		}
	}
	h.must(h.api.DeleteWebhook(t.Context(), first.ID))
	if w := only("deleted"); w.ID == first.ID {
		t.Error("it is the same")
	}
}

// TestASecretThatSomebodyElseChangedIsReplaced: the one of before works for another day.
func TestASecretThatSomebodyElseChangedIsReplaced(t *testing.T) {
	h, _, o := bought(t)
	list, err := h.api.Webhooks(t.Context())
	h.must(err)
	_, err = h.api.RotateWebhookSecret(t.Context(), list[0].ID)
	h.must(err)
	h.advance(25 * time.Hour)
	h.server.Redeem(o.OrderID, o.Vouchers[0].CouponID)
	h.eventually("the event is refused", func() bool {
		w, err := h.api.Webhook(t.Context(), list[0].ID)
		h.must(err)
		return w.LastFailure != nil && w.LastFailure.Status == http.StatusUnauthorized
	})
	h.must(h.shop.hook.enrol(t.Context()))
	h.advance(time.Hour) // the event is sent again
	h.eventually("it is used", func() bool { return h.state(o.Reference) == client.VoucherUsed })
}

// TestASandboxWhoseClockWasMovedHearsOfEvents: the server signs them by its own clock.
func TestASandboxWhoseClockWasMovedHearsOfEvents(t *testing.T) {
	server := clienttest.New(t)
	api := server.Client(clienttest.Sandbox)
	if _, err := api.AdvanceClock(t.Context(), 48*time.Hour); err != nil {
		t.Fatal(err)
	}
	h := openHouse(t, server, &config{
		Data: t.TempDir(), BaseURL: server.URL, Credentials: server.Credentials(clienttest.Sandbox), GiveUpAfter: time.Minute,
	})
	h.api = api
	h.must(h.shop.hook.enrol(t.Context()))
	b := h.browser()
	reference := b.proposed(h.aCoupon())
	b.pay(reference).wants(t, http.StatusOK, "사용 가능")
	o := h.stored(reference)
	_, err := api.SandboxRedeem(t.Context(), o.Vouchers[0].ID)
	h.must(err)
	h.eventually("it is used", func() bool { return h.state(reference) == client.VoucherUsed })
}

// TestAnOpenPageHearsOfChanges reads what the page's script reads.
func TestAnOpenPageHearsOfChanges(t *testing.T) {
	h, b, o := bought(t)
	version, err := h.shop.store.version(t.Context(), o.UserID)
	h.must(err)
	resp, err := b.http.Get(h.web.URL + "/live")
	h.must(err)
	defer func() { _ = resp.Body.Close() }() // the stream is cut off
	read := func() string {
		buffer := make([]byte, 200)
		n, err := resp.Body.Read(buffer)
		h.must(err)
		return string(buffer[:n])
	}
	if first := read(); !strings.HasSuffix(first, "data: "+text64(version)+"\n\n") {
		t.Errorf("it begins with %q, want version %d", first, version)
	}
	h.server.Redeem(o.OrderID, o.Vouchers[0].CouponID)
	deadline := time.Now().Add(time.Minute)
	for read() == "data: "+text64(version)+"\n\n" {
		if time.Now().After(deadline) {
			t.Fatal("the page does not hear of it")
		}
	}
	if p := h.browser().get("/live"); p.status != http.StatusNoContent {
		t.Errorf("a stranger is answered %d", p.status)
	}
}
