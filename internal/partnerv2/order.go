package partnerv2

import (
	"context"
	"net/http"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
)

// Buyer makes purchases durable; see purchase.Engine.
type Buyer interface {
	Buy(ctx context.Context, req purchase.Request) (purchase.Outcome, error)
}

// Numbers decrypts voucher numbers.
type Numbers interface {
	Open(unitID int64, sealed []byte) (string, error)
}

// orderStore is what orders and vouchers need.
type orderStore interface {
	// OfferKinds returns what kind the given offers are, on sale or not; those that do not exist are absent.
	OfferKinds(ctx context.Context, ids []int64) (map[int64]gift.Kind, error)
	// OrderHead returns a partner's order without its items; nil when it has none of that number.
	OrderHead(ctx context.Context, partnerID int64, id gift.ID) (*gift.OrderHead, error)
	// OrderItems returns all items of a partner's order, as they were named; none when it has no such order.
	OrderItems(ctx context.Context, partnerID int64, orderID gift.ID) ([]gift.BoughtItem, error)
	// OrderPage returns a page of a partner's orders, newest first, and whether there are more.
	OrderPage(ctx context.Context, q gift.OrderQuery) (heads []gift.OrderHead, more bool, err error)
	// VoucherPage returns a page of a partner's items, newest first, of both kinds when the query names none.
	VoucherPage(ctx context.Context, q gift.HistoryQuery) (items []gift.BoughtItem, more bool, err error)
	// BoughtItem returns a line of an order; nil when the partner has no such order or it has no such line.
	BoughtItem(ctx context.Context, partnerID int64, orderID gift.ID, line int64) (*gift.BoughtItem, error)
	// OrderByReference returns the order that has a reference (0 = none has), and whether it was closed, after all transactions
	// of the partner that began before have ended.
	OrderByReference(ctx context.Context, partnerID int64, reference string) (id gift.ID, closed bool, err error)
	// CloseReference sees to it that no order will ever have a reference, unless one has it: then that is returned.
	CloseReference(ctx context.Context, partnerID int64, reference string, now time.Time) (order gift.ID, err error)
	// Refund pays lines of an order back, all or, with *office.NotRefundable, none.
	Refund(ctx context.Context, n office.NewRefund) (office.OrderRefund, error)
	// RenewLink revokes the link with a serial number to a line's voucher page; office.ErrChanged: it is not its link any more.
	RenewLink(ctx context.Context, orderID gift.ID, line, serial int64, now time.Time) error
}

func orderRoutes() []route {
	return []route{
		{method: http.MethodPost, pattern: "orders", serve: (*call).placeOrder, buys: true},
		{method: http.MethodGet, pattern: "orders", serve: (*call).orders},
		{method: http.MethodGet, pattern: "orders/{id}", serve: (*call).order},
		{method: http.MethodPost, pattern: "orders/{id}/cancel", serve: (*call).cancelOrder},
		{method: http.MethodGet, pattern: "orders/by-reference/{reference}", serve: (*call).orderByReference, first: true},
		{method: http.MethodDelete, pattern: "orders/by-reference/{reference}", serve: (*call).closeReference, first: true},
	}
}

// orderAnswer is an order as it is shown.
type orderAnswer struct {
	ID        gift.OrderRef    `json:"id"`
	Reference string           `json:"reference,omitempty"`
	Kind      string           `json:"kind"`
	Sandbox   bool             `json:"sandbox"`
	Total     gift.Won         `json:"total"`
	OrderedAt time.Time        `json:"ordered_at"`
	Vouchers  []*voucherAnswer `json:"vouchers"`
}

// order shows one order.
func (c *call) order() error {
	if err := c.query().close(); err != nil {
		return err
	}
	id, ok := c.parseOrder(c.r.PathValue("id"))
	if !ok {
		return noOrder
	}
	return c.showOrder(http.StatusOK, id)
}

// showOrder answers with an order of the partner.
func (c *call) showOrder(status int, id gift.ID) error {
	head, err := c.Store.OrderHead(c.r.Context(), c.partner.ID, id)
	if err != nil {
		return accountFault(err)
	}
	if head == nil {
		return noOrder
	}
	items, err := c.Store.OrderItems(c.r.Context(), c.partner.ID, id)
	if err != nil {
		return accountFault(err)
	}
	return c.answerOrder(status, head, items)
}

func (c *call) answerOrder(status int, head *gift.OrderHead, items []gift.BoughtItem) error {
	order, err := c.orderAnswer(head, items)
	if err != nil {
		return err
	}
	return c.answer(status, order)
}

// orderAnswer shows an order with its items.
func (c *call) orderAnswer(head *gift.OrderHead, items []gift.BoughtItem) (*orderAnswer, error) {
	o := &orderAnswer{
		ID: head.ID.Ref(head.Sandbox), Reference: head.Reference, Kind: head.Kind.Word(), Sandbox: head.Sandbox,
		Total: head.Amount, OrderedAt: seoul(head.At), Vouchers: make([]*voucherAnswer, len(items)),
	}
	for i := range items {
		var err error
		if o.Vouchers[i], err = c.voucherAnswer(&items[i]); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// noOrder says that the partner has no such order.
var noOrder = problem{
	kind: notFound.kind, status: notFound.status, code: gift.NotYours.Code(), ko: "없는 주문입니다.", en: "There is no such order.",
}

// orderPath is the address of an order.
func orderPath(ref gift.OrderRef) string { return Root + "orders/" + string(ref) }
