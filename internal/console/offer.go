package console

import (
	"errors"
	"net/http"
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// offerView is what the template "offer" shows.
type offerView struct {
	Nav    []menuItem
	Offer  offerRow
	Fields []field
	Units  []unitRow
	State  office.UnitState
	States []field
	Pager  pager
}

// unitRow is a unit as lists show it.
type unitRow struct {
	office.UnitRow
	Said text
	Ref  gift.OrderRef
}

func unitName(s office.UnitState) text {
	switch s {
	case office.UnitFree:
		return text{"판매 전", "Free"}
	case office.UnitSold:
		return text{"판매됨", "Sold"}
	case office.UnitUsed:
		return text{"사용됨", "Used"}
	case office.UnitRefunded:
		return text{"환불됨", "Refunded"}
	case office.UnitWithdrawn:
		return text{"회수됨", "Withdrawn"}
	}
	return text{"모두", "All"}
}

func asUnit(u office.UnitRow) unitRow {
	r := unitRow{UnitRow: u, Said: unitName(u.State)}
	if u.OrderID != 0 {
		r.Ref = u.OrderID.Ref(false)
	}
	return r
}

func (q *request) unitFilter() field {
	states := []selectable{{"", unitName("").in(q.lang)}}
	for _, s := range []office.UnitState{
		office.UnitFree, office.UnitSold, office.UnitUsed, office.UnitRefunded, office.UnitWithdrawn,
	} {
		states = append(states, selectable{string(s), unitName(s).in(q.lang)})
	}
	return field{Name: "unit", Label: text{"상태", "State"}, Type: "select", Value: q.FormValue("unit"), Options: states}
}

// foundOffer reads the offer that the address names.
func (q *request) foundOffer() (office.OfferRow, error) {
	id, err := q.pathNumber()
	if err != nil {
		return office.OfferRow{}, err
	}
	return q.h.Store.OfferByID(q.Context(), id)
}

func (q *request) showOffer() error {
	o, err := q.foundOffer()
	if err != nil {
		return err
	}
	if f, ok := q.exporting(); ok {
		return q.exportUnits(f, "units", office.UnitQuery{OfferID: o.ID, State: office.UnitState(q.FormValue("unit"))})
	}
	return q.renderOffer(http.StatusOK, o, offerFields(o.Offer))
}

func (q *request) renderOffer(status int, o office.OfferRow, fields []field) error {
	v := offerView{Nav: q.catalogueNav(), Offer: asRow(o, gift.DayOf(q.now)), Fields: fields, States: []field{q.unitFilter()}}
	units, err := q.h.Store.UnitList(q.Context(), office.UnitQuery{
		OfferID: o.ID, State: office.UnitState(q.FormValue("unit")), After: q.number("after"), Limit: pageSize + 1,
	})
	if err != nil {
		return err
	}
	v.Units, v.Pager = q.unitPage(units)
	id := strconv.FormatInt(o.ID, 10)
	return q.render(status, "offer", text{"판매 상품 " + id, "Offer " + id}, v)
}

func (q *request) unitPage(units []office.UnitRow) (rows []unitRow, p pager) {
	units, more := page(units)
	last := int64(0)
	for _, u := range units {
		rows = append(rows, asUnit(u))
		last = u.ID
	}
	return rows, q.pager(more, last)
}

var unitColumns = []text{
	{"번호", "Number"},
	{"판매번호", "Offer"},
	{"이름", "Name"},
	{"상태", "State"},
	{"주문번호", "Order"},
	{"매체사", "Partner"},
	{"사용 시각", "Used at"},
}

func (q *request) exportUnits(f wantedFile, name string, query office.UnitQuery) error {
	return q.export(f, name, unitColumns, func(row func(...any) error) error {
		for query.After, query.Limit = 0, exportedAtOnce; ; {
			units, err := q.h.Store.UnitList(q.Context(), query)
			if err != nil {
				return err
			}
			for _, u := range units {
				query.After = u.ID
				r, used := asUnit(u), ""
				if !u.UsedAt.IsZero() {
					used = u.UsedAt.In(gift.Seoul).Format("2006-01-02 15:04:05")
				}
				// A unit's number is an identifier; as a number, spreadsheets may round it.
				err := row(strconv.FormatInt(u.ID, 10), u.OfferID, u.Name, r.Said.in(q.lang), string(r.Ref), u.Partner, used)
				if err != nil {
					return err
				}
			}
			if len(units) < exportedAtOnce {
				return nil
			}
		}
	})
}

func offerFields(o gift.Offer) []field {
	price := func(name string, label text, value gift.Won) field {
		return field{Name: name, Label: label, Type: "number", Value: strconv.FormatInt(int64(value), 10), Needed: true}
	}
	return []field{
		price("far", text{"61일 이상 남았을 때의 가격(원)", "Price with more than 60 days left (won)"}, o.Tiers.Far),
		price("mid", text{"31~60일 남았을 때의 가격(원)", "Price with 31 to 60 days left (won)"}, o.Tiers.Mid),
		price("near", text{"30일 이하 남았을 때의 가격(원)", "Price with 30 days left or fewer (won)"}, o.Tiers.Near),
		{
			Name: "last_day", Label: text{"마지막 날", "Last day"}, Type: "date", Value: o.LastDay.String(), Needed: true,
			Hint: text{
				"이미 팔린 것의 유효기간도 함께 바뀝니다.", "It changes for those that are sold too.",
			},
		},
		{Name: "once_per", Label: text{"매체사마다 한 번만 판매", "Each partner may buy from it once"}, Type: "check", Value: ticked(o.OncePer)},
	}
}

// offerForm is what can be changed of an offer, as it was sent.
type offerForm struct {
	tiers   gift.Tiers
	lastDay gift.Day
	oncePer bool
	wrong   faults
}

func (q *request) readOfferForm() offerForm {
	r := q.reader()
	f := offerForm{
		tiers:   gift.Tiers{Far: r.won("far"), Mid: r.won("mid"), Near: r.won("near")},
		oncePer: q.PostFormValue("once_per") != "", wrong: r.wrong,
	}
	day, err := gift.ParseDay(q.PostFormValue("last_day"))
	if f.lastDay = day; err != nil {
		r.wrong["last_day"] = text{"날짜를 2026-12-31처럼 쓰십시오.", "Give a day such as 2026-12-31."}
	}
	return f
}

// validate compares what was sent with the offer as it is.
func (f *offerForm) validate(o gift.Offer, today gift.Day) {
	for name, price := range map[string]gift.Won{"far": f.tiers.Far, "mid": f.tiers.Mid, "near": f.tiers.Near} {
		if _, known := f.wrong[name]; !known && price > o.Face {
			f.wrong[name] = text{
				"액면가 " + grouped(int64(o.Face)) + "원보다 높을 수 없습니다.", "It cannot be above the face value of ₩" + grouped(int64(o.Face)) + ".",
			}
		}
	}
	if _, known := f.wrong["last_day"]; !known && f.lastDay != o.LastDay && f.lastDay < today {
		f.wrong["last_day"] = text{"지난 날짜로 바꿀 수 없습니다.", "A day in the past cannot be the last."}
	}
}

func (q *request) saveOffer() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	o, err := q.foundOffer()
	if err != nil {
		return err
	}
	f := q.readOfferForm()
	if f.validate(o.Offer, gift.DayOf(q.now)); len(f.wrong) > 0 {
		fields := offerFields(o.Offer)
		for i := range fields {
			fields[i].Value, fields[i].Error = q.PostFormValue(fields[i].Name), f.wrong[fields[i].Name]
		}
		o.Version = q.formNumber("version")
		return q.renderOffer(http.StatusUnprocessableEntity, o, fields)
	}
	o.Tiers, o.LastDay, o.OncePer = f.tiers, f.lastDay, f.oncePer
	if err := q.h.Store.ChangeOffer(q.Context(), o.Offer, q.formNumber("version"), q.now); err != nil {
		return err
	}
	return q.done(offerAddress(o.ID), text{"저장했습니다. 1초 안에 모든 서버에 반영됩니다.", "Saved. Every server shows it within a second."})
}

