package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

func text64(n int64) string { return strconv.FormatInt(n, 10) }

const left = firstPoints - clienttest.ChocoPrice

func TestACustomerBuysAndSeesTheNumber(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.get(choco).wants(t, http.StatusOK, clienttest.ChocoName)
	reference := b.proposed(choco)
	p := b.pay(reference).wants(t, http.StatusOK, "사용 가능")
	order, err := h.api.Resolve(t.Context(), reference)
	h.must(err)
	p.wants(t, http.StatusOK, order.Vouchers[0].Number)
	h.wantPoints(left)
	code := b.get("/orders/" + reference + "/code/0")
	if code.status != http.StatusOK || code.header.Get("Content-Type") != "image/png" || code.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the code: %d, %v", code.status, code.header)
	}
	b.get("/mine").wants(t, http.StatusOK, "/orders/"+reference)
}

func TestOneTapIsOneOrderHoweverOftenItIsTapped(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	reference := b.proposed(choco)
	var taps sync.WaitGroup
	for range 20 {
		taps.Go(func() {
			if p := b.pay(reference); p.status != http.StatusOK {
				t.Errorf("a tap is answered %d", p.status)
			}
		})
	}
	taps.Wait()
	h.eventually("the order is made", func() bool { return h.stored(reference).State == done })
	if n := h.orders(); n != 1 {
		t.Errorf("%d orders", n)
	}
	h.wantPoints(left)
	if again := b.proposed(choco); again == reference {
		t.Error("what was bought is offered once more")
	}
}

func TestATapOnBuyTwiceHoldsOnce(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	first := b.proposed(choco)
	if second := b.proposed(choco); second != first {
		t.Errorf("held twice: %s, %s", first, second)
	}
	other := b.proposed(h.aCoupon()) // the customer looks at something else
	quote := func(reference string) client.QuoteState {
		q, err := h.api.GetQuote(t.Context(), h.stored(reference).QuoteID)
		h.must(err)
		return q.State
	}
	if list, err := h.shop.store.orders(t.Context(), `reference = $1`, first); err != nil || len(list) != 0 {
		t.Errorf("the first is still offered: %v", err)
	}
	if state := quote(other); state != client.QuoteOpen {
		t.Errorf("the other is %s", state)
	}
	b.post("/orders/"+other+"/release", nil).wants(t, http.StatusOK, "구매하기")
}

// TestALostAnswerCostsNobodyAnything cuts the answer to a purchase at places all over it.
func TestALostAnswerCostsNobodyAnything(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	points := int64(firstPoints)
	gifts := h.shop.catalogue.shelves().list(client.Gifticon, cheap, nil)
	for i, at := range []int{0, 1, 40, 200, 400, 700} {
		reference := b.proposed("/item/gifticon/" + text64(gifts[i].ID))
		cut := h.server.Cut(at)
		b.pay(reference).wants(t, http.StatusOK, "사용 가능")
		if !cut() {
			t.Errorf("the answer is shorter than %d bytes", at)
		}
		points -= gifts[i].Price
		h.wantPoints(points)
		if n := h.orders(); n != i+1 {
			t.Errorf("%d orders after %d purchases", n, i+1)
		}
	}
}

// TestAShopThatDiedFindsOutWhatBecameOfItsOrders: a shop is killed before its purchase, after it, and while it is on its way.
func TestAShopThatDiedFindsOutWhatBecameOfItsOrders(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	charge := func() *order {
		o := h.stored(b.proposed(choco))
		paid, err := h.shop.store.charge(t.Context(), o, time.Now())
		h.must(err)
		if !paid {
			t.Fatal("not paid")
		}
		return o
	}
	before, after := charge(), charge()
	if _, err := h.api.Purchase(t.Context(), client.PurchaseRequest{Reference: after.Reference, Key: after.Key, QuoteID: after.QuoteID}); err != nil {
		t.Fatal(err)
	}
	next := openHouse(t, h.server, h.shop.cfg)
	next.must(next.shop.reconcile(t.Context()))
	if s := next.stored(after.Reference); s.State != done || len(s.Vouchers) != 1 {
		t.Errorf("what was bought is %s", s.State)
	}
	if s := next.stored(before.Reference); s.State != pending {
		t.Errorf("what may be on its way yet is %s", s.State)
	}
	next.wantPoints(firstPoints - 2*clienttest.ChocoPrice)
	next.shop.cfg.GiveUpAfter = time.Nanosecond
	for range 2 {
		next.must(next.shop.reconcile(t.Context()))
		if s := next.stored(before.Reference); s.State != failed || s.Reason != givenUp {
			t.Errorf("what nobody has heard of is %s: %s", s.State, s.Reason)
		}
		next.wantPoints(left)
	}
	_, err := h.api.Purchase(t.Context(), client.PurchaseRequest{Reference: before.Reference, Key: before.Key, QuoteID: before.QuoteID})
	if !errors.Is(err, client.ErrReferenceClosed) {
		t.Errorf("it can be bought after the points are back: %v", err)
	}
}

