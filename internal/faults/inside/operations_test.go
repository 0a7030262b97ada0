package inside_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
	"giftimbiz/internal/webhook"
)

// operation is something that callers ask for.
type operation struct {
	name string
	// begin makes what one try needs.
	begin func(h *house) try
}

// try is one request. ask asks for it, for the first time or once more; nil = the caller was told what is true. moved is what must
// have come of it, once.
type try struct {
	ask   func(ctx context.Context) error
	moved func() error
}

var operations = []operation{
	{"purchase with a key", func(h *house) try { return h.purchase(h.gift("key")) }},
	{"purchase without a key", func(h *house) try { return h.purchase(h.gift("")) }},
	{"purchase with a reference", withReference},
	{"purchase of a coupon", func(h *house) try {
		return h.purchase(storagetest.StarRequest(h.partner, h.name("star"), 0))
	}},
	{"quote", func(h *house) try { return h.purchase(storagetest.HoldRequest(h.partner, 1)) }},
	{"purchase of a quote", func(h *house) try {
		return h.purchase(storagetest.QuoteRequest(h.partner, h.name("quoted"), h.Quote(h.partner, 1).ID))
	}},
	{"redemption", redemption},
	{"redemption undone", undo},
	{"refund", refund},
	{"deposit", deposit},
	{"adjustment", adjustment},
	{"import", importOf},
	{"delivery of a webhook", delivery},
}

// name is one of this try's own.
func (h *house) name(of string) string { return fmt.Sprint(of, "-", h.n) }

func (h *house) gift(key string) purchase.Request {
	if key != "" {
		key = h.name(key)
	}
	return storagetest.GiftRequest(h.partner, key, 1)
}

// moves compares a balance and a stock with what they were.
func (h *house) moves(won gift.Won, offer, units int64) func() error {
	balance, left := h.Balance("demo"), h.left(offer)
	return func() error {
		if b, l := h.Balance("demo"), h.left(offer); b-balance != won || left-l != units {
			return fmt.Errorf("the balance moved by %d, not %d; %d units were sold, not %d", b-balance, won, left-l, units)
		}
		return nil
	}
}

// purchase asks the engine. Whatever it was told at first, a buyer that asks again is told of one order.
func (h *house) purchase(req purchase.Request) try {
	won, offer, units := gift.Won(-940), int64(1), int64(1)
	switch {
	case req.Hold > 0:
		won, units = 0, 0
	case req.Kind == gift.StarCoupon:
		won, offer = 0, storagetest.StarOfferID
	}
	var first gift.OrderRef
	return try{moved: h.moves(won, offer, units), ask: func(ctx context.Context) error {
		out, err := h.Engine.Buy(ctx, req)
		ref := out.Ref
		switch r := out.Refusal; {
		case err != nil:
			return err
		case r != nil && r.Reason == gift.Repeated:
			ref = r.First
		case r != nil:
			return fmt.Errorf("refused: %+v", r)
		case req.Hold > 0 && out.Quote == nil:
			return errors.New("no quote")
		}
		if first == "" {
			first = ref
		}
		if ref != first {
			return fmt.Errorf("first told of %s, then of %s", first, ref)
		}
		return nil
	}}
}

// withReference is of a partner that looks for its order before it asks again, and finds it afterwards.
func withReference(h *house) try {
	req := h.gift("key")
	req.Reference = h.name("A")
	t := h.purchase(req)
	moved := t.moved
	t.moved = func() error {
		order, _, err := h.DB.OrderByReference(h.T.Context(), h.partner, req.Reference)
		if order == 0 {
			err = errors.Join(err, errors.New("no order has the reference"))
		}
		return errors.Join(err, moved())
	}
	return t
}

// coupon buys a coupon that costs money.
func (h *house) coupon() gift.ID {
	h.T.Helper()
	out, err := h.Engine.Buy(h.T.Context(), purchase.Request{
		PartnerID: h.partner, Kind: gift.StarCoupon, Cash: paidPrice, Product: "만두 5개", Key: h.name("coupon"), Render: storagetest.Render,
		Items: []purchase.ItemRequest{{OfferID: paidOffer, CampaignID: 189}},
	})
	if err != nil || out.Refusal != nil {
		h.T.Fatal(out.Refusal, err)
	}
	return out.OrderID
}

// owes compares what the shop is owed with what it was.
func (h *house) owes(won gift.Won) func() error {
	before := h.owed()
	return func() error {
		if now := h.owed(); now-before != won {
			return fmt.Errorf("the shop is owed %d more, not %d", now-before, won)
		}
		return nil
	}
}

// redemption is a tap on a device; the same device that taps again is told of its own redemption.
func redemption(h *house) try {
	use := redeem.Use{
		OrderID: h.coupon(), Line: 1, SellerID: paidSeller, ShopID: paidShop, Via: redeem.ViaPage, Device: []byte(h.name("device")),
		At: h.Clock.Now(),
	}
	return try{moved: h.owes(paidPrice), ask: func(ctx context.Context) error {
		won, err := h.DB.MarkUsed(ctx, use)
		if won || err != nil {
			return err
		}
		r, err := h.DB.Redemption(ctx, use.OrderID, use.Line)
		if err == nil && (r == nil || !bytes.Equal(r.Device, use.Device)) {
			err = fmt.Errorf("somebody else used it: %+v", r)
		}
		return err
	}}
}

