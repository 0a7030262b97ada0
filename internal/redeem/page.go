package redeem

import (
	"context"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
)

// maxForm bounds a form: a code and a seller's number.
const maxForm = 4 << 10

// usedVia is what a use through the page is recorded as.
const usedVia = "page"

func (h *handler) showPage(w http.ResponseWriter, r *http.Request) error {
	item, err := h.coupon(r)
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, item, form{}, nil)
}

// form is what the shop typed.
type form struct {
	SellerID int64 // 0 = not chosen
	Code     string
}

func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return form{}, err
	}
	seller, err := strconv.ParseInt(r.PostForm.Get("seller"), 10, 64)
	if err != nil || seller < 0 {
		seller = 0
	}
	return form{SellerID: seller, Code: strings.TrimSpace(r.PostForm.Get("code"))}, nil
}

func (h *handler) usePage(w http.ResponseWriter, r *http.Request) error {
	item, err := h.coupon(r)
	if err != nil {
		return err
	}
	in, err := readForm(w, r)
	if err != nil {
		h.fail(w, r, http.StatusBadRequest)
		return nil
	}
	if err := h.soleSeller(r.Context(), item, &in); err != nil {
		return err
	}
	if in.SellerID == 0 || in.Code == "" {
		return h.render(w, r, http.StatusUnprocessableEntity, item, in, &gift.Refusal{Reason: incomplete})
	}
	used, refusal, err := h.Counter.Redeem(r.Context(), Attempt{
		OrderID: item.OrderID, UnitID: item.UnitID, SellerID: in.SellerID, Code: in.Code, Via: usedVia,
	})
	if err != nil {
		return err
	}
	if refusal == nil {
		return h.renderSuccess(w, r, used)
	}
	if used != nil {
		item = used
	}
	if refusal.Reason == gift.SellerLocked {
		w.Header().Set("Retry-After", strconv.FormatInt(refusal.Limit*60, 10))
	}
	return h.render(w, r, statusOf(refusal.Reason), item, in, refusal)
}

// incomplete is the page's own refusal: nothing was tried because a field is empty.
const incomplete gift.Reason = -1

func statusOf(reason gift.Reason) int {
	switch reason {
	case gift.AlreadyUsed, gift.Cancelled, gift.Lapsed:
		return http.StatusConflict
	case gift.SellerLocked:
		return http.StatusTooManyRequests
	default:
		return http.StatusUnprocessableEntity
	}
}

// coupon finds the coupon that the address unlocks.
func (h *handler) coupon(r *http.Request) (*gift.BoughtItem, error) {
	orderID, line, ok := h.Links.open(couponLink, r.PathValue("token"))
	if !ok {
		return nil, fs.ErrNotExist
	}
	item, err := h.Store.BoughtItem(r.Context(), 0, orderID, line)
	if err != nil {
		return nil, err
	}
	if item == nil || item.Offer.Kind != gift.StarCoupon {
		return nil, fs.ErrNotExist
	}
	return item, nil
}

// soleSeller chooses the seller of a shop that has only one: its page has nothing to choose from.
func (h *handler) soleSeller(ctx context.Context, item *gift.BoughtItem, in *form) error {
	if in.SellerID != 0 {
		return nil
	}
	sellers, err := h.Store.ShopSellers(ctx, item.Shop.ID)
	if err == nil && len(sellers) == 1 {
		in.SellerID = sellers[0].ID
	}
	return err
}
