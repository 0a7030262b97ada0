package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
	"giftimbiz/internal/sheet"
)

const ledgerAddress = Root + "/ledger"

func ledgerRoutes() []route {
	return []route{
		{pattern: "GET " + ledgerAddress, needs: office.See, serve: (*request).showLedger},
		{pattern: "GET " + ledgerAddress + "/accounts", needs: office.See, serve: (*request).listAccounts},
		{pattern: "GET " + ledgerAddress + "/journal", needs: office.See, serve: (*request).listJournal},
		{pattern: "GET " + ledgerAddress + "/journal/{id}", needs: office.See, serve: (*request).showTransaction},
		{pattern: "GET " + settlementAddress, needs: office.See, serve: (*request).listSettlement},
		{pattern: "GET " + settlementAddress + "/{shop}", needs: office.See, serve: (*request).showShopSettlement},
		{pattern: "POST " + settlementAddress + "/{shop}", needs: office.MoveMoney, serve: (*request).bookSettlement},
	}
}

// ledgerStore is what the ledger's pages need. All lists are cheap, however much was sold.
type ledgerStore interface {
	// TrialBalance adds up the accounts of each kind at a moment; zero = now.
	TrialBalance(ctx context.Context, at time.Time) ([]office.TrialRow, error)
	// UnusedCoupons returns sold coupons that are neither used nor cancelled, by last valid day, as of a time.
	UnusedCoupons(ctx context.Context) (list []office.Unused, asOf time.Time, err error)

	LedgerAccounts(ctx context.Context, q office.AccountQuery) ([]office.Account, error)
	LedgerAccount(ctx context.Context, id int64) (office.Account, error)
	PrepaidAccount(ctx context.Context, partner string) (id int64, err error)

	Journal(ctx context.Context, q office.JournalQuery) ([]office.Transaction, error)
	LedgerTransaction(ctx context.Context, id gift.ID) (office.Transaction, error)

	settlementStore
}

var accountKindNames = map[string]text{
	office.BankAccounts:        {"은행", "Bank"},
	office.RefundsAccounts:     {"환불", "Refunds"},
	office.TestFundsAccounts:   {"시험용 자금", "Test funds"},
	office.AdjustmentsAccounts: {"조정", "Adjustments"},
	office.SalesAccounts:       {"매출", "Sales"},
	office.PrepaidAccounts:     {"매체사 충전금", "Partners' prepaid balances"},
	office.PayableAccounts:     {"매장 미지급금", "Payable to shops"},
}

func accountKindName(kind string, lang locale.Language) string {
	if name, ok := accountKindNames[kind]; ok {
		return name.in(lang)
	}
	return kind
}

// typedMoment is a moment to look back to, as the reader typed it.
type typedMoment struct {
	Typed string
	At    time.Time // zero = now
	Error string
}

