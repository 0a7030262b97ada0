package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

// Buy a gifticon by API v1, as the guide's §6 has it, and never twice.
func ExampleV1_BuyGifticoupon() {
	server := exampleServer()
	defer server.Close()
	c := client.New(client.Options{BaseURL: server.URL, Credentials: server.Credentials(clienttest.Live)})
	ctx := context.Background()

	gifts, err := c.V1().ListAll(ctx, client.V1GiftQuery{Words: "초코에몽"})
	if err != nil {
		log.Fatal(err)
	}
	gift := gifts.List[0]
	order, err := c.V1().BuyGifticoupon(ctx, client.V1Purchase{
		Items: []client.V1Item{{OfferID: gift.OfferID, Product: gift.Product}},
		Cash:  gift.Price,
	})
	switch {
	case client.Code(err) == "PD":
		fmt.Println("sold out meanwhile")
	case errors.Is(err, client.ErrBalanceLow):
		fmt.Println("pay in first")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println("bought", gift.Product, "for", gift.Price, "won:", len(order.ID) > 0)
	}
	// Output: bought 남양)초콜릿드링크초코에몽190ML for 940 won: true
}

// List what was bought, with the voucher numbers.
func ExampleV1_AllBoughtGifts() {
	server := exampleServer()
	defer server.Close()
	v1 := server.Client(clienttest.Live).V1()
	ctx := context.Background()
	for range 3 {
		if _, err := v1.BuyGifticoupon(ctx, client.V1Purchase{
			Items: []client.V1Item{{OfferID: clienttest.ChocoOffer, Product: clienttest.ChocoName}}, Cash: clienttest.ChocoPrice,
		}); err != nil {
			log.Fatal(err)
		}
	}

	for bought, err := range v1.AllBoughtGifts(ctx, client.V1HistoryQuery{From: "2025-09-15", To: "2025-09-15"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(bought.Product, bought.Status, bought.LastDay, len(bought.Number) > 0)
	}
	// Output:
	// 남양)초콜릿드링크초코에몽190ML buy 2025-12-31 true
	// 남양)초콜릿드링크초코에몽190ML buy 2025-12-31 true
	// 남양)초콜릿드링크초코에몽190ML buy 2025-12-31 true
}

// Call an endpoint of API v1 as it is.
func ExampleClient_Call() {
	server := exampleServer()
	defer server.Close()
	c := server.Client(clienttest.Sandbox)

	_, err := c.Call(context.Background(), "giftimbiz/giftDetail", map[string][]string{"CODE": {"27935"}, "DCODE": {"1"}})
	fmt.Println(client.Code(err), err)
	// Output: M M: DCODE 1 is not on sale.
}
