package redeem

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
)

// desk is the shop's own page: to scan at, to sign in at, or to learn how.
type desk struct {
	frame
	SignIn string  // where the form to sign in leads; "" = it is not known who would
	Who    *Seller // who signs in
	Shop   string
	Number string // that was typed
}

// showCounter is where a signed-in device scans.
func (v *visit) showCounter() error {
	p := &desk{frame: v.frame()}
	p.State, p.Title = "desk", v.text.Counter
	if v.shift != nil {
		p.Detail = v.shift.Shop + " · " + v.shift.Seller
		p.Scans = true
		v.w.Header().Set("Permissions-Policy", "camera=(self)")
		return v.write(http.StatusOK, "counter", p)
	}
	if c, err := v.Cookie(v.cookie(sellerCookie)); err == nil {
		if seller, err := v.seller(c.Value); err == nil {
			return v.renderSignIn(http.StatusOK, seller, c.Value, nil)
		}
	}
	p.Detail = v.text.HowToSignIn
	return v.write(http.StatusOK, "counter", p)
}

// findCoupon opens the page of a coupon whose number was typed.
func (v *visit) findCoupon() error {
	if !v.sealed() {
		return v.redirect(counterPath)
	}
	number := strings.TrimSpace(v.PostForm.Get("number"))
	unit, err := strconv.ParseInt(number, 10, 64)
	var item *gift.BoughtItem
	if err == nil && unit > 0 {
		item, err = v.h.Store.CouponAtShop(v.Context(), v.shift.ShopID, unit)
		if err != nil {
			return err
		}
		if item == nil {
			if err := v.h.Store.MissInShift(v.Context(), v.shift.ID); err != nil {
				return err
			}
		}
	}
	if item == nil {
		p := &desk{frame: v.frame(), Number: number}
		p.State, p.Title, p.Detail = "desk", v.text.Counter, v.shift.Shop+" · "+v.shift.Seller
		p.Error, p.Scans = v.text.NoSuchNumber, true
		v.w.Header().Set("Permissions-Policy", "camera=(self)")
		return v.write(http.StatusUnprocessableEntity, "counter", p)
	}
	return v.redirect(v.h.Links.pagePathOf(item.Place()) + "?by=" + ViaNumber)
}

// seller returns who a sign-in address is for, unless another code was made since.
func (v *visit) seller(token string) (*Seller, error) {
	id, data, ok := v.h.Links.openSeller(token)
	if !ok {
		return nil, fs.ErrNotExist
	}
	s, err := v.h.Store.Seller(v.Context(), id)
	if err == nil && (s == nil || !bytes.Equal(sellerData(*s), data)) {
		err = fs.ErrNotExist
	}
	return s, err
}

// knows tells whether the browser was signed in for a seller, and could be again.
func (v *visit) knows(sellerID int64) bool {
	c, err := v.Cookie(v.cookie(sellerCookie))
	if err != nil {
		return false
	}
	s, err := v.seller(c.Value)
	return err == nil && s.ID == sellerID
}

func (v *visit) showSignIn() error {
	seller, err := v.seller(v.PathValue("seller"))
	if err != nil {
		return v.oldAddress(err)
	}
	return v.renderSignIn(http.StatusOK, seller, v.PathValue("seller"), nil)
}

// oldAddress tells who comes to an address that is none, or not any more, what to do.
func (v *visit) oldAddress(err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p := &desk{frame: v.frame()}
	p.State, p.Title, p.Detail = "desk", v.text.SignIn, v.text.OldAddress
	return v.write(http.StatusNotFound, "counter", p)
}

func (v *visit) renderSignIn(status int, s *Seller, token string, refusal *gift.Refusal) error {
	p := &desk{frame: v.frame(), SignIn: signInPath + token, Who: s}
	p.State, p.Title, p.Detail = "desk", v.text.SignIn, s.Name
	if refusal != nil {
		p.Error = v.text.refusal(refusal)
	}
	return v.write(status, "counter", p)
}

func (v *visit) signIn() error {
	token := v.PathValue("seller")
	seller, err := v.seller(token)
	if err != nil {
		return v.oldAddress(err)
	}
	code := v.form().Code
	refusal := refuse(incomplete)
	if code != "" {
		refusal, err = v.h.Counter.SignIn(v.Context(), seller, code)
	}
	if err != nil {
		return err
	}
	if refusal != nil {
		if refusal.Reason == gift.SellerLocked {
			v.w.Header().Set("Retry-After", strconv.FormatInt(refusal.Limit*60, 10))
		}
		return v.renderSignIn(statusOf(refusal.Reason), seller, token, refusal)
	}
	if err := v.startShift(*seller); err != nil {
		return err
	}
	return v.redirect(counterPath)
}

// signOut ends the device's shift. Its seller's name stays on it, to sign in again.
func (v *visit) signOut() error {
	if v.sealed() {
		if err := v.h.Store.EndShift(v.Context(), v.shift.ID); err != nil {
			return err
		}
		v.setCookie(shiftCookie, "", -1e9)
	}
	return v.redirect(counterPath)
}
