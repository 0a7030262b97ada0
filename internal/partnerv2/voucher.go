package partnerv2

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

func voucherRoutes() []route {
	return []route{
		{method: http.MethodGet, pattern: "vouchers", serve: (*call).vouchers},
		{method: http.MethodGet, pattern: "vouchers/{id}", serve: (*call).voucher},
		{method: http.MethodPost, pattern: "vouchers/{id}/link", serve: (*call).renewLink},
	}
}

// voucherAnswer is a voucher or coupon as it is shown.
type voucherAnswer struct {
	ID          string        `json:"id"`
	OrderID     gift.OrderRef `json:"order_id"`
	OfferID     int64         `json:"offer_id"`
	Kind        string        `json:"kind"`
	State       string        `json:"state"`
	Name        string        `json:"name"`
	Brand       *namedAnswer  `json:"brand,omitempty"`
	Shop        *namedAnswer  `json:"shop,omitempty"`
	FaceValue   gift.Won      `json:"face_value"`
	Paid        gift.Won      `json:"paid"`
	LastDay     string        `json:"last_day"`
	BoughtAt    time.Time     `json:"bought_at"`
	VoucherURL  string        `json:"voucher_url"`
	Number      string        `json:"number,omitempty"`
	BarcodeURL  string        `json:"barcode_url,omitempty"`
	CouponID    int64         `json:"coupon_id,omitempty"`
	QRURL       string        `json:"qr_url,omitempty"`
	Used        *usedAnswer   `json:"used,omitempty"`
	CancelledAt time.Time     `json:"cancelled_at,omitzero"`
}

// namedAnswer is a thing with a number and a name.
type namedAnswer struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// usedAnswer says when and where a coupon was used.
type usedAnswer struct {
	At       time.Time `json:"at"`
	ShopID   int64     `json:"shop_id"`
	ShopName string    `json:"shop_name"`
	SellerID int64     `json:"seller_id"`
}

// itemStates are the words for what became of a voucher.
var itemStates = map[gift.ItemState]string{
	gift.Bought: "usable", gift.Used: "used", gift.Refunded: "cancelled", gift.TimedOut: "expired",
}

// voucherAnswer shows an item, by the partner's own clock.
func (c *call) voucherAnswer(i *gift.BoughtItem) (*voucherAnswer, error) {
	order := i.OrderID.Ref(i.Sandbox)
	v := &voucherAnswer{
		ID: voucherName(order, i.Line), OrderID: order, OfferID: i.Offer.ID, Kind: i.Offer.Kind.Word(),
		State: itemStates[i.State(i.Today(c.Clock.Now()))], FaceValue: i.Face, Paid: i.Paid, LastDay: i.Offer.LastDay.String(),
		BoughtAt: seoul(i.At), VoucherURL: c.Links.VoucherURL(i), CancelledAt: seoul(i.CancelledAt),
	}
	if i.Offer.Kind == gift.StarCoupon {
		c.showCoupon(v, i)
		return v, nil
	}
	v.Name, v.Brand = i.Product.Name, &namedAnswer{i.Brand.ID, i.Brand.Name}
	var err error
	if v.Number, err = i.Number(c.Numbers.Open); err != nil {
		return nil, fmt.Errorf("voucher %d: %w", i.UnitID, err)
	}
	if v.Number != "" {
		v.BarcodeURL = c.origin + c.Links.BarcodePath(i.OrderID, i.Line)
	}
	return v, nil
}

// showCoupon shows what only star coupons have.
func (c *call) showCoupon(v *voucherAnswer, i *gift.BoughtItem) {
	v.Name, v.Shop, v.CouponID = i.Campaign.Product, &namedAnswer{i.Shop.ID, i.Shop.Name}, i.UnitID
	if v.State == itemStates[gift.Bought] {
		v.QRURL = c.origin + c.Links.QRPath(i.OrderID, i.Line)
	}
	if !i.UsedAt.IsZero() {
		v.Used = &usedAnswer{At: seoul(i.UsedAt), ShopID: i.Shop.ID, ShopName: i.Shop.Name, SellerID: i.UsedBy}
	}
}

// noVoucher says that the partner has no such voucher.
var noVoucher = noOrder.saying(
	"없는 상품권 또는 쿠폰입니다.",
	"There is no such voucher or coupon.",
)

// voucher shows one voucher or coupon.
func (c *call) voucher() error {
	if err := c.query().close(); err != nil {
		return err
	}
	item, err := c.ownItem()
	if err != nil {
		return err
	}
	return c.answerVoucher(item)
}

// ownItem finds the partner's item that the path names.
func (c *call) ownItem() (*gift.BoughtItem, error) {
	at, ok := c.parseVoucher(c.r.PathValue("id"))
	if !ok {
		return nil, noVoucher
	}
	item, err := c.Store.BoughtItem(c.r.Context(), c.partner.ID, at.OrderID, at.Line)
	if err != nil {
		return nil, accountFault(err)
	}
	if item == nil {
		return nil, noVoucher
	}
	return item, nil
}

func (c *call) answerVoucher(item *gift.BoughtItem) error {
	v, err := c.voucherAnswer(item)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, v)
}

// renewLink revokes the link to a voucher's page in favour of another.
func (c *call) renewLink() error {
	if err := errors.Join(c.query().close(), c.body(&struct{}{})); err != nil {
		return err
	}
	item, err := c.ownItem()
	if err != nil {
		return err
	}
	err = c.Store.RenewLink(c.changing(), item.OrderID, item.Line, item.LinkSerial, c.Clock.Now())
	if err != nil && !errors.Is(err, office.ErrChanged) { // then somebody else has renewed it just now: that will do
		return accountFault(err)
	}
	if item, err = c.ownItem(); err != nil {
		return err
	}
	return c.answerVoucher(item)
}
