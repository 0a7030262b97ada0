package storage_test

import (
	"errors"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
)

// quotedOffer is one of the patient's that nothing else is bought from.
const quotedOffer = 5

// quote gives the patient a partner with a used, a released and an open quote, an order with a reference, and a closed one.
func (p *patient) quote(t *testing.T, h *storagetest.House) {
	t.Helper()
	partner := h.Partner(gift.Partner{Name: "quoting"}, 10_000)
	test := h.Partner(gift.Partner{Name: "devtest2", Sandbox: true}, 10_000)
	used, released := h.Quote(partner, quotedOffer), h.Quote(partner, quotedOffer)
	req := storagetest.QuoteRequest(partner, "quoted", used.ID)
	req.Reference = "A-1"
	order := h.Ask(req)
	if order.Refusal != nil {
		t.Fatal(order.Refusal)
	}
	_, err1 := h.DB.ReleaseQuote(t.Context(), partner, released.ID)
	_, err2 := h.DB.CloseReference(t.Context(), partner, "A-2", h.Clock.Now())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	p.quoting, p.quotedOrder, p.usedQuote = partner, order.OrderID, used.ID
	p.openQuote = h.Quote(partner, quotedOffer, quotedOffer).ID
	p.testQuote = h.Quote(test, quotedOffer).ID
}

var quoteHarms = []harm{
	{
		"an offer forgets that units are held", `UPDATE offers SET held_until = held_until - 1 WHERE id = 5`,
		"every offer knows until when quotes hold units of it", "offer 5: quote {open quote} holds units until",
	},
	{
		"a used quote still holds units", `UPDATE quote_items SET held_until = 5 WHERE quote_id = {used quote}`,
		"open quotes of live partners hold units until they expire, others hold none", "quote {used quote} of state 2",
	},
	{
		"an open quote holds nothing", `UPDATE quote_items SET held_until = 0 WHERE quote_id = {open quote}`,
		"open quotes of live partners hold units until they expire, others hold none", "quote {open quote} of state 1",
	},
	{
		"a sandbox quote holds units", `UPDATE quote_items SET held_until = 5 WHERE quote_id = {test quote}`,
		"open quotes of live partners hold units until they expire, others hold none", "quote {test quote} of state 1",
	},
	{
		"a used quote is of another order", `UPDATE quotes SET order_id = {live} WHERE id = {used quote}`,
		"every used quote has its order, which cost its total, and no other has any",
		"quote {used quote} of state 2 over 940, order {live} over 0",
	},
	{
		"a used quote is of no order", `UPDATE quotes SET order_id = 0 WHERE id = {used quote}`,
		"every used quote has its order, which cost its total, and no other has any", "order 0 over 0",
	},
	{
		"an open quote has an order", `UPDATE quotes SET order_id = {quoted order} WHERE id = {open quote}`,
		"every used quote has its order, which cost its total, and no other has any",
		"quote {open quote} of state 1 over 1880, order {quoted order} over 940",
	},
	{
		"an order is of two quotes", `UPDATE quotes SET order_id = {quoted order}, state = 2 WHERE id = {open quote}`,
		"no order is of two quotes", "order {quoted order} is of 2",
	},
	{
		"a quote costs less", `UPDATE quotes SET total = total - 1 WHERE id = {open quote}`,
		"every quote costs what its items cost", "quote {open quote} is 1879, its items are 1880",
	},
	{
		"a quote loses its items", `UPDATE quotes SET total = 0 WHERE id = {test quote};
DELETE FROM quote_items WHERE quote_id = {test quote}`,
		"every quote costs what its items cost", "quote {test quote} is 0, its items are 0",
	},
	{
		"a sandbox quote becomes a live one", `UPDATE quotes SET sandbox = 0 WHERE id = {test quote}`,
		"every quote is as its partner, live or sandbox", "quote {test quote}",
	},
	{
		"an order has a closed reference", `UPDATE orders SET reference = 'A-2' WHERE id = {quoted order}`,
		"a partner's reference is of one order, or closed", "partner {quoting}, reference A-2: 1 orders, closed 1 times",
	},
	{
		"a live partner's clock is ahead", `UPDATE partners SET clock_ahead = 5 WHERE id = {demo}`,
		"only sandbox partners' clocks are ahead", "partner demo is 5 milliseconds ahead",
	},
}

var quoteOrphans = []struct{ column, where, parent string }{
	{"quotes.partner_id", "id = {open quote}", "partners"},
	{"quotes.order_id", "id = {used quote}", "orders"},
	{"quote_items.quote_id", "quote_id = {open quote}", "quotes"},
	{"quote_items.offer_id", "quote_id = {open quote}", "offers"},
	{"closed_references.partner_id", "partner_id = {quoting}", "partners"},
}
