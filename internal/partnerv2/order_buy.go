package partnerv2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// What is said of orders before they are tried, and of those whose end is not known.
var (
	keyMissing = problem{
		kind: "idempotency-key-missing", status: http.StatusBadRequest, code: "Q",
		ko: "Idempotency-Key 헤더가 필요합니다. 주문마다 새로 만들고, 다시 보낼 때는 같은 값을 쓰십시오.",
		en: "The header Idempotency-Key is required. Make a new one for each order, and send the same again when you repeat it.",
	}
	keyInvalid = problem{
		kind: "idempotency-key-invalid", status: http.StatusBadRequest, code: "Q",
		ko: "Idempotency-Key는 공백 없는 ASCII 1~255자여야 합니다.", en: "An Idempotency-Key has 1 to 255 visible ASCII characters.",
	}
	kindsMixed = problem{
		kind: "kinds-mixed", status: http.StatusUnprocessableEntity, code: "Q",
		ko: "기프티콘과 별별쿠폰은 따로 주문하십시오.", en: "Order gifticons and star coupons separately.",
	}
	outcomeUnknown = problem{
		kind: "outcome-unknown", status: http.StatusServiceUnavailable, code: "GPLF",
		ko:     "주문되었는지 확인하지 못했습니다. 같은 Idempotency-Key로 다시 보내거나 reference로 조회하십시오.",
		en:     "It is not known whether the order was made. Send it again with the same Idempotency-Key, or ask by its reference.",
		header: [2]string{"Retry-After", "2"},
	}
	nothingBought = unavailable.saying(
		"주문을 기록하지 못해 아무것도 구매하지 않았습니다. 잠시 후 같은 Idempotency-Key로 다시 보내십시오.",
		"The order could not be recorded, so nothing was bought. Send it again in a moment, with the same Idempotency-Key.",
	)
)

// placeOrder buys (POST /orders). The same key gives the same answer again.
func (c *call) placeOrder() error {
	key, err := c.idempotencyKey()
	if err != nil {
		return err
	}
	var body orderBody
	if err := errors.Join(c.query().close(), c.neededBody(&body)); err != nil {
		return err
	}
	if err := body.check(); err != nil {
		return err
	}
	req, lines, err := c.orderRequest(&body)
	if err != nil {
		return err
	}
	req.Key, req.Reference, req.Pretend = purchase.SecondKeys+key, body.Reference, c.outcome.Refusal()
	req.Render = func(out purchase.Outcome) []byte {
		if out.Refusal == nil {
			return []byte{} // the order's number is kept anyway; its vouchers are read again
		}
		return refusalProblem(out.Refusal, lines).keep()
	}
	out, err := c.buyOnce(req, key)
	if err != nil {
		return err
	}
	return c.placed(out, lines)
}

// placed answers with what became of an order.
func (c *call) placed(out purchase.Outcome, lines []orderLine) error {
	if out.Replayed {
		c.w.Header().Set("Idempotent-Replayed", "true")
	}
	switch {
	case out.Refusal != nil:
		return refusalProblem(out.Refusal, lines)
	case out.OrderID == 0:
		p, err := refusedBefore(out.Body)
		if err != nil {
			return err
		}
		return p
	}
	c.w.Header().Set("Location", orderPath(out.Ref))
	err := c.showOrder(http.StatusCreated, out.OrderID)
	if err != nil { // it was made, but cannot be shown
		c.w.Header().Del("Location")
		return outcomeUnknown.because(err)
	}
	return nil
}

// idempotencyKey returns the header that makes a retry safe.
func (c *call) idempotencyKey() (string, error) {
	values := c.r.Header["Idempotency-Key"]
	if len(values) == 0 {
		return "", keyMissing
	}
	if len(values) > 1 || !purchase.ValidKey(values[0]) {
		return "", keyInvalid
	}
	return values[0], nil
}

// orderRequest returns what the engine is asked for, and what the body names, in its order.
func (c *call) orderRequest(body *orderBody) (purchase.Request, []orderLine, error) {
	if body.QuoteID != "" {
		return c.quotedRequest(body.QuoteID)
	}
	lines, err := body.lines()
	if err != nil {
		return purchase.Request{}, nil, err
	}
	kind, err := c.kindOf(lines)
	if err != nil {
		return purchase.Request{}, nil, err
	}
	return purchase.Request{
		PartnerID: c.partner.ID, Kind: kind, Items: unitsOf(lines), Cash: gift.Won(*body.Total), AnyName: true,
	}, lines, nil
}

// buyOnce hands a purchase to the engine and waits for its end. The purchase goes on when the caller leaves: until it is
// decided, the key is taken, and whoever asks for its reference waits.
func (c *call) buyOnce(req purchase.Request, key string) (purchase.Outcome, error) {
	leave, err := c.underWay.enter(c.partner.ID, key, req.Reference)
	if err != nil {
		return purchase.Outcome{}, err
	}
	var out purchase.Outcome
	ended := make(chan error, 1)
	go func() {
		var err error
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%w: panic: %v\n%s", purchase.ErrUnknown, p, debug.Stack()) // it may have been bought before
			}
			leave()
			ended <- err
		}()
		out, err = c.Buyer.Buy(context.WithoutCancel(c.r.Context()), req)
	}()
	select {
	case err := <-ended:
		return out, buyFault(err)
	case <-c.r.Context().Done():
		return purchase.Outcome{}, outcomeUnknown
	}
}

// buyFault tells a caller whose purchase has no outcome what that means for it.
func buyFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, purchase.ErrBusy), errors.Is(err, purchase.ErrStopped):
		return ordersBusy
	case errors.Is(err, purchase.ErrNotJournalled):
		return nothingBought.because(err)
	}
	return outcomeUnknown.because(err) // whatever it was, nobody can say that nothing was bought
}
