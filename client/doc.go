// Package client talks to a GiftiMBiz server as a partner does: it looks into the stock, buys digital vouchers, and hears what
// becomes of them. It needs nothing but the standard library.
//
//	c := client.New(client.Options{BaseURL: "https://gift.example", Credentials: credentials})
//	order, err := c.Purchase(ctx, client.PurchaseRequest{
//		Reference: "A-1001",
//		Items:     []client.Item{{OfferID: 18411, Quantity: 1}},
//		Total:     940,
//	})
//	switch {
//	case errors.Is(err, client.ErrSoldOut):
//		// offer something else
//	case err != nil:
//		return err
//	default:
//		fmt.Println(order.Vouchers[0].VoucherURL)
//	}
//
// A [Client] signs in by itself, with the [Credentials] that the operator handed out, and renews its access token before it expires. One
// client serves a whole program.
//
// # Never twice
//
// Calls that fail on the way are sent again, after growing pauses, where that does no harm: what only reads, what does no more when
// it is done twice, and what the server said it has not done. [Client.Purchase] goes further. It sends an Idempotency-Key and asks
// under it until the server has told what became of the purchase, so that a lost answer neither loses an order nor makes two. If
// nothing can be found out in time, its error is an [*UnknownOutcomeError]; [Client.Resolve] and [Client.Abandon] go on from there, in
// another process if need be. So store PurchaseRequest.Reference before you buy.
//
// # Errors
//
// What the server refuses is an [*Error]. errors.Is tells what it is about ([ErrSoldOut], [ErrPriceChanged], [ErrBalanceLow], …), and its
// members hold what helps to go on, such as the price now. [Code] returns the result code of API v1. Any other error says that there was
// no answer, or none of the server's.
//
// # Lists
//
// A method such as [Client.Offers] returns a page. Its sister, [Client.AllOffers], goes through all pages:
//
//	for offer, err := range c.AllOffers(ctx, client.OfferQuery{Words: "스타벅스"}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(offer.Product.Name, offer.Price)
//	}
//
// Who keeps a copy of the stock gets it, and from then on what changed, by [Client.AllOfferChanges].
//
// # Webhooks
//
// [WebhookHandler] is an http.Handler that takes the server's webhooks: it verifies them and hands on their events. [WebhookVerifier]
// does it where secrets are rotated or another framework reads the requests.
//
// # API v1
//
// The methods of Client speak API v2. [Client.V1] has the endpoints of API v1 under the names that the guide gives them, and its purchases
// are safe in the same way. Comments such as "guide §4" name the guide's sections.
//
// # Tests
//
// Package giftimbiz/client/clienttest starts the real server with sample stock inside a test.
package client
