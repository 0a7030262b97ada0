package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

func TestTheSandboxHasAClockOfItsOwn(t *testing.T) {
	server := clienttest.New(t)
	c, live, ctx := server.Client(clienttest.Sandbox), server.Client(clienttest.Live), t.Context()
	clock, err := c.SetClock(ctx, clienttest.ChocoLastDay.Start().Add(9*time.Hour))
	if err != nil || client.DayOf(clock.Now) != clienttest.ChocoLastDay || clock.AheadSeconds < 100*24*60*60 {
		t.Fatal(clock, err)
	}
	for who, want := range map[*client.Client]int64{c: 462, live: clienttest.ChocoPrice} {
		if offer, err := who.Offer(ctx, clienttest.ChocoOffer); err != nil || offer.Price != want {
			t.Errorf("it costs %d, want %d: %v", offer.Price, want, err)
		}
	}
	if _, err := c.SetClock(ctx, clienttest.Start); !errors.Is(err, client.ErrInvalid) {
		t.Error(err)
	}
	if clock, err = c.AdvanceClock(ctx, 24*time.Hour); err != nil || client.DayOf(clock.Now) != "2026-01-01" {
		t.Error(clock, err)
	}
	if clock, err = c.ResetClock(ctx); err != nil || clock.AheadSeconds != 0 {
		t.Error(clock, err)
	}
	if _, err := live.Sandbox(ctx); !errors.Is(err, client.ErrSandboxOnly) {
		t.Error(err)
	}
}

// TestOutcomesAreWhatTheirNamesSay asks for each outcome that the server has, in both APIs.
func TestOutcomesAreWhatTheirNamesSay(t *testing.T) {
	server := clienttest.New(t)
	c, ctx := server.Client(clienttest.Sandbox).WithoutPauses(), t.Context()
	sandbox, err := c.Sandbox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	refusals := map[string]error{
		client.OutcomeSoldOut: client.ErrSoldOut, client.OutcomePriceChanged: client.ErrPriceChanged,
		client.OutcomeBalanceLow: client.ErrBalanceLow, client.OutcomeDailyLimit: client.ErrDailyLimit, client.OutcomeExpired: client.ErrExpired,
	}
	onTheWay := []string{client.OutcomeAnswerLost, client.OutcomeUnavailable, client.OutcomeRateLimited, client.OutcomeSlow}
	for _, name := range sandbox.Outcomes {
		if refusals[name] == nil && !slices.Contains(onTheWay, name) {
			t.Errorf("the client does not know %s", name)
		}
	}
	if len(sandbox.Outcomes) != len(refusals)+len(onTheWay) {
		t.Errorf("the server knows %v", sandbox.Outcomes)
	}
	choco := client.V1Purchase{
		Items: []client.V1Item{{OfferID: clienttest.ChocoOffer, Product: clienttest.ChocoName}}, Cash: clienttest.ChocoPrice,
	}
	for name, want := range refusals {
		if _, err := c.Purchase(ctx, oneChoco(""), client.SandboxOutcome(name)); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.Quote(ctx, oneChoco("").Items, client.SandboxOutcome(name)); !errors.Is(err, want) && name != client.OutcomePriceChanged {
			t.Errorf("%s of a quote: %v", name, err)
		}
		_, err := c.V1().BuyGifticoupon(ctx, choco, client.SandboxOutcome(name))
		if !errors.Is(err, want) && (name != client.OutcomeSoldOut || client.Code(err) != "PD") {
			t.Errorf("%s of v1: %v", name, err)
		}
	}
	for _, name := range onTheWay {
		if _, err := c.Purchase(ctx, oneChoco(""), client.SandboxOutcome(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.V1().BuyGifticoupon(ctx, choco, client.SandboxOutcome(name)); err != nil {
			t.Errorf("%s of v1: %v", name, err)
		}
	}
	countOrders(t, c, 2*len(onTheWay))
	if _, err := c.Balance(ctx, client.SandboxOutcome("rain")); !errors.Is(err, client.ErrInvalid) {
		t.Error(err)
	}
}

func TestTheSandboxRedeemsAndForgets(t *testing.T) {
	server := clienttest.New(t)
	c, ctx := server.Client(clienttest.Sandbox), t.Context()
	coupon := firstCoupon(t, c)
	order := buy(t, c, client.PurchaseRequest{Reference: "A-1", Items: []client.Item{{OfferID: coupon.ID, Quantity: 1}}, Total: coupon.Price})
	v, err := c.SandboxRedeem(ctx, order.Vouchers[0].ID)
	if err != nil || v.State != client.VoucherUsed || v.Used.ShopID != coupon.Shop.ID {
		t.Fatal(v, err)
	}
	if n, err := c.SandboxReset(ctx); err != nil || n != 1 {
		t.Error(n, err)
	}
	if _, err := c.Resolve(ctx, "A-1"); !errors.Is(err, client.ErrNotFound) {
		t.Error(err)
	}
	countOrders(t, c, 0)
}

// TestEventsOfTheSandboxAreFollowed buys, and listens.
func TestEventsOfTheSandboxAreFollowed(t *testing.T) {
	server := clienttest.New(t)
	c := server.Client(clienttest.Sandbox)
	order := buy(t, c, oneChoco(""))
	for e, err := range c.FollowEvents(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		data, err := e.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := data.(client.OrderCompleted); ok && d.OrderID == order.ID {
			return
		}
	}
}

// See how a program gets over an answer that is lost, in the sandbox.
func ExampleSandboxOutcome() {
	server := exampleServer()
	defer server.Close()
	c := server.Client(clienttest.Sandbox)

	order, err := c.Purchase(context.Background(), client.PurchaseRequest{
		Items: []client.Item{{OfferID: 18411, Quantity: 1}}, Total: 940,
	}, client.SandboxOutcome(client.OutcomeAnswerLost))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("bought once, told twice:", order.Replayed)
	// Output: bought once, told twice: true
}
