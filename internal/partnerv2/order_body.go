package partnerv2

import (
	"fmt"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// maxUnits is how many vouchers or coupons an order or a quote may have.
const maxUnits = 100

const maxReference = 64 // characters

// orderLine is some units of an offer, as a request names them.
type orderLine struct {
	offer, quantity int64
	coupon          int64 // 0 = any
}

// itemBody is an item of a quote's body.
type itemBody struct {
	OfferID  int64 `json:"offer_id"`
	Quantity int64 `json:"quantity"`
}

// orderItemBody is an item of an order's body.
type orderItemBody struct {
	itemBody
	CouponID int64 `json:"coupon_id"`
}

// orderBody is the body of POST /orders.
type orderBody struct {
	Reference string          `json:"reference"`
	Items     []orderItemBody `json:"items"`
	Total     *int64          `json:"total"`
	QuoteID   string          `json:"quote_id"`
}

// check finds what cannot be in an order by its form alone.
func (b *orderBody) check() error {
	if !validReference(b.Reference) {
		return wrongMember("reference", "영문·숫자와 . _ : - 로 된 1~64자여야 합니다.", "want 1 to 64 of A-Z a-z 0-9 . _ : -")
	}
	if b.QuoteID == "" {
		if b.Total == nil || *b.Total < 0 {
			return wrongMember("total", "0 이상의 정수로 된 합계가 필요합니다.", "want the sum, an integer from 0 up.")
		}
		return nil
	}
	if b.Items != nil || b.Total != nil {
		return wrongMember("quote_id", "items, total과 함께 쓸 수 없습니다.", "it stands instead of items and total.")
	}
	return nil
}

// lines returns what an order names.
func (b *orderBody) lines() ([]orderLine, error) {
	lines := make([]orderLine, len(b.Items))
	for i, item := range b.Items {
		lines[i] = item.line()
		lines[i].coupon = item.CouponID
		if item.CouponID < 0 || item.CouponID > 0 && lines[i].quantity != 1 {
			return nil, wrongMember(memberOf(i, "coupon_id"), "쿠폰을 지정하면 quantity는 1입니다.", "a named coupon has quantity 1.")
		}
	}
	return lines, checkLines(lines)
}

func (b itemBody) line() orderLine { return orderLine{offer: b.OfferID, quantity: b.Quantity} }

// checkLines bounds what is named.
func checkLines(lines []orderLine) error {
	if len(lines) == 0 || len(lines) > maxUnits {
		return wrongMember("items", "1~100개가 필요합니다.", "want 1 to 100.")
	}
	var units int64
	for i, l := range lines {
		if l.offer < 1 {
			return wrongMember(memberOf(i, "offer_id"), "판매번호여야 합니다.", "want the number of an offer.")
		}
		if l.quantity < 1 || l.quantity > maxUnits {
			return wrongMember(memberOf(i, "quantity"), "1부터 100까지의 정수여야 합니다.", "want an integer from 1 to 100.")
		}
		if units += l.quantity; units > maxUnits {
			return wrongMember("items", "합해서 100개까지입니다.", "100 units at most, all together.")
		}
	}
	return nil
}

func memberOf(i int, name string) string { return fmt.Sprintf("items[%d].%s", i, name) }

// validReference tells whether a text can be the partner's own number of an order.
func validReference(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == ':', c == '-':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxReference && s != "." && s != ".." // which mean something else in an address
}

// unitsOf names each unit by itself, as the engine wants it.
func unitsOf(lines []orderLine) []purchase.ItemRequest {
	var units []purchase.ItemRequest
	for _, l := range lines {
		for range l.quantity {
			units = append(units, purchase.ItemRequest{OfferID: l.offer, CouponID: l.coupon})
		}
	}
	return units
}

// kindOf returns which kind of offers are named: those on sale are known in memory, others are looked up in the database. It
// is an error that there are both. Of offers that do not exist the engine decides.
func (c *call) kindOf(lines []orderLine) (kind gift.Kind, err error) {
	index := c.index()
	kinds := make(map[gift.Kind]bool, 2)
	var unknown []int64
	for _, l := range lines {
		if row := index.Row(l.offer); row != nil {
			kinds[row.Offer.Kind] = true
		} else {
			unknown = append(unknown, l.offer)
		}
	}
	if len(unknown) > 0 {
		found, err := c.Store.OfferKinds(c.r.Context(), unknown)
		if err != nil {
			return 0, accountFault(err)
		}
		for _, kind := range found {
			kinds[kind] = true
		}
	}
	switch {
	case len(kinds) > 1:
		return 0, kindsMixed
	case kinds[gift.StarCoupon]:
		return gift.StarCoupon, nil
	}
	return gift.Gifticon, nil
}

// quotePrefix stands before the digits of a quote's number.
const quotePrefix = "quo_"

func quoteName(id gift.ID) string { return quotePrefix + id.Digits() }

// parseQuote reads a quote's name; ok is false of what none can have.
func parseQuote(name string) (id gift.ID, ok bool) {
	digits, ok := strings.CutPrefix(name, quotePrefix)
	if !ok {
		return 0, false
	}
	id, err := gift.ParseDigits(digits)
	return id, err == nil && id > 0
}

// voucherName names a line of an order.
func voucherName(order gift.OrderRef, line int64) string {
	return string(order.Voucher(line))
}

// parseOrder reads an order's number; ok is false of what the partner cannot have.
func (c *call) parseOrder(name string) (id gift.ID, ok bool) {
	id, sandbox, err := gift.ParseRef(name)
	return id, err == nil && id > 0 && sandbox == c.partner.Sandbox
}

// parseVoucher reads a voucher's name; ok is false of what the partner cannot have.
func (c *call) parseVoucher(name string) (at gift.Place, ok bool) {
	order, text, _ := strings.Cut(name, ".")
	line, err := strconv.ParseInt(text, 10, 64)
	if err != nil || line < 1 || line > maxUnits {
		return at, false
	}
	id, ok := c.parseOrder(order)
	return gift.Place{OrderID: id, Line: line}, ok && voucherName(id.Ref(c.partner.Sandbox), line) == name
}
