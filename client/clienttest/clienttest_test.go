package clienttest_test

import (
	"errors"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

func TestAServerHasStockAndPartnersWithKeys(t *testing.T) {
	began := time.Now()
	server := clienttest.New(t)
	t.Logf("started within %v", time.Since(began))
	for _, partner := range []string{clienttest.Live, clienttest.Sandbox} {
		v1 := server.Client(partner).V1()
		gifts, err := v1.ListAll(t.Context(), client.V1GiftQuery{Words: "초코에몽"})
		if err != nil || len(gifts.List) == 0 {
			t.Fatal(gifts, err)
		}
		choco := gifts.List[0]
		if choco.OfferID != clienttest.ChocoOffer || choco.Product != clienttest.ChocoName || choco.Price != clienttest.ChocoPrice ||
			choco.LastDay != clienttest.ChocoLastDay {
			t.Errorf("%+v", choco)
		}
	}
}

func TestServersDoNotShareWhatIsBought(t *testing.T) {
	for range 2 {
		v1 := clienttest.New(t).Client(clienttest.Live).V1()
		if _, err := v1.BuyGifticoupon(t.Context(), choco(1)); err != nil {
			t.Fatal(err)
		}
		if h, err := v1.BuyGifticonList(t.Context(), client.V1HistoryQuery{}); err != nil || h.Total != 1 {
			t.Error(h, err)
		}
	}
}

// choco buys the guide's sample under a key of its own.
func choco(n int) client.V1Purchase {
	p := client.V1Purchase{}
	for range n {
		p.Items = append(p.Items, client.V1Item{OfferID: clienttest.ChocoOffer, Product: clienttest.ChocoName})
		p.Cash += clienttest.ChocoPrice
	}
	return p
}

func TestTheClockMovesPricesAndExpiry(t *testing.T) {
	server := clienttest.New(t)
	v1 := server.Client(clienttest.Live).V1()
	price := func() int64 {
		t.Helper()
		d, err := v1.GiftDetail(t.Context(), 27935, clienttest.ChocoOffer)
		if err != nil {
			t.Fatal(err)
		}
		return d.Detail.Price
	}
	first := price()
	server.Advance(clienttest.ChocoLastDay.Start().Sub(clienttest.Start)) // it is its last day
	if last := price(); first != 940 || last != 462 {
		t.Errorf("cost %d, on its last day %d", first, last)
	}
	server.Advance(24 * time.Hour)
	if _, err := v1.BuyGifticoupon(t.Context(), choco(1)); !errors.Is(err, client.ErrExpired) && client.Code(err) != "PD" {
		t.Errorf("after its last day: %v", err)
	}
	if now := server.Now(); now.Before(clienttest.ChocoLastDay.End()) {
		t.Error(now)
	}
}

func TestACouponIsRedeemedAtItsShop(t *testing.T) {
	server := clienttest.New(t)
	for _, partner := range []string{clienttest.Live, clienttest.Sandbox} {
		v1 := server.Client(partner).V1()
		stars, err := v1.StarListAll(t.Context(), client.V1StarQuery{})
		if err != nil || len(stars.List) == 0 {
			t.Fatal(stars, err)
		}
		star := stars.List[0]
		order, err := v1.BuyStarcoupon(t.Context(), client.V1Purchase{
			Items: []client.V1Item{{OfferID: star.OfferID, CampaignID: star.CampaignID, Product: star.Product}}, Cash: star.Price,
		})
		if err != nil {
			t.Fatal(err)
		}
		server.Redeem(order.ID, order.CouponIDs[0])
		h, err := v1.BuyStarcouponList(t.Context(), client.V1HistoryQuery{OrderID: order.ID})
		if err != nil || len(h.List) != 1 || h.List[0].Status != client.V1Used || h.List[0].UsedAt.IsZero() {
			t.Errorf("%+v, %v", h, err)
		}
	}
}

func TestAnAnswerIsCutOnce(t *testing.T) {
	server := clienttest.New(t)
	c := client.New(client.Options{BaseURL: server.URL, Credentials: server.Credentials(clienttest.Live), Retries: -1})
	for _, n := range []int{0, 1, 100, 300} {
		cut := server.Cut(n)
		if _, err := c.V1().ListAll(t.Context(), client.V1GiftQuery{}); err == nil || !cut() {
			t.Errorf("after %d bytes: %v, cut %v", n, err, cut())
		}
		if _, err := c.V1().ListAll(t.Context(), client.V1GiftQuery{}); err != nil {
			t.Errorf("after it: %v", err)
		}
	}
	cut := server.Cut(1 << 20)
	if _, err := c.V1().ListAll(t.Context(), client.V1GiftQuery{}); err != nil || cut() {
		t.Errorf("a long cut: %v, cut %v", err, cut())
	}
}
