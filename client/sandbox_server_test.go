package client_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

// TestASandboxOnTheRealServer moves its clock, redeems, is refused what it asks to be refused, and forgets.
func TestASandboxOnTheRealServer(t *testing.T) {
	server := clienttest.New(t)
	c, ctx := server.Client(clienttest.Sandbox).WithoutPauses(), t.Context()
	s, err := c.Sandbox(ctx)
	if err != nil || s.Clock.AheadSeconds != 0 || !slices.Contains(s.Outcomes, client.OutcomeAnswerLost) {
		t.Fatalf("%+v, %v", s, err)
	}
	coupon := firstCoupon(t, c)
	star := buy(t, c, client.PurchaseRequest{Items: []client.Item{{OfferID: coupon.ID, Quantity: 2}}, Total: 2 * coupon.Price})
	used, err := c.SandboxRedeem(ctx, star.Vouchers[0].ID)
	if err != nil || used.ID != star.Vouchers[0].ID || used.Used == nil {
		t.Fatalf("%+v, %v", used, err)
	}
	if _, err := c.SandboxRedeem(ctx, star.Vouchers[0].ID); err == nil {
		t.Error("it is redeemed twice")
	}
	_, err = c.Purchase(ctx, oneChoco("A-1"), client.SandboxOutcome(client.OutcomeSoldOut))
	if !errors.Is(err, client.ErrSoldOut) {
		t.Errorf("sold out on request: %v", err)
	}
	clock, err := c.AdvanceClock(ctx, 24*time.Hour)
	if err != nil || clock.AheadSeconds != 86400 {
		t.Fatalf("%+v, %v", clock, err)
	}
	// The server's own clock went on between the two answers, for as long as a busy machine takes.
	if clock, err = c.SetClock(ctx, clock.Now.AddDate(0, 0, 380)); err != nil || clock.AheadSeconds < 380*86400 {
		t.Fatalf("%+v, %v", clock, err)
	}
	over, err := c.Voucher(ctx, star.Vouchers[1].ID)
	if err != nil || over.State != client.VoucherExpired {
		t.Errorf("%+v, %v", over, err)
	}
	if n, err := c.SandboxReset(ctx); err != nil || n != 1 {
		t.Errorf("forgot %d orders, %v", n, err)
	}
	if p, err := c.Orders(ctx, client.HistoryQuery{}); err != nil || len(p.Data) != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := server.Client(clienttest.Live).SandboxReset(ctx); !errors.Is(err, client.ErrSandboxOnly) {
		t.Errorf("a live partner: %v", err)
	}
}
