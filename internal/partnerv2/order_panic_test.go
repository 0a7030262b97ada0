package partnerv2_test

import (
	"context"
	"net/http"
	"testing"

	"giftimbiz/internal/purchase"
)

// brokenBuyer stands in for an engine with a fault.
type brokenBuyer struct{}

func (brokenBuyer) Buy(context.Context, purchase.Request) (purchase.Outcome, error) { panic("a fault") }

func TestAFaultSaysThatAnOrderMayHaveBeenMade(t *testing.T) {
	d := newDesk(t).stock()
	d.serveWith(brokenBuyer{})
	d.place("demo", "k1", orderOf("A-1", milk, 1, 940)).refused(http.StatusServiceUnavailable, "outcome-unknown", "GPLF")
}