// TestAnOrderUnderTheReferenceIsTheCustomers, whatever key it was bought under.
func TestAnOrderUnderTheReferenceIsTheCustomers(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	reference := b.proposed(choco)
	_, err := h.api.Purchase(t.Context(), client.PurchaseRequest{
		Reference: reference, Items: []client.Item{{OfferID: clienttest.ChocoOffer, Quantity: 1}}, Total: clienttest.ChocoPrice,
	})
	h.must(err)
	b.pay(reference).wants(t, http.StatusOK, "사용 가능")
	h.wantPoints(left)
	if n := h.orders(); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// TestAnOrderThatCannotBeAskedForKeepsNobodyWaiting looks into an old one, for which the API has nothing but a refusal, and another.
func TestAnOrderThatCannotBeAskedForKeepsNobodyWaiting(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	o := h.stored(b.proposed(choco))
	odd := *o
	odd.Reference, odd.QuoteID = "no name at all", ""
	h.must(h.shop.store.offer(t.Context(), &odd))
	for _, o := range []*order{&odd, o} {
		if paid, err := h.shop.store.charge(t.Context(), o, o.CreatedAt); err != nil || !paid {
			t.Fatal(paid, err)
		}
	}
	if _, err := h.api.Purchase(t.Context(), client.PurchaseRequest{Reference: o.Reference, Key: o.Key, QuoteID: o.QuoteID}); err != nil {
		t.Fatal(err)
	}
	if err := h.shop.reconcile(t.Context()); !errors.Is(err, client.ErrInvalid) {
		t.Error(err)
	}
	if s := h.stored(o.Reference); s.State != done {
		t.Errorf("what was bought is %s", s.State)
	}
}

// TestWhatIsNotSoldIsPaidBackAndSaidWhy has the purchase refused after the points were taken.
func TestWhatIsNotSoldIsPaidBackAndSaidWhy(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	reference := b.proposed(choco)
	h.must(h.api.ReleaseQuote(t.Context(), h.stored(reference).QuoteID)) // as if the hold had ended on the way
	p := b.pay(reference)
	if p.path == "/orders/"+reference {
		t.Errorf("the customer is not asked again: %s", p.main())
	}
	p.wants(t, http.StatusOK, `id="pay"`)
	h.wantPoints(firstPoints)
	b.get("/orders/"+reference).wants(t, http.StatusOK, "가격 보장 시간이 끝났습니다")
}

// TestAPriceThatIsNotHeldIsAskedForAgainAtMidnight: so many quotes are open that the shop gets none.
func TestAPriceThatIsNotHeldIsAskedForAgainAtMidnight(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	turns := client.Day(clienttest.ChocoLastDay).Start().AddDate(0, 0, -60)
	h.server.Advance(turns.Add(-time.Minute).Sub(h.server.Now()))
	h.follow()
	h.quoteAll()
	reference := strings.TrimPrefix(b.post(choco+"/buy", nil).path, "/orders/")
	o := h.stored(reference)
	if o.QuoteID != "" {
		t.Fatal("the price is held")
	}
	b.get("/orders/"+reference).wants(t, http.StatusOK, "가격을 잡아 두지 못했습니다")
	h.server.Advance(2 * time.Minute)
	p := b.pay(reference).wants(t, http.StatusOK, "가격이 바뀌었습니다")
	asked := h.stored(strings.TrimPrefix(p.path, "/orders/"))
	if asked.Seen != o.Price || asked.Price == o.Price {
		t.Errorf("it was %d, is %d; asked: %d, %d", o.Seen, o.Price, asked.Seen, asked.Price)
	}
	h.wantPoints(firstPoints)
	b.pay(asked.Reference).wants(t, http.StatusOK, "사용 가능")
	h.wantPoints(firstPoints - asked.Price)
}

// quoteAll opens as many quotes as the partner can have, none of them of the guide's offer.
func (h *house) quoteAll() {
	h.t.Helper()
	for _, it := range h.shop.catalogue.shelves().list(client.Gifticon, popular, nil) {
		var err error
		for it.ID != clienttest.ChocoOffer && err == nil {
			_, err = h.api.Quote(h.t.Context(), []client.Item{{OfferID: it.ID, Quantity: 1}})
		}
		if errors.Is(err, client.ErrTooManyQuotes) {
			return
		}
	}
	h.t.Fatal("there are too few offers for so many quotes")
}

// TestAHoldThatIsOverIsMadeAnew: at the same price nobody is asked again, and however often it is tapped, one is bought.
func TestAHoldThatIsOverIsMadeAnew(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	reference := b.proposed(choco)
	before := h.stored(reference)
	_, err := h.shop.store.db.ExecContext(t.Context(), `UPDATE orders SET held_until = 1`)
	h.must(err)
	h.server.Advance(2 * time.Minute)
	var taps sync.WaitGroup
	for range 10 {
		taps.Go(func() {
			if p := b.pay(reference); p.status != http.StatusOK || p.path != "/orders/"+reference {
				t.Errorf("a tap ends at %s with %d", p.path, p.status)
			}
		})
	}
	taps.Wait()
	h.eventually("the order is made", func() bool { return h.stored(reference).State == done })
	h.must(h.shop.holdAnew(t.Context(), before)) // of a tap that read before all others, and is late
	if after := h.stored(reference); after.QuoteID == before.QuoteID || after.State != done {
		t.Errorf("%s, by a hold that was over: %v", after.State, after.QuoteID == before.QuoteID)
	}
	if n := h.orders(); n != 1 {
		t.Errorf("%d orders", n)
	}
	h.wantPoints(left)
}

func TestWhoHasTooFewPointsIsToldSo(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	reference := b.proposed(choco)
	_, err := h.shop.store.db.ExecContext(t.Context(), `UPDATE users SET points = 40`)
	h.must(err)
	b.pay(reference).wants(t, http.StatusConflict, "900 P 부족합니다")
	h.wantPoints(40)
	if n := h.orders(); n != 0 {
		t.Errorf("%d orders", n)
	}
}

// TestNoNumberIsStored looks for a voucher's number in all files of the shop, and in pages of others.
func TestNoNumberIsStored(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	reference := b.proposed(choco)
	b.pay(reference)
	order, err := h.api.Resolve(t.Context(), reference)
	h.must(err)
	number := order.Vouchers[0].Number
	files, err := filepath.Glob(filepath.Join(h.shop.cfg.Data, "*"))
	h.must(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		h.must(err)
		if strings.Contains(string(text), number) {
			t.Errorf("%s holds the number", filepath.Base(file))
		}
	}
	stranger := h.browser()
	stranger.proposed(h.aCoupon())
	for _, path := range []string{"", "/code/0"} {
		stranger.get("/orders/"+reference+path).wants(t, http.StatusNotFound, "없는 페이지")
	}
	for _, act := range []string{"/pay", "/release", "/cancel"} {
		stranger.post("/orders/"+reference+act, nil).wants(t, http.StatusNotFound, "없는 페이지")
	}
	keys := h.shop.cfg.Credentials
	for _, path := range []string{"/", choco, "/mine", "/orders/" + reference, "/search?q=초코"} {
		for _, secret := range []string{keys.PartnerKey, keys.PartnerToken} {
			if strings.Contains(b.get(path).body, secret) {
				t.Errorf("%s shows a key", path)
			}
		}
	}
}
