package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

// exampleServer starts a server for an example. Programs have the address and keys that the operator gave them.
func exampleServer() *clienttest.Server {
	server, err := clienttest.Open()
	if err != nil {
		log.Fatal(err)
	}
	return server
}

// Buy a voucher. Whatever happens on the way, it is bought once; what the server refuses says why.
func ExampleClient_Purchase() {
	server := exampleServer()
	defer server.Close()
	c := client.New(client.Options{BaseURL: server.URL, Credentials: server.Credentials(clienttest.Live)})
	ctx := context.Background()

	order, err := c.Purchase(ctx, client.PurchaseRequest{
		Reference: "A-1001", // our own order's, stored before
		Items:     []client.Item{{OfferID: 18411, Quantity: 1}},
		Total:     940,
	})
	var refusal *client.Error
	var unknown *client.UnknownOutcomeError
	switch {
	case errors.As(err, &unknown):
		fmt.Println("ask later by c.Resolve:", unknown.Reference)
	case errors.Is(err, client.ErrPriceChanged) && errors.As(err, &refusal):
		fmt.Println("it costs", refusal.RightTotal, "now")
	case errors.Is(err, client.ErrSoldOut):
		fmt.Println("sold out")
	case err != nil:
		log.Fatal(err)
	default:
		voucher := order.Vouchers[0]
		fmt.Println(voucher.Name, voucher.State, "until", voucher.LastDay)
	}
	// Output: 남양)초콜릿드링크초코에몽190ML usable until 2025-12-31
}

// Hold price and stock for a minute while the customer pays, then buy.
func ExampleClient_Quote() {
	server := exampleServer()
	defer server.Close()
	c := server.Client(clienttest.Live)
	ctx := context.Background()

	quote, err := c.Quote(ctx, []client.Item{{OfferID: 18411, Quantity: 2}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("to pay:", quote.Total)
	order, err := c.Purchase(ctx, client.PurchaseRequest{Reference: "A-1002", QuoteID: quote.ID})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("vouchers:", len(order.Vouchers))
	// Output:
	// to pay: 1880
	// vouchers: 2
}

// Find out what became of a purchase whose answer nobody got, such as after a crash, and make sure that nothing comes of it later.
func ExampleClient_Abandon() {
	server := exampleServer()
	defer server.Close()
	c := server.Client(clienttest.Live)

	order, err := c.Abandon(context.Background(), "A-1003")
	switch {
	case err != nil:
		log.Fatal(err)
	case order == nil:
		fmt.Println("nothing was bought, and never will be under this reference")
	default:
		fmt.Println("it was bought:", order.ID)
	}
	// Output: nothing was bought, and never will be under this reference
}

// Go through what is on sale.
func ExampleClient_AllOffers() {
	server := exampleServer()
	defer server.Close()
	c := server.Client(clienttest.Live)

	for offer, err := range c.AllOffers(context.Background(), client.OfferQuery{Words: "초코에몽", Sort: client.SortPriceAsc}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(offer.Product.Name, offer.Brand.Name, offer.Price, "won,", offer.DiscountPercent, "% off")
		break
	}
	// Output: 남양)초콜릿드링크초코에몽190ML CU 940 won, 33 % off
}

// Take the server's webhooks. The secret comes from CreateWebhook.
func ExampleWebhookHandler() {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	handler := client.WebhookHandler(secret, func(ctx context.Context, e client.Event) error {
		data, err := e.Decode()
		if err != nil {
			return err // the server sends it again
		}
		switch data := data.(type) {
		case client.CouponRedemption:
			fmt.Println("used at", data.ShopName)
		case client.BalanceLow:
			fmt.Println("pay in: there are", data.Balance, "won left")
		}
		return nil // e.ID is done; the same event may come again
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/giftimbiz", handler)
	_ = http.Server{Addr: ":3000", Handler: mux} // and ListenAndServe
}
