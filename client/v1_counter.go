package client

import (
	"context"
	"net/url"
)

// GetQRImg returns the path, on the server, of the QR code by which the holder of a star coupon uses it at the shop (guide §13).
func (v V1) GetQRImg(ctx context.Context, orderID string, couponID int64, options ...Option) (path string, err error) {
	p := params{}
	p.text("tid", orderID)
	p.number("msc_idx", couponID)
	type data struct {
		Data string `json:"data"`
	}
	answer, err := v1Ask[data](ctx, v, "gifticon/getQRImg", url.Values(p), options)
	if err != nil {
		return "", err
	}
	return answer.Data, nil
}

// V1Use is what happens at a shop's counter (guide §14).
type V1Use struct {
	CouponID    int64
	SellerID    int64
	ManagerCode string // the seller's
}

// V1Receipt says that a star coupon was used (guide §14).
type V1Receipt struct {
	Message string `json:"message"`
	UsedAt  V1Time `json:"use_date"`
}

// SetUseStarCoupon uses a star coupon that was bought (guide §14). Of any number of attempts one succeeds. It is not sent again when
// its answer was lost: asking again tells, by M1, that the coupon was used.
func (v V1) SetUseStarCoupon(ctx context.Context, use V1Use, options ...Option) (*V1Receipt, error) {
	p := params{}
	p.number("msc_idx", use.CouponID)
	p.number("msu_idx", use.SellerID)
	p.text("managecode", use.ManagerCode)
	return v1Ask[V1Receipt](ctx, v, "gifticon/setUseStarCoupon", url.Values(p), options)
}
