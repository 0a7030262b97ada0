package partnerv2

import (
	"errors"
	"net/http"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// maxCancelAttempts bounds how often a cancellation is tried that meets others on the way. Each of those has cancelled
// something, or used it: an order has no more items than that.
const maxCancelAttempts = maxUnits

// obstacles are what is said of items that a partner may not cancel by itself; their result codes are those of the reasons.
var obstacles = map[gift.Obstacle]struct {
	reason gift.Reason
	ko, en string
}{
	gift.NumberShown: {gift.Cancelled, "기프티콘은 취소할 수 없습니다", "a gifticon cannot be cancelled"},
	gift.UsedAlready: {gift.AlreadyUsed, "이미 사용했습니다", "it was used"},
	gift.TooLate:     {gift.Lapsed, "구매한 지 7일이 지났습니다", "more than 7 days have passed since it was bought"},
}

// notCancellable says which item stands in the way.
func notCancellable(i *gift.BoughtItem, why gift.Obstacle) problem {
	o, name := obstacles[why], voucherName(i.OrderID.Ref(i.Sandbox), i.Line)
	return problem{
		kind: "not-cancellable", status: http.StatusConflict, code: o.reason.Code(),
		ko: name + ": " + o.ko + ". 아무것도 취소하지 않았습니다.", en: name + ": " + o.en + ". Nothing was cancelled.",
	}.with("voucher_id", name)
}

// cancelUnknown is said of a cancellation whose end is not known.
var cancelUnknown = outcomeUnknown.saying(
	"취소되었는지 확인하지 못했습니다. 다시 요청하십시오. 두 번 취소되지 않습니다.",
	"It is not known whether they were cancelled. Ask again: nothing is cancelled twice.",
)

// cancelReason is what the refund says, for operators.
const cancelReason = "cancelled by the partner through the API"

// cancelOrder cancels star coupons of an order, all that are named or none, and pays them back to the balance. What was
// cancelled before counts as done.
func (c *call) cancelOrder() error {
	var body struct {
		Vouchers []string `json:"vouchers"`
	}
	if err := errors.Join(c.query().close(), c.body(&body)); err != nil {
		return err
	}
	id, ok := c.parseOrder(c.r.PathValue("id"))
	if !ok {
		return noOrder
	}
	lines, err := c.linesOf(id, body.Vouchers)
	if err != nil {
		return err
	}
	for range maxCancelAttempts {
		done, err := c.cancelOnce(id, lines)
		if err != nil {
			return err
		}
		if done {
			return c.showOrder(http.StatusOK, id)
		}
	}
	return ordersBusy
}

// cancelOnce cancels what is left to cancel of an order. It is not done when some of that was cancelled or used meanwhile.
func (c *call) cancelOnce(id gift.ID, lines []int64) (done bool, err error) {
	items, err := c.Store.OrderItems(c.r.Context(), c.partner.ID, id)
	if err != nil {
		return false, accountFault(err)
	}
	if len(items) == 0 {
		return false, noOrder
	}
	for _, line := range lines {
		if line > int64(len(items)) {
			return false, noVoucher
		}
	}
	left, bad, why := gift.ToCancel(items, lines, c.Clock.Now())
	if bad != nil {
		return false, notCancellable(bad, why)
	}
	if len(left) == 0 {
		return true, nil
	}
	_, err = c.Store.Refund(c.changing(), office.NewRefund{OrderID: id, Lines: left, Reason: cancelReason, At: c.Clock.Now()})
	var meanwhile *office.NotRefundable
	switch {
	case errors.As(err, &meanwhile):
		return false, nil
	case err != nil:
		return false, cancelUnknown.because(err)
	}
	return true, nil
}

// linesOf reads the vouchers of an order that a body names; nil = it says nothing of them, which means all.
func (c *call) linesOf(id gift.ID, names []string) ([]int64, error) {
	if names != nil && len(names) == 0 || len(names) > maxUnits {
		return nil, wrongMember("vouchers", "1~100개를 쓰거나 빼십시오(빼면 모두).", "want 1 to 100, or leave it out to mean all.")
	}
	var lines []int64
	for _, name := range names {
		at, ok := c.parseVoucher(name)
		if !ok || at.OrderID != id {
			return nil, wrongMember("vouchers", "이 주문의 것이 아닙니다.", "they are not of this order.")
		}
		lines = append(lines, at.Line)
	}
	return lines, nil
}
