package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/office"
)

func couponRoutes() []route {
	return []route{{pattern: "GET " + catalogueRoot + "/coupons", needs: office.See, serve: (*request).showCoupons}}
}

// couponList is what the template "coupons" shows.
type couponList struct {
	Nav     []menuItem
	Filters []field
	Units   []unitRow
	Pager   pager
}

// showCoupons lists the coupons of star offers. A number leads to one.
func (q *request) showCoupons() error {
	words := strings.TrimSpace(q.FormValue("q"))
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
	l := couponList{Nav: q.catalogueNav(), Filters: []field{
		{Name: "q", Label: text{"쿠폰 번호", "Number of a coupon"}, Type: "search", Value: words},
		{Name: "offer", Label: text{"판매번호", "Number of an offer"}, Type: "number", Value: idValue(query.OfferID)},
		q.unitFilter(),
	}}
	if words == "" {
		units, err := q.h.Store.UnitList(q.Context(), query)
		if err != nil {
			return err
		}
		l.Units, l.Pager = q.unitPage(units)
	} else { // nothing has this number
		l.Units, l.Pager = q.unitPage(nil)
	}
	return q.render(http.StatusOK, "coupons", text{"발행 쿠폰", "Coupons"}, l)
}
