package console

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// settlementsShown is how many settlements of a shop are shown.
const settlementsShown = 24

type itemLine struct {
	office.RedeemedItem
	Ref gift.OrderRef
	Via string
}

type shopPage struct {
	ShopID  int64
	Period  typedPeriod
	Shop    settlementLine
	Items   []itemLine
	Settled []office.Settlement
	Error   string // why it was not booked
	Pager   pager
}

func (q *request) shopID() (int64, error) {
	id, err := strconv.ParseInt(q.PathValue("shop"), 10, 64)
	if err != nil {
		return 0, office.ErrNotFound
	}
	return id, nil
}

func (q *request) showShopSettlement() error { return q.renderShop(http.StatusOK, "") }

// renderShop shows a shop's page, and why it was not settled with.
func (q *request) renderShop(status int, problem string) error {
	id, err := q.shopID()
	if err != nil {
		return err
	}
	p := shopPage{ShopID: id, Period: q.period(), Error: problem}
	q.URL.RawQuery = q.listQuery(p.Period)
	if p.Period.Error != "" {
		status, p.Period.Period = http.StatusUnprocessableEntity, office.Period{From: 1, To: 1}
	}
	r, err := q.h.Store.RedeemedAtShop(q.Context(), id, p.Period.Period)
	if err != nil {
		return err
	}
	if f, ok := q.exporting(p.Period.Error); ok {
		return q.exportItems(f, id, p.Period.Period)
	}
	p.Shop = q.settlementLine(r, p.Period.Period)
	if err := q.fillItems(&p); err != nil {
		return err
	}
	if p.Settled, err = q.h.Store.ShopSettlements(q.Context(), id, settlementsShown); err != nil {
		return err
	}
	return q.render(status, "settlement_shop", text{r.Shop + " 정산", "Settlement · " + r.Shop}, p)
}

// listQuery is what leads to the page by GET, also from a form that was sent.
func (q *request) listQuery(p typedPeriod) string {
	if q.Method == http.MethodPost {
		return p.Query()
	}
	return q.URL.RawQuery
}

func (q *request) fillItems(p *shopPage) error {
	items, err := q.h.Store.RedeemedItems(q.Context(), p.ShopID, p.Period.Period, q.place(), pageSize+1)
	if err != nil {
		return err
	}
	items, more := page(items)
	for _, i := range items {
		p.Items = append(p.Items, itemLine{RedeemedItem: i, Ref: i.OrderID.Ref(false), Via: q.itemVia(i)})
	}
	p.Pager = q.pager(false, 0)
	if more {
		p.Pager.Next = q.with("after", placeText(items[len(items)-1].Place()))
	}
	return nil
}

// placeText is a place in a list in an address.
func placeText(p office.RedeemedPlace) string {
	return strconv.FormatInt(int64(p.Day), 10) + "." + strconv.FormatInt(int64(p.ID), 10)
}

func (q *request) viaName(via string) string {
	switch via {
	case "api":
		return "API"
	case "page":
		return text{"매장 페이지", "Shop's page"}.in(q.lang)
	case "shift":
		return text{"매장 기기", "Shop's device"}.in(q.lang)
	case "number":
		return text{"매장 기기, 번호 입력", "Shop's device, number typed"}.in(q.lang)
	case "console":
		return text{"콘솔", "Console"}.in(q.lang)
	case "sandbox":
		return text{"샌드박스 API", "Sandbox API"}.in(q.lang)
	}
	return via
}

// itemVia says how a coupon was used, or that this was undone.
func (q *request) itemVia(i office.RedeemedItem) string {
	via := q.viaName(i.Via)
	switch {
	case i.Undoes != 0:
		return text{"사용 취소", "Undone"}.in(q.lang) + " · " + via
	case i.Undone:
		return via + " · " + text{"취소됨", "undone since"}.in(q.lang)
	}
	return via
}