func offerAddress(id int64) string { return catalogueRoot + "/offers/" + strconv.FormatInt(id, 10) }

// switchSale stops or resumes a sale, and goes back to where it was asked for.
func (q *request) switchSale() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	o, err := q.foundOffer()
	if err != nil {
		return err
	}
	said := text{"판매를 중지했습니다.", "The sale is stopped."}
	if o.Stopped = q.PostFormValue("to") == "stop"; !o.Stopped {
		said = text{"판매를 다시 시작했습니다.", "The sale goes on."}
	}
	if err := q.h.Store.ChangeOffer(q.Context(), o.Offer, q.formNumber("version"), q.now); err != nil {
		return err
	}
	back := offerAddress(o.ID)
	if to := q.PostFormValue("back"); to != "" {
		back = ownAddress(to)
	}
	return q.done(back, said)
}

// unitView is what the template "unit" shows.
type unitView struct {
	Nav       []menuItem
	Unit      unitRow
	Free      bool
	Withdrawn bool
	Error     text
}

func (q *request) showUnit() error { return q.renderUnit(http.StatusOK, text{}) }

func (q *request) renderUnit(status int, wrong text) error {
	id, err := q.pathNumber()
	if err != nil {
		return err
	}
	u, err := q.h.Store.UnitByID(q.Context(), id)
	if err != nil {
		return err
	}
	number := strconv.FormatInt(id, 10)
	return q.render(status, "unit", text{"쿠폰·바우처 " + number, "Coupon or voucher " + number}, unitView{
		Nav: q.catalogueNav(), Unit: asUnit(u), Free: u.State == office.UnitFree, Withdrawn: u.State == office.UnitWithdrawn, Error: wrong,
	})
}