// moment reads the moment asked for, in Seoul. One to come is now.
func (q *request) moment() (m typedMoment) {
	m.Typed = q.FormValue("at")
	if m.Typed == "" {
		return m
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", m.Typed, gift.Seoul)
	if err != nil {
		at, err = time.ParseInLocation("2006-01-02T15:04:05", m.Typed, gift.Seoul)
	}
	switch {
	case err != nil:
		m.Error = text{
			"날짜와 시각을 2026-11-26T15:30 형식으로 입력하십시오. 지금의 잔액을 표시합니다.",
			"Give a date and a time such as 2026-11-26T15:30. These are the balances now.",
		}.in(q.lang)
	case at.Before(q.now):
		m.At = at
	}
	return m
}

// trialLine is a kind of accounts in the trial balance.
type trialLine struct {
	office.TrialRow
	Name string
}

// ledgerPage is the overview.
type ledgerPage struct {
	Moment  typedMoment
	Trial   []trialLine
	Debit   gift.Won
	Credit  gift.Won
	Balance gift.Won // debits and credits together: zero
	Pager   pager    // of the accounts behind the trial balance

	Prepaid gift.Won // of live partners
	Payable gift.Won
	Coupons couponSums
}

func (q *request) showLedger() error {
	m := q.moment()
	if f, ok := q.exporting(m.Error); ok {
		list, err := q.choiceOf("list", "coupons")
		if err != nil {
			return err
		}
		if list != "" {
			return q.exportCoupons(f)
		}
		return q.exportAccounts(f, office.AccountQuery{At: m.At})
	}
	rows, err := q.h.Store.TrialBalance(q.Context(), m.At)
	if err != nil {
		return err
	}
	p := ledgerPage{Moment: m, Pager: q.pager(false, 0)}
	q.fillTrial(&p, rows)
	if p.Coupons, err = q.coupons(); err != nil {
		return err
	}
	return q.render(http.StatusOK, "ledger", text{"원장", "Ledger"}, p)
}

// fillTrial puts the kinds in their order and adds them up. What sandbox partners hold is test money, which nobody is owed.
func (q *request) fillTrial(p *ledgerPage, rows []office.TrialRow) {
	order := office.AccountKinds()
	slices.SortFunc(rows, func(a, b office.TrialRow) int {
		return slices.Index(order, a.Kind) - slices.Index(order, b.Kind)
	})
	for _, r := range rows {
		p.Trial = append(p.Trial, trialLine{r, accountKindName(r.Kind, q.lang)})
		p.Debit, p.Credit = p.Debit+r.Debit, p.Credit+r.Credit
		net := r.Credit - r.Debit
		p.Balance += net
		switch r.Kind {
		case office.PrepaidAccounts, office.TestFundsAccounts:
			p.Prepaid += net
		case office.PayableAccounts:
			p.Payable += net
		}
	}
}

// couponSums is what was paid for coupons that nobody used: owed to shops as soon as they are used, until they expire.
type couponSums struct {
	AsOf    time.Time // zero = not counted yet
	Open    unusedSum
	Expired unusedSum
	Months  []couponMonth // by last valid day, the latest first
	Pager   pager
}

// couponMonth is what expires, or expired unused, in a month.
type couponMonth struct {
	Month   string // such as 2026-11
	Open    unusedSum
	Expired unusedSum
}

type unusedSum struct {
	Coupons    int64
	Face, Paid gift.Won
}

func (s *unusedSum) add(u office.Unused) {
	s.Coupons, s.Face, s.Paid = s.Coupons+u.Coupons, s.Face+u.Face, s.Paid+u.Paid
}

func (q *request) coupons() (s couponSums, err error) {
	list, asOf, err := q.h.Store.UnusedCoupons(q.Context())
	if err != nil {
		return s, err
	}
	s.AsOf = asOf
	s.Pager = pager{
		CSV:  q.with("format", string(sheet.CSV), "list", "coupons"),
		XLSX: q.with("format", string(sheet.XLSX), "list", "coupons"),
	}
	today := gift.DayOf(q.now)
	for _, u := range list {
		month := u.LastDay.String()[:7]
		if n := len(s.Months); n == 0 || s.Months[n-1].Month != month {
			s.Months = append(s.Months, couponMonth{Month: month})
		}
		m := &s.Months[len(s.Months)-1]
		if u.LastDay >= today {
			m.Open.add(u)
			s.Open.add(u)
		} else {
			m.Expired.add(u)
			s.Expired.add(u)
		}
	}
	slices.Reverse(s.Months)
	return s, nil
}

func (q *request) exportCoupons(f wantedFile) error {
	list, _, err := q.h.Store.UnusedCoupons(q.Context())
	if err != nil {
		return err
	}
	today := gift.DayOf(q.now)
	return q.export(f, "unused-coupons", []text{
		{"유효기간", "Last valid day"},
		{"상태", "State"},
		{"쿠폰 수", "Coupons"},
		{"액면가", "Face value"},
		{"판매액", "Paid"},
	}, func(row func(...any) error) error {
		for _, u := range list {
			state := text{"미사용", "Unused"}
			if u.LastDay < today {
				state = text{"미사용 만료", "Expired unused"}
			}
			if err := row(u.LastDay.String(), state.in(q.lang), u.Coupons, int64(u.Face), int64(u.Paid)); err != nil {
				return err
			}
		}
		return nil
	})
}
