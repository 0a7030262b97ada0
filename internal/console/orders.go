package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

type orderStore interface {
	Orders(ctx context.Context, q office.OrderQuery) (office.OrderPage, error)
	Order(ctx context.Context, id gift.ID) (office.Order, error)
	Refund(ctx context.Context, n office.NewRefund) (office.OrderRefund, error)
	counterStore
	RevealNumber(ctx context.Context, orderID gift.ID, line int64, now time.Time) (unit int64, sealed []byte, err error)
	// RenewLink revokes the link with the given serial number to a line's voucher page; office.ErrChanged when it was before.
	RenewLink(ctx context.Context, orderID gift.ID, line, serial int64, now time.Time) error
}

// Numbers decrypts voucher numbers and hashes their last four characters.
type Numbers interface {
	Open(unit int64, sealed []byte) (string, error)
	Tail(number string) []byte
}

const ordersAddress = Root + "/orders"

func orderRoutes() []route {
	return []route{
		{pattern: "GET " + ordersAddress, needs: office.See, serve: (*request).listOrders},
		{pattern: "GET " + ordersAddress + "/{tid}", needs: office.See, serve: (*request).showOrder},
		{pattern: "GET " + ordersAddress + "/{tid}/{form}", needs: office.See, serve: backTo(ordersAddress, "tid")},
		{pattern: "POST " + ordersAddress + "/{tid}/refund", needs: office.Refund, serve: (*request).refundOrder},
		{pattern: "POST " + ordersAddress + "/{tid}/use", needs: office.Refund, serve: (*request).useCoupon},
		{pattern: "POST " + ordersAddress + "/{tid}/undo", needs: office.Refund, serve: (*request).undoCoupon},
		{pattern: "POST " + ordersAddress + "/{tid}/reveal", needs: office.Reveal, serve: (*request).revealNumber},
		{pattern: "POST " + ordersAddress + "/{tid}/link", needs: office.Reveal, serve: (*request).renewLink},
	}
}

// orderFilter is what stands in the fields above the list.
type orderFilter struct {
	Q, Partner, From, To, Kind, State string
	FromError, ToError, PartnerError  string
}

// ordersPage is the list of orders.
type ordersPage struct {
	Filter   orderFilter
	Any      bool // something is filtered
	Tail     string
	Orders   []office.OrderRow
	Searched bool // not to the end: see office.OrderPage
	Pager    pager
}

func (q *request) listOrders() error {
	filter := orderFilter{
		Q: strings.TrimSpace(q.FormValue("q")), Partner: strings.TrimSpace(q.FormValue("partner")),
		From: q.FormValue("from"), To: q.FormValue("to"),
	}
	var err error
	if filter.Kind, err = q.choiceOf("kind", "gifticon", "star"); err != nil {
		return err
	}
	if filter.State, err = q.choiceOf("state", string(office.SomeRefunded), string(office.SomeUsed)); err != nil {
		return err
	}
	if filter.Partner != "" {
		_, err := q.h.Store.PrepaidAccount(q.Context(), filter.Partner)
		if errors.Is(err, office.ErrNotFound) {
			filter.PartnerError, err = q.in(noPartner), nil
		}
		if err != nil {
			return err
		}
	}
	query := q.orderQuery(&filter)
	p := ordersPage{Filter: filter, Any: filter != orderFilter{}}
	if format, ok := q.exporting(filter.FromError, filter.ToError, filter.PartnerError); ok {
		return q.exportOrders(format, query)
	}
	if filter.FromError+filter.ToError+filter.PartnerError != "" {
		return q.render(http.StatusUnprocessableEntity, "orders", ordersTitle, p)
	}
	query.Limit = pageSize
	found, err := q.h.Store.Orders(q.Context(), query)
	if err != nil {
		return err
	}
	if query.OrderID != 0 && len(found.Orders) == 1 {
		return q.redirect(orderAddress(found.Orders[0].Ref()))
	}
	p.Orders, p.Searched = found.Orders, found.Searched
	p.Pager = q.pager(found.Next != 0, int64(found.Next))
	if query.Tail != nil {
		p.Tail = filter.Q
	}
	return q.render(http.StatusOK, "orders", ordersTitle, p)
}

var ordersTitle = text{"주문", "Orders"}

func orderAddress(ref gift.OrderRef) string { return ordersAddress + "/" + string(ref) }

// orderQuery reads the filter: what the search box holds is an order's number, the last four characters of a voucher's
// number, or a partner's own key or reference.
func (q *request) orderQuery(f *orderFilter) office.OrderQuery {
	query := office.OrderQuery{Partner: f.Partner, State: office.OrderState(f.State), Before: gift.ID(q.number("after"))}
	notADay := text{"2026-11-26처럼 적어 주십시오.", "Write it like 2026-11-26."}
	var ok bool
	if query.From, ok = q.dayOf("from"); !ok && f.From != "" {
		f.FromError = q.in(notADay)
	}
	if query.To, ok = q.dayOf("to"); !ok && f.To != "" {
		f.ToError = q.in(notADay)
	}
	if query.From != 0 && query.To != 0 && query.From > query.To {
		f.ToError = q.in(text{"시작일보다 앞섭니다.", "It is before the first day."})
	}
	switch f.Kind {
	case "gifticon":
		query.Kind = gift.Gifticon
	case "star":
		query.Kind = gift.StarCoupon
	}
	if id, _, err := gift.ParseRef(strings.ToUpper(f.Q)); err == nil {
		query.OrderID = id
		return query
	}
	query.Key, query.Tail = f.Q, q.tailOf(f.Q)
	return query
}

// tailOf returns the hash of what may be the last four characters of a voucher's number, or nil.
func (q *request) tailOf(s string) []byte {
	if len(s) != 4 {
		return nil
	}
	return q.h.Numbers.Tail(s)
}

var ordersHeader = []text{
	{"주문번호", "Order"},
	{"구매 시각", "Bought at"},
	{"매체사", "Partner"},
	{"회사명", "Company"},
	{"종류", "Kind"},
	{"구분", "Mode"},
	{"상품", "Product"},
	{"수량", "Items"},
	{"금액", "Amount"},
	{"사용", "Used"},
	{"환불", "Refunded"},
	{"환불 금액", "Paid back"},
}

func (q *request) exportOrders(format wantedFile, query office.OrderQuery) error {
	query.Limit, query.Before = exportedAtOnce, 0
	return q.export(format, "orders", ordersHeader, func(row func(...any) error) error {
		for more := true; more; more = query.Before != 0 {
			found, err := q.h.Store.Orders(q.Context(), query)
			if err != nil {
				return err
			}
			for _, o := range found.Orders {
				if err := row(q.orderCells(o)...); err != nil {
					return err
				}
			}
			query.Before = found.Next
		}
		return nil
	})
}

func (q *request) orderCells(o office.OrderRow) []any {
	mode := text{"실거래", "live"}
	if o.Sandbox {
		mode = text{"테스트", "sandbox"}
	}
	return []any{
		string(o.Ref()), o.At.In(gift.Seoul).Format(time.DateTime), o.Partner, o.PartnerTitle, kindName(o.Kind).in(q.lang),
		mode.in(q.lang), o.Product, o.Items, int64(o.Amount), o.Used, o.Refunded, int64(o.PaidBack),
	}
}

func kindName(k gift.Kind) text {
	if k == gift.StarCoupon {
		return text{"별별쿠폰", "Star coupon"}
	}
	return text{"기프티콘", "Gifticon"}
}
