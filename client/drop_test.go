package client_test

import (
	"testing"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

// TestAPurchaseOfV1SurvivesACutAtAnyByte breaks the connection at every byte of the real server's answer, its head included. Each time
// there must be one order more, and the purchase must have returned it.
func TestAPurchaseOfV1SurvivesACutAtAnyByte(t *testing.T) {
	server := clienttest.New(t)
	v1 := server.Client(clienttest.Sandbox).WithoutPauses().V1()
	choco := client.V1Purchase{
		Items: []client.V1Item{{OfferID: clienttest.ChocoOffer, Product: clienttest.ChocoName}}, Cash: clienttest.ChocoPrice,
	}
	for n := 0; ; n++ {
		cut := server.Cut(n)
		order, err := v1.BuyGifticoupon(t.Context(), choco)
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		h, err := v1.BuyGifticonList(t.Context(), client.V1HistoryQuery{Limit: 1})
		if err != nil || h.Total != int64(n+1) || h.List[0].OrderID != order.ID {
			t.Fatalf("cut after %d bytes: %+v, %v; bought %s", n, h, err, order.ID)
		}
		if !cut() {
			if n < 100 {
				t.Errorf("the whole answer has %d bytes", n)
			}
			return
		}
	}
}