// withdrawUnit keeps a bad voucher or coupon from being sold.
func (q *request) withdrawUnit() error {
	id, reason, err := q.unitForm()
	if err != nil {
		return err
	}
	if reason == "" {
		return q.renderUnit(http.StatusUnprocessableEntity, text{"사유를 쓰십시오.", "Give a reason."})
	}
	err = q.h.Store.WithdrawUnit(q.Context(), id, reason, q.now)
	if errors.Is(err, office.ErrSold) {
		return q.renderUnit(http.StatusConflict, text{
			"그 사이에 팔렸습니다. 주문에서 환불하십시오.", "It was sold meanwhile. Refund its order instead.",
		})
	}
	if err != nil {
		return err
	}
	return q.done(q.unitAddress(), text{"회수했습니다. 이제 팔리지 않습니다.", "Withdrawn. It will not be sold."})
}

// restoreUnit puts a withdrawn one back into its offer.
func (q *request) restoreUnit() error {
	id, reason, err := q.unitForm()
	if err != nil {
		return err
	}
	if err := q.h.Store.RestoreUnit(q.Context(), id, reason, q.now); err != nil {
		return err
	}
	return q.done(q.unitAddress(), text{"다시 재고에 넣었습니다.", "It is in stock again."})
}

func (q *request) unitForm() (id int64, reason string, err error) {
	if err := q.parseForm(); err != nil {
		return 0, "", err
	}
	reason = q.reader().text("reason", maxNameBytes, false)
	id, err = q.pathNumber()
	return id, reason[:min(len(reason), maxNameBytes)], err
}

func (q *request) unitAddress() string { return catalogueRoot + "/units/" + q.PathValue("id") }
