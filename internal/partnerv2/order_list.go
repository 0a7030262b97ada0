package partnerv2

import (
	"net/http"

	"giftimbiz/internal/gift"
)

// maxListed is how many vouchers the orders of a page may have: a page ends before the order that has one more.
const maxListed = 1000

// orders lists orders, newest first.
func (c *call) orders() error {
	q := c.query()
	ask := gift.OrderQuery{PartnerID: c.partner.ID, Kind: q.kind(), Limit: int64(q.limit())}
	ask.From, ask.To = q.days()
	ask.Before = c.before(q)
	if err := q.close(); err != nil {
		return err
	}
	heads, more, err := c.Store.OrderPage(c.r.Context(), ask)
	if err != nil {
		return accountFault(err)
	}
	items, whole, err := c.itemsOf(heads, ask.Kind)
	if err != nil {
		return err
	}
	list := page[*orderAnswer]{Data: []*orderAnswer{}}
	for i := range heads[:whole] {
		order, err := c.orderAnswer(&heads[i], items[heads[i].ID])
		if err != nil {
			return err
		}
		list.Data = append(list.Data, order)
	}
	if more || whole < len(heads) {
		list.Next = c.next(q, int64(heads[whole-1].ID))
	}
	return c.answer(http.StatusOK, list)
}

// itemsOf returns the items of orders that follow each other, and of how many of these those are: as many as fit on a page.
func (c *call) itemsOf(heads []gift.OrderHead, kind gift.Kind) (items map[gift.ID][]gift.BoughtItem, whole int, err error) {
	items = make(map[gift.ID][]gift.BoughtItem, len(heads))
	if len(heads) == 0 {
		return items, 0, nil
	}
	all, more, err := c.Store.VoucherPage(c.r.Context(), gift.HistoryQuery{
		PartnerID: c.partner.ID, Kind: kind, After: gift.Place{OrderID: heads[0].ID + 1}, Oldest: heads[len(heads)-1].ID,
		Limit: maxListed,
	})
	if err != nil {
		return nil, 0, accountFault(err)
	}
	for _, i := range all {
		items[i.OrderID] = append(items[i.OrderID], i)
	}
	whole = len(heads)
	for more && whole > 1 && heads[whole-1].ID <= all[len(all)-1].OrderID { // of the last one there may be more
		whole--
	}
	return items, whole, nil
}

// vouchers lists vouchers and coupons, newest first.
func (c *call) vouchers() error {
	q := c.query()
	ask := gift.HistoryQuery{PartnerID: c.partner.ID, Kind: q.kind(), Limit: int64(q.limit())}
	ask.From, ask.To = q.days()
	ask.After = c.behind(q)
	if err := q.close(); err != nil {
		return err
	}
	items, more, err := c.Store.VoucherPage(c.r.Context(), ask)
	if err != nil {
		return accountFault(err)
	}
	list := page[*voucherAnswer]{Data: []*voucherAnswer{}}
	for i := range items {
		v, err := c.voucherAnswer(&items[i])
		if err != nil {
			return err
		}
		list.Data = append(list.Data, v)
	}
	if more {
		last := items[len(items)-1].Place()
		list.Next = c.next(q, int64(last.OrderID), last.Line)
	}
	return c.answer(http.StatusOK, list)
}
