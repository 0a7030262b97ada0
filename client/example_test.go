package client_test

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"giftimbiz/client"
)

// Buy an offer under a key of our own order: whatever happens on the way, asking again under the same key buys once.
func ExampleClient_Call() {
	c := client.New(client.Options{
		BaseURL: os.Getenv("BASE_URL"),
		Credentials: client.Credentials{
			PartnerID: os.Getenv("PARTNER_ID"), PartnerKey: os.Getenv("PARTNERKEY"),
			PartnerToken: os.Getenv("PARTNERTOKEN"), RefreshToken: os.Getenv("REFRESH_TOKEN"),
		},
	})
	answer, err := c.Call(context.Background(), "giftimbiz/buyGifticoupon", url.Values{
		"md_idx": {"18411"}, "cash": {"940"}, "product": {"남양)초콜릿드링크초코에몽190ML"},
	}, client.IdempotencyKey("our-order-1"))
	switch {
	case client.Code(err) == "PD":
		fmt.Println("sold out")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(string(answer))
	}
}
