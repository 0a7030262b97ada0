package console

import (
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

func offerRoutes() []route {
	const at = catalogueRoot + "/offers"
	return []route{
		{pattern: "GET " + at, needs: office.See, serve: (*request).showOffers},
		{pattern: "GET " + at + "/{id}", needs: office.See, serve: (*request).showOffer},
		{pattern: "POST " + at + "/{id}", needs: office.EditStock, serve: (*request).saveOffer},
		{pattern: "POST " + at + "/{id}/sale", needs: office.EditStock, serve: (*request).switchSale},
		{pattern: "GET " + catalogueRoot + "/units/{id}", needs: office.See, serve: (*request).showUnit},
		{pattern: "POST " + catalogueRoot + "/units/{id}/withdraw", needs: office.EditStock, serve: (*request).withdrawUnit},
		{pattern: "POST " + catalogueRoot + "/units/{id}/restore", needs: office.EditStock, serve: (*request).restoreUnit},
	}
}

func offerStateName(s office.OfferState) text {
	switch s {
	case office.OnSale:
		return text{"판매 중", "On sale"}
	case office.Stopped:
		return text{"판매 중지", "Stopped"}
	case office.SoldOut:
		return text{"품절", "Sold out"}
	case office.Expiring:
		return text{"곧 만료", "Expiring"}
	case office.Expired:
		return text{"만료", "Expired"}
	}
	return text{"모두", "All"}
}

// defaultDays is how soon "expiring" means when nobody says.
const defaultDays = 30

// offerList is what the template "offers" shows.
type offerList struct {
	Nav     []menuItem
	Filters []field
	Hidden  []selectable // filters that a link chose
	Of      string       // what they say
	Address string
	Rows    []offerRow
	Narrow  bool
	Short   bool // the page is not full, and the list goes on
	Pager   pager
}

// offerRow is an offer as a list shows it.
type offerRow struct {
	office.OfferRow
	State   office.OfferState
	Said    text
	Percent int
	Far     bool // the price that is in force
	Mid     bool
	Near    bool
}

// asRow tells which of an offer's prices is in force.
func asRow(o office.OfferRow, today gift.Day) offerRow {
	r := offerRow{OfferRow: o, State: o.State(today), Percent: gift.DiscountPercent(o.Face, o.PriceOn(today))}
	r.Said = offerStateName(r.State)
	switch left := int(o.LastDay - today); {
	case left < 0:
	case left <= 30:
		r.Near = true
	case left <= 60:
		r.Mid = true
	default:
		r.Far = true
	}
	return r
}

func (q *request) offerQuery() office.OfferQuery {
	days := q.number("days")
	if days <= 0 || days > 3660 {
		days = defaultDays
	}
	return office.OfferQuery{
		Kind: gift.Kind(q.number("kind")), ProductID: q.number("product"), CampaignID: q.number("campaign"),
		BrandID: q.number("brand"), ShopID: q.number("shop"), Words: strings.TrimSpace(q.FormValue("q")),
		State: office.OfferState(q.FormValue("state")), Days: days, Today: gift.DayOf(q.now),
		After: q.number("after"), Limit: pageSize,
	}
}

func (q *request) showOffers() error {
	query := q.offerQuery()
	if f, ok := q.exporting(); ok {
		return q.exportOffers(f, query)
	}
	found, err := q.h.Store.OfferList(q.Context(), query)
	if err != nil {
		return err
	}
	l := offerList{
		Nav: q.catalogueNav(), Narrow: found.Narrow, Short: found.Next != 0 && len(found.Rows) < pageSize,
		Pager: q.pager(found.Next != 0, found.Next), Address: q.URL.RequestURI(),
	}
	if l.Filters, err = q.offerFilters(query); err != nil {
		return err
	}
	if l.Hidden, l.Of, err = q.chosen(query); err != nil {
		return err
	}
	for _, o := range found.Rows {
		l.Rows = append(l.Rows, asRow(o, query.Today))
	}
	return q.render(http.StatusOK, "offers", text{"판매 상품", "Offers"}, l)
}

func (q *request) offerFilters(query office.OfferQuery) ([]field, error) {
	brands, err := q.brandOptions()
	states := []selectable{{"", text{"모두", "All"}.in(q.lang)}}
	for _, s := range []office.OfferState{office.OnSale, office.Stopped, office.SoldOut, office.Expiring, office.Expired} {
		states = append(states, selectable{string(s), offerStateName(s).in(q.lang)})
	}
	return []field{
		{Name: "q", Label: text{"이름이나 번호", "Name or number"}, Type: "search", Value: query.Words},
		q.kindFilter(),
		{
			Name: "brand", Label: text{"브랜드", "Brand"}, Type: "select", Value: idValue(query.BrandID),
			Options: q.picked(text{"모두", "All"}, brands),
		},
		{Name: "state", Label: text{"상태", "State"}, Type: "select", Value: string(query.State), Options: states},
		{Name: "days", Label: text{"곧 만료: 며칠 안", "Expiring: within days"}, Type: "number", Value: idValue(query.Days)},
	}, err
}

// chosen keeps filters that a link chose, and says of what the list is.
func (q *request) chosen(query office.OfferQuery) (hidden []selectable, of string, err error) {
	ctx := q.Context()
	switch {
	case query.ProductID != 0:
		l, err := q.h.Store.Products().Get(ctx, query.ProductID)
		return []selectable{{"product", idValue(query.ProductID)}}, l.Row.Name, err
	case query.CampaignID != 0:
		l, err := q.h.Store.Campaigns().Get(ctx, query.CampaignID)
		return []selectable{{"campaign", idValue(query.CampaignID)}}, l.Row.Product, err
	case query.ShopID != 0:
		l, err := q.h.Store.Shops().Get(ctx, query.ShopID)
		return []selectable{{"shop", idValue(query.ShopID)}}, l.Row.Name, err
	}
	return nil, "", nil
}

var offerColumns = []text{
	{"판매번호", "Number"},
	{"구분", "Kind"},
	{"이름", "Name"},
	{"브랜드·업체", "Brand or shop"},
	{"액면가", "Face value"},
	{"61일 이상", "Over 60 days"},
	{"31~60일", "31 to 60 days"},
	{"30일 이하", "Up to 30 days"},
	{"마지막 날", "Last day"},
	{"재고", "Stock"},
	{"판매", "Sold"},
	{"상태", "State"},
}

func (q *request) exportOffers(f wantedFile, query office.OfferQuery) error {
	return q.export(f, "offers", offerColumns, func(row func(...any) error) error {
		for query.After, query.Limit = 0, exportedAtOnce; ; {
			found, err := q.h.Store.OfferList(q.Context(), query)
			if err != nil {
				return err
			}
			for _, o := range found.Rows {
				err := row(o.ID, offerKind(o.Kind).in(q.lang), o.Name, o.Maker, int64(o.Face), int64(o.Tiers.Far), int64(o.Tiers.Mid),
					int64(o.Tiers.Near), o.LastDay.String(), o.Stock, o.Sold(), offerStateName(o.State(query.Today)).in(q.lang))
				if err != nil {
					return err
				}
			}
			if query.After = found.Next; found.Next == 0 {
				return nil
			}
		}
	})
}

// pathNumber returns the number in the address.
func (q *request) pathNumber() (int64, error) {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return 0, office.ErrNotFound
	}
	return id, nil
}
