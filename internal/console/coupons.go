package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
)

func couponRoutes() []route {
	return []route{
		{pattern: "GET " + catalogueRoot + "/coupons", needs: office.See, serve: (*request).showCoupons},
		{pattern: "POST " + catalogueRoot + "/coupons", needs: office.EditStock, serve: (*request).findVoucher},
	}
}

// couponList is what the template "coupons" shows.
type couponList struct {
	Nav     []menuItem
	Filters []field
	Units   []unitRow
	Pager   pager
	Error   text // of the search by a voucher's number
}

// showCoupons lists the coupons of star offers. A number leads to one.
func (q *request) showCoupons() error {
	words := strings.TrimSpace(q.URL.Query().Get("q"))
	if id, err := strconv.ParseInt(words, 10, 64); err == nil {
		_, err := q.h.Store.UnitByID(q.Context(), id)
		if err == nil {
			return q.redirect(catalogueRoot + "/units/" + strconv.FormatInt(id, 10))
		}
		if !errors.Is(err, office.ErrNotFound) {
			return err
		}
	}
	query := office.UnitQuery{
		OfferID: q.number("offer"), State: office.UnitState(q.FormValue("unit")), After: q.number("after"), Limit: pageSize + 1,
	}
	if f, ok := q.exporting(); ok {
		return q.exportUnits(f, "coupons", query)
	}
	return q.renderCoupons(http.StatusOK, query, words, text{})
}

func (q *request) renderCoupons(status int, query office.UnitQuery, words string, wrong text) error {
	l := couponList{Nav: q.catalogueNav(), Error: wrong, Filters: []field{
		{Name: "q", Label: text{"쿠폰 번호", "Number of a coupon"}, Type: "search", Value: words},
		{Name: "offer", Label: text{"판매번호", "Number of an offer"}, Type: "number", Value: idValue(query.OfferID)},
		q.unitFilter(),
	}}
	var units []office.UnitRow // none, when nothing has the number that was searched for
	if words == "" {
		var err error
		if units, err = q.h.Store.UnitList(q.Context(), query); err != nil {
			return err
		}
	}
	l.Units, l.Pager = q.unitPage(units)
	return q.render(status, "coupons", text{"발행 쿠폰", "Coupons"}, l)
}

// findVoucher leads to the voucher with a number. The number is sent in a form, so that it stands in no address.
func (q *request) findVoucher() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	typed := strings.TrimSpace(q.PostFormValue("number"))
	for _, number := range []string{typed, intake.PlainNumber(typed)} { // as it is printed, and as files' numbers are kept
		if number == "" || q.h.Lookup == nil {
			break
		}
		u, err := q.h.Store.UnitByNumber(q.Context(), q.h.Lookup("voucher", number))
		if err == nil {
			return q.redirect(catalogueRoot + "/units/" + strconv.FormatInt(u.ID, 10))
		}
		if !errors.Is(err, office.ErrNotFound) {
			return err
		}
	}
	return q.renderCoupons(http.StatusUnprocessableEntity, office.UnitQuery{Limit: pageSize + 1}, "", text{
		"이 번호의 바우처가 없습니다. 번호 전체를 정확히 쓰십시오.", "No voucher has this number. Give the whole number exactly.",
	})
}
