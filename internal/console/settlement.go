package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const settlementAddress = ledgerAddress + "/settlement"

// settlementStore is what settling with shops needs.
type settlementStore interface {
	// RedeemedByShop returns the shops that redeemed anything in a period, by number from after on.
	RedeemedByShop(ctx context.Context, p office.Period, after int64, limit int) ([]office.Redeemed, error)
	RedeemedTotal(ctx context.Context, p office.Period) (office.Redeemed, error)
	RedeemedAtShop(ctx context.Context, shopID int64, p office.Period) (office.Redeemed, error)
	// RedeemedItems returns a shop's redeemed coupons, the newest first.
	RedeemedItems(ctx context.Context, shopID int64, p office.Period, after office.RedeemedPlace, limit int) (
		[]office.RedeemedItem, error)
	// ShopSettlements returns the newest settlements of a shop.
	ShopSettlements(ctx context.Context, shopID int64, limit int) ([]office.Settlement, error)
	// BookSettlement pays a shop what it redeemed in a period, once. Errors wrap office.ErrDuplicate, ErrChanged,
	// ErrNotOver or ErrNothingDue.
	BookSettlement(ctx context.Context, shopID int64, p office.Period, want office.Redeemed, now time.Time) (gift.ID, error)
}

// typedPeriod is the days that are settled, as the reader typed them.
type typedPeriod struct {
	From, To string
	Error    string
	Period   office.Period
}

// Query is the period in an address.
func (p typedPeriod) Query() string { return url.Values{"from": {p.From}, "to": {p.To}}.Encode() }

// period reads the days asked for; without any they are last month's.
func (q *request) period() (p typedPeriod) {
	p.From, p.To = q.FormValue("from"), q.FormValue("to")
	if p.From == "" && p.To == "" {
		year, month, _ := q.now.In(gift.Seoul).Date()
		p.Period = office.Period{From: gift.DateOf(year, month-1, 1), To: gift.DateOf(year, month, 1) - 1}
		p.From, p.To = p.Period.From.String(), p.Period.To.String()
		return p
	}
	from, fromOK := q.dayOf("from")
	to, toOK := q.dayOf("to")
	p.Period = office.Period{From: from, To: to}
	switch {
	case !fromOK || !toOK:
		p.Error = text{"시작일과 종료일을 2026-11-26 형식으로 입력하십시오.", "Give both days, such as 2026-11-26."}.in(q.lang)
	case !p.Period.Valid():
		p.Error = text{"시작일이 종료일보다 늦습니다.", "The first day is after the last."}.in(q.lang)
	}
	return p
}

// What has become of what a shop redeemed in a period.
const (
	settledWhole = "settled"
	settledPart  = "part"
	settleFree   = "free"
	settleOpen   = "open"
	settleLater  = "later"
)

// settlementLine is what is owed to a shop.
type settlementLine struct {
	office.Redeemed
	State     string
	StateName string
}

func (q *request) settlementLine(r office.Redeemed, p office.Period) settlementLine {
	l := settlementLine{Redeemed: r}
	switch {
	case len(r.Settled) == 1 && r.Settled[0].Period == p:
		l.State, l.StateName = settledWhole, text{"정산 완료", "Settled"}.in(q.lang)
	case len(r.Settled) > 0:
		l.State, l.StateName = settledPart, text{"일부 날짜 정산됨", "Some days are settled"}.in(q.lang)
	case r.Paid < 0:
		l.State, l.StateName = settleFree, text{"다음 정산에서 뺄 금액", "To be taken off the next"}.in(q.lang)
	case r.Paid == 0:
		l.State, l.StateName = settleFree, text{"지급할 금액 없음", "Nothing owed"}.in(q.lang)
	case !p.Over(q.now):
		l.State, l.StateName = settleLater, text{"기간 진행 중", "Not over yet"}.in(q.lang)
	default:
		l.State, l.StateName = settleOpen, text{"미정산", "To be settled"}.in(q.lang)
	}
	return l
}

type settlementPage struct {
	Period typedPeriod
	Shops  []settlementLine
	Total  office.Redeemed
	Pager  pager
}

func (q *request) listSettlement() error {
	p := settlementPage{Period: q.period(), Pager: q.pager(false, 0)}
	if f, ok := q.exporting(p.Period.Error); ok {
		return q.exportSettlement(f, p.Period.Period)
	}
	if p.Period.Error != "" {
		return q.render(http.StatusUnprocessableEntity, "settlement", text{"매장 정산", "Settlement"}, p)
	}
	found, err := q.h.Store.RedeemedByShop(q.Context(), p.Period.Period, q.number("after"), pageSize+1)
	if err != nil {
		return err
	}
	found, more := page(found)
	for _, r := range found {
		p.Shops = append(p.Shops, q.settlementLine(r, p.Period.Period))
	}
	if p.Total, err = q.h.Store.RedeemedTotal(q.Context(), p.Period.Period); err != nil {
		return err
	}
	if more {
		p.Pager = q.pager(true, found[len(found)-1].ShopID)
	} else {
		p.Pager = q.pager(false, 0)
	}
	return q.render(http.StatusOK, "settlement", text{"매장 정산", "Settlement"}, p)
}

func (q *request) exportSettlement(f wantedFile, p office.Period) error {
	name := "settlement-" + p.From.String() + "-" + p.To.String()
	return q.export(f, name, []text{
		{"매장 번호", "Shop number"},
		{"매장", "Shop"},
		{"시작일", "From"},
		{"종료일", "To"},
		{"사용 쿠폰", "Coupons used"},
		{"액면가", "Face value"},
		{"지급할 금액", "Owed"},
		{"상태", "State"},
		{"현재 미지급금", "Payable now"},
	}, func(row func(...any) error) error {
		for after := int64(0); ; {
			found, err := q.h.Store.RedeemedByShop(q.Context(), p, after, exportedAtOnce)
			if err != nil {
				return err
			}
			for _, r := range found {
				l := q.settlementLine(r, p)
				after = r.ShopID
				if err := row(r.ShopID, r.Shop, p.From.String(), p.To.String(), r.Coupons, int64(r.Face), int64(r.Paid),
					l.StateName, int64(r.Balance)); err != nil {
					return err
				}
			}
			if len(found) < exportedAtOnce {
				return nil
			}
		}
	})
}
