package client_test

import (
	"sync"
	"testing"
	"time"

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
	for n, made := 0, int64(1); ; n, made = n+1, made+1 {
		cut := server.Cut(n)
		order, err := v1.BuyGifticoupon(t.Context(), choco)
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		h, err := v1.BuyGifticonList(t.Context(), client.V1HistoryQuery{Limit: 1})
		if err != nil || h.Total != made || h.List[0].OrderID != order.ID {
			t.Fatalf("cut after %d bytes: %+v, %v; bought %s", n, h, err, order.ID)
		}
		if order.Replayed != cut() {
			t.Fatalf("cut after %d bytes: %v, answered again %v", n, cut(), order.Replayed)
		}
		if !cut() {
			if n < 100 {
				t.Errorf("the whole answer has %d bytes", n)
			}
			return
		}
	}
}

// TestManyBuyersOverABadLine has goroutines buy by both APIs while connections break all the time.
func TestManyBuyersOverABadLine(t *testing.T) {
	const buyers, each = 8, 10
	server := clienttest.New(t)
	c := server.Client(clienttest.Sandbox).WithoutPauses()
	var bought sync.Map
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := range buyers * each {
			cut := server.Cut(n * 37 % 200) // no answer is so short
			for !cut() {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
			}
		}
	}()
	var wg sync.WaitGroup
	for range buyers {
		wg.Go(func() {
			for n := range each {
				id := ""
				if n%2 == 0 {
					o, err := c.Purchase(t.Context(), oneChoco(""))
					if err != nil {
						t.Error(err)
						return
					}
					id = o.ID
				} else {
					o, err := c.V1().BuyGifticoupon(t.Context(), client.V1Purchase{
						Items: []client.V1Item{{OfferID: clienttest.ChocoOffer, Product: clienttest.ChocoName}}, Cash: clienttest.ChocoPrice,
					})
					if err != nil {
						t.Error(err)
						return
					}
					id = o.ID
				}
				if _, twice := bought.LoadOrStore(id, true); twice {
					t.Errorf("two purchases were told the order %s", id)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	<-stopped
	countOrders(t, c, buyers*each)
}