// place reads what placeText wrote; nothing else is a place.
func (q *request) place() office.RedeemedPlace {
	day, id, _ := strings.Cut(q.FormValue("after"), ".")
	d, dayErr := strconv.ParseInt(day, 10, 64)
	n, err := strconv.ParseInt(id, 10, 64)
	if dayErr != nil || err != nil {
		return office.RedeemedPlace{}
	}
	return office.RedeemedPlace{Day: gift.Day(d), ID: gift.ID(n)}
}

func (q *request) exportItems(f wantedFile, shopID int64, p office.Period) error {
	name := fmt.Sprintf("settlement-%d-%s-%s", shopID, p.From, p.To)
	return q.export(f, name, []text{
		{"사용 일시", "Used"},
		{"주문번호", "Order"},
		{"순번", "Line"},
		{"상품", "Product"},
		{"매체사", "Partner"},
		{"판매자", "Seller"},
		{"경로", "Via"},
		{"액면가", "Face value"},
		{"지급할 금액", "Owed"},
	}, func(row func(...any) error) error {
		for after := (office.RedeemedPlace{}); ; {
			items, err := q.h.Store.RedeemedItems(q.Context(), shopID, p, after, exportedAtOnce)
			if err != nil {
				return err
			}
			for _, i := range items {
				after = i.Place()
				if err := row(i.At.In(gift.Seoul).Format("2006-01-02 15:04:05"), string(i.OrderID.Ref(false)), i.Line,
					i.Product, i.Partner, i.Seller, q.itemVia(i), int64(i.Face), int64(i.Paid)); err != nil {
					return err
				}
			}
			if len(items) < exportedAtOnce {
				return nil
			}
		}
	})
}

// settlementForm books a settlement: which days, and what was shown as owed for them.
type settlementForm struct {
	Period  typedPeriod
	Coupons int64
	Paid    gift.Won
}

// validate returns what is wrong with the form, or nothing.
func (f settlementForm) validate(q *request) string {
	switch {
	case f.Period.Error != "":
		return f.Period.Error
	case f.Paid <= 0:
		return text{"이 기간에는 지급할 금액이 없습니다.", "Nothing is owed for this period."}.in(q.lang)
	}
	return ""
}

func (q *request) bookSettlement() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	id, err := q.shopID()
	if err != nil {
		return err
	}
	form := settlementForm{Period: q.period(), Coupons: q.number("coupons"), Paid: gift.Won(q.number("paid"))}
	if problem := form.validate(q); problem != "" {
		return q.renderShop(http.StatusUnprocessableEntity, problem)
	}
	want := office.Redeemed{Coupons: form.Coupons, Paid: form.Paid}
	_, err = q.h.Store.BookSettlement(q.Context(), id, form.Period.Period, want, q.now)
	switch {
	case errors.Is(err, office.ErrDuplicate):
		return q.renderShop(http.StatusConflict, text{
			"이미 정산된 날짜가 있어 기록하지 않았습니다. 아래 정산 내역을 확인하십시오.",
			"Days of this period were settled meanwhile, so nothing was booked. See the settlements below.",
		}.in(q.lang))
	case errors.Is(err, office.ErrNotOver):
		return q.renderShop(http.StatusUnprocessableEntity, text{
			"기간이 아직 끝나지 않았습니다. 종료일 다음 날부터 정산할 수 있습니다.",
			"The period is not over yet. It can be settled from the day after its last.",
		}.in(q.lang))
	case errors.Is(err, office.ErrNothingDue):
		return q.renderShop(http.StatusUnprocessableEntity, form.nothing(q))
	case err != nil:
		return err
	}
	return q.done(settlementAddress+"/"+strconv.FormatInt(id, 10)+"?"+form.Period.Query(), text{
		"정산을 기록했습니다: " + won(form.Paid, q.lang), "Settlement booked: " + won(form.Paid, q.lang),
	})
}

func (f settlementForm) nothing(q *request) string {
	f.Paid = 0
	return f.validate(q)
}
