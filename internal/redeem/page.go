package redeem

import (
	"bytes"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
)

// maxForm bounds a form: a code and a few numbers.
const maxForm = 4 << 10

// form is what the shop typed.
type form struct {
	SellerID int64 // 0 = not chosen
	Code     string
	Keep     bool // the device stays signed in
}

func (v *visit) form() form {
	seller, err := strconv.ParseInt(v.PostForm.Get("seller"), 10, 64)
	if err != nil || seller < 0 {
		seller = 0
	}
	return form{SellerID: seller, Code: strings.TrimSpace(v.PostForm.Get("code")), Keep: v.PostForm.Get("keep") != ""}
}

func (v *visit) showCoupon() error {
	item, err := v.coupon()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, item, form{}, nil)
}

// useCoupon uses the coupon: on a device that is signed in at its shop without a code, else with one.
func (v *visit) useCoupon() error {
	item, err := v.coupon()
	if err != nil {
		return err
	}
	in := v.form()
	if v.sealed() && in.Code == "" {
		return v.told(v.h.Counter.RedeemInShift(v.Context(), v.shift, item.Place(), v.via()))
	}
	if err := v.soleSeller(item, &in); err != nil {
		return err
	}
	if in.SellerID == 0 || in.Code == "" {
		return v.render(http.StatusUnprocessableEntity, item, in, refuse(incomplete))
	}
	used, refusal, err := v.h.Counter.Redeem(v.Context(), Attempt{
		OrderID: item.OrderID, UnitID: item.UnitID, SellerID: in.SellerID, Code: in.Code, Via: ViaPage, Device: v.device,
	})
	if err == nil && refusal == nil && in.Keep {
		err = v.keepSignedIn(in.SellerID)
	}
	if used == nil {
		used = item
	}
	return v.told(used, refusal, err)
}

// told shows what became of a try.
func (v *visit) told(item *gift.BoughtItem, refusal *gift.Refusal, err error) error {
	switch {
	case err != nil:
		return err
	case item == nil:
		return fs.ErrNotExist
	case refusal == nil:
		v.used = true
		return v.render(http.StatusOK, item, form{}, nil)
	case refusal.Reason == gift.SellerLocked:
		v.w.Header().Set("Retry-After", strconv.FormatInt(refusal.Limit*60, 10))
	}
	return v.render(statusOf(refusal.Reason), item, v.form(), refusal)
}

// via is how a signed-in device came to the coupon.
func (v *visit) via() string {
	if v.FormValue("by") == ViaNumber {
		return ViaNumber
	}
	return ViaShift
}

// keepSignedIn starts a shift after a right code. The coupon is used by then: a fault is not worth hiding that.
func (v *visit) keepSignedIn(sellerID int64) error {
	seller, err := v.h.Store.Seller(v.Context(), sellerID)
	if err == nil && seller != nil {
		err = v.startShift(*seller)
	}
	if err != nil {
		v.h.Logger.WarnContext(v.Context(), "a shop's device could not be signed in", "seller", sellerID, "error", err)
	}
	return nil
}

// backToCoupon leads away from an address that forms are sent to, for who reloads it.
func (v *visit) backToCoupon() error { return v.redirect(pagePath + v.PathValue("token")) }

// undoUse takes back a redemption that the page showed.
func (v *visit) undoUse() error {
	item, err := v.coupon()
	if err != nil {
		return err
	}
	in := v.form()
	redemption, _ := strconv.ParseInt(v.PostForm.Get("redemption"), 10, 64) // 0 is none
	if err := v.soleSeller(item, &in); err != nil {
		return err
	}
	a := UndoAttempt{Place: item.Place(), RedemptionID: gift.ID(redemption), SellerID: in.SellerID, Code: in.Code, Device: v.device}
	if v.sealed() && in.Code == "" {
		a.Shift = v.shift
	}
	if a.Shift == nil && (in.SellerID == 0 || in.Code == "") {
		return v.render(http.StatusUnprocessableEntity, item, in, refuse(incomplete))
	}
	refusal, err := v.h.Counter.Undo(v.Context(), a)
	if err != nil {
		return err
	}
	if item, err = v.coupon(); err != nil {
		return err
	}
	if refusal == nil {
		return v.renderUndone(item)
	}
	return v.told(item, refusal, nil)
}

func statusOf(reason gift.Reason) int {
	switch reason {
	case gift.AlreadyUsed, gift.Cancelled, gift.Lapsed, otherShop, tooLate, notStanding:
		return http.StatusConflict
	case gift.SellerLocked:
		return http.StatusTooManyRequests
	default:
		return http.StatusUnprocessableEntity
	}
}

// coupon finds the coupon that the address unlocks.
func (v *visit) coupon() (*gift.BoughtItem, error) {
	orderID, line, ok := v.h.Links.open(couponLink, v.PathValue("token"))
	if !ok {
		return nil, fs.ErrNotExist
	}
	item, err := v.h.Store.BoughtItem(v.Context(), 0, orderID, line)
	if err != nil {
		return nil, err
	}
	if item == nil || item.Offer.Kind != gift.StarCoupon {
		return nil, fs.ErrNotExist
	}
	return item, nil
}

// soleSeller chooses the seller of a shop that has only one: its page has nothing to choose from.
func (v *visit) soleSeller(item *gift.BoughtItem, in *form) error {
	if in.SellerID != 0 {
		return nil
	}
	sellers, err := v.h.Store.ShopSellers(v.Context(), item.Shop.ID)
	if err == nil && len(sellers) == 1 {
		in.SellerID = sellers[0].ID
	}
	return err
}

// mine returns the redemption that stands, and whether this very device made it a moment ago: then asking again is told of it
// as of a success.
func (v *visit) mine(item *gift.BoughtItem) (r *Redemption, mine bool, err error) {
	r, err = v.h.Store.Redemption(v.Context(), item.OrderID, item.Line)
	switch {
	case err != nil || r == nil:
		return r, false, err
	case v.used:
		return r, true, nil
	case len(r.Device) == 0 || v.now.Sub(r.At) > UndoFor:
		return r, false, nil
	}
	return r, bytes.Equal(r.Device, v.device) || v.shift != nil && bytes.Equal(r.Device, v.shift.ID), nil
}
