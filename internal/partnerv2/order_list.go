package partnerv2

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net/http"

	"giftimbiz/internal/gift"
)

// maxListed is how many vouchers the orders of a page may have: a page ends before the order that has one more.
const maxListed = 1000

// orders lists orders, newest first.
func (c *call) orders() error {
	f, err := c.filters("orders")
	if err != nil {
		return err
	}
	q := gift.OrderQuery{PartnerID: c.partner.ID, Kind: f.kind, From: f.from, To: f.to, Before: f.after.OrderID, Limit: f.limit}
	heads, more, err := c.Store.OrderPage(c.r.Context(), q)
	if err != nil {
		return c.broken(err)
	}
	items, whole, err := c.itemsOf(heads, f.kind)
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
		list.Next = f.cursor(gift.Place{OrderID: heads[whole-1].ID})
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
		PartnerID: c.partner.ID, Kind: kind, After: gift.Place{OrderID: heads[0].ID + 1}, Oldest: heads[len(heads)-1].ID, Limit: maxListed,
	})
	if err != nil {
		return nil, 0, c.broken(err)
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
	f, err := c.filters("vouchers")
	if err != nil {
		return err
	}
	items, more, err := c.Store.VoucherPage(c.r.Context(), gift.HistoryQuery{
		PartnerID: c.partner.ID, Kind: f.kind, From: f.from, To: f.to, After: f.after, Limit: f.limit,
	})
	if err != nil {
		return c.broken(err)
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
		list.Next = f.cursor(items[len(items)-1].Place())
	}
	return c.answer(http.StatusOK, list)
}

// filters are what a list of what was bought is asked for.
type filters struct {
	list     string
	partner  int64
	kind     gift.Kind
	from, to gift.Day
	after    gift.Place // where the page begins; zero = with the newest
	limit    int64
}

// filters reads the parameters of a list.
func (c *call) filters(list string) (*filters, error) {
	q := c.query()
	f := &filters{list: list, partner: c.partner.ID, kind: q.kind(), limit: int64(q.limit())}
	f.from, f.to = q.days()
	if cursor := q.text("cursor"); cursor != "" {
		at, ok := f.place(cursor)
		if !ok {
			q.fail(wrongParameter("cursor", "이 목록과 조건의 next 값이 아닙니다.", "it is no next of this list with these filters."))
		}
		f.after = at
	}
	return f, q.close()
}

// mark tells lists and filters apart.
func (f *filters) mark() uint32 {
	h := fnv.New32a()
	_, _ = fmt.Fprintln(h, f.list, f.partner, f.kind, f.from, f.to) // a hash takes all
	return h.Sum32()
}

// cursor says where the next page begins.
func (f *filters) cursor(at gift.Place) string {
	b := binary.BigEndian.AppendUint32(nil, f.mark())
	b = binary.BigEndian.AppendUint64(b, uint64(at.OrderID))
	return base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(b, uint64(at.Line)))
}

// place reads a cursor of the same list with the same filters.
func (f *filters) place(cursor string) (at gift.Place, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < 13 || binary.BigEndian.Uint32(b) != f.mark() {
		return at, false
	}
	line, size := binary.Uvarint(b[12:])
	at = gift.Place{OrderID: gift.ID(binary.BigEndian.Uint64(b[4:])), Line: int64(line)}
	return at, size == len(b)-12 && at.OrderID > 0 && at.Line >= 0 && f.cursor(at) == cursor
}