func undo(h *house) try {
	order := h.coupon()
	use := redeem.Use{OrderID: order, Line: 1, SellerID: paidSeller, ShopID: paidShop, Via: redeem.ViaPage, At: h.Clock.Now()}
	if won, err := h.DB.MarkUsed(h.T.Context(), use); err != nil || !won {
		h.T.Fatal(won, err)
	}
	r, err := h.DB.Redemption(h.T.Context(), order, 1)
	if err != nil {
		h.T.Fatal(err)
	}
	u := redeem.Undo{RedemptionID: r.ID, OrderID: order, Line: 1, SellerID: paidSeller, Via: redeem.ViaPage, At: h.Clock.Now()}
	return try{moved: h.owes(-paidPrice), ask: func(ctx context.Context) error {
		won, err := h.DB.UndoUse(ctx, u)
		if won || err != nil {
			return err
		}
		if r, err := h.DB.Redemption(ctx, order, 1); r != nil || err != nil {
			return fmt.Errorf("it still stands: %+v, %w", r, err)
		}
		return nil
	}}
}

// refund is of an operator, who is told that it was done when it was.
func refund(h *house) try {
	out := h.Buy(h.partner, h.name("bought"), 1)
	n := office.NewRefund{OrderID: out.OrderID, Lines: []int64{1}, Reason: "wrong voucher", At: h.Clock.Now()}
	return try{moved: h.moves(940, 1, 0), ask: func(ctx context.Context) error {
		_, err := h.DB.Refund(operator(ctx), n)
		if why := new(office.NotRefundable); errors.As(err, &why) && why.CancelledAt.Equal(n.At) {
			return nil
		}
		return err
	}}
}

func deposit(h *house) try {
	reference := h.name("transfer")
	return try{moved: h.moves(5000, 1, 0), ask: func(ctx context.Context) error {
		_, err := h.DB.Deposit(operator(ctx), "demo", 5000, reference, "", h.Clock.Now())
		if errors.Is(err, office.ErrDuplicate) {
			return nil
		}
		return err
	}}
}

func adjustment(h *house) try {
	a := office.Adjustment{Partner: "demo", Amount: -700, Reason: "a mistake", Request: h.name("form")}
	return try{moved: h.moves(-700, 1, 0), ask: func(ctx context.Context) error {
		_, err := h.DB.Adjust(operator(ctx), a, h.Clock.Now())
		if errors.Is(err, office.ErrSentTwice) {
			return nil
		}
		return err
	}}
}

// importOf is a file of vouchers, which is brought once more when it was not said to be applied.
func importOf(h *house) try {
	const vouchers = 40
	desk := intake.NewDesk(intake.Config{Store: h.DB, Vault: vault.Fresh(), Clock: h.Clock, Logger: slog.New(slog.DiscardHandler)})
	var file strings.Builder
	file.WriteString("상품,판매가1,판매가2,판매가3,유효기간,번호\n")
	for i := range vouchers {
		fmt.Fprintf(&file, "27935,940,930,462,2025.12.31,%012d\n", h.n*vouchers+i)
	}
	before := h.left(1) + h.left(2)
	return try{
		ask: func(ctx context.Context) error {
			i, err := desk.Load(operator(ctx), intake.Vouchers, "stock.csv", []byte(file.String()), false, nil)
			if err == nil && i.Counts.Added+i.Counts.Known != vouchers {
				err = fmt.Errorf("%+v", i.Counts)
			}
			return err
		},
		moved: func() error {
			desk.Stop()
			if added := h.left(1) + h.left(2) - before; added != vouchers {
				return fmt.Errorf("%d vouchers were added, not %d", added, vouchers)
			}
			return nil
		},
	}
}

// plain keeps secrets as they are.
type plain struct{}

func (plain) OpenSecret(_ string, _ int64, sealed []byte) (string, error) {
	return strings.TrimPrefix(string(sealed), string(storagetest.Sealed(""))), nil
}

// delivery is of a node that sends an event until it is taken, and knows.
func delivery(h *house) try {
	var came atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	ctx := operator(h.T.Context())
	hook, err := h.DB.AddEndpoint(ctx, webhook.Endpoint{PartnerID: h.partner, URL: sink.URL, State: webhook.On},
		func(int64) ([]byte, error) {
			return storagetest.Sealed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"), nil
		}, h.Clock.Now())
	if err != nil {
		h.T.Fatal(err)
	}
	if _, err := h.DB.SendTest(ctx, hook.ID, h.Clock.Now()); err != nil {
		h.T.Fatal(err)
	}
	return try{
		ask: func(ctx context.Context) error {
			s := webhook.New(webhook.Options{
				Store: h.DB, Secrets: plain{}, Clock: h.Clock, Guard: webhook.NewGuard(local), Patience: time.Second, Timeout: time.Minute,
			})
			s.Start()
			defer s.Stop()
			return h.delivered(ctx, hook.ID)
		},
		moved: func() error {
			sink.Close()
			err := h.DB.RemoveEndpoint(ctx, hook.ID, hook.Version, h.Clock.Now())
			if came.Load() < 1 || came.Load() > 2 {
				err = errors.Join(err, fmt.Errorf("it came %d times", came.Load()))
			}
			return err
		},
	}
}

// delivered waits until the store knows that all that waits at an endpoint was delivered.
func (h *house) delivered(ctx context.Context, endpoint int64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		page, err := h.peek.Deliveries(ctx, webhook.Query{EndpointID: endpoint, Limit: 10})
		if err == nil && len(page.Deliveries) == 1 && page.Deliveries[0].State == webhook.Delivered {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}
