package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
)

var transactionKindNames = map[string]text{
	office.PurchaseTransaction:   {"판매", "Purchase"},
	office.DepositTransaction:    {"충전", "Deposit"},
	office.RefundTransaction:     {"환불", "Refund"},
	office.AdjustmentTransaction: {"조정", "Adjustment"},
	office.RedemptionTransaction: {"쿠폰 사용", "Coupon used"},
	office.SettlementTransaction: {"매장 정산", "Settlement"},
}

func transactionKindName(kind string, lang locale.Language) string {
	if name, ok := transactionKindNames[kind]; ok {
		return name.in(lang)
	}
	return kind
}

// journalFilter is what of the journal is shown.
type journalFilter struct {
	Kind, Account, Partner, From, To string // as they were given
	Accounts                         []choice
	Kinds                            []choice
	PartnerError, DayError           string

	query office.JournalQuery
}

// Set tells whether anything is left out.
func (f journalFilter) Set() bool { return f.Kind+f.Account+f.Partner+f.From+f.To != "" }

// journalFilter reads what of the journal is asked for. What cannot be read is said beside its field, and nothing is shown.
func (q *request) journalFilter() (f journalFilter, err error) {
	kind, err := q.choiceOf("kind", office.TransactionKinds()...)
	if err != nil {
		return f, err
	}
	f = journalFilter{
		Kind: kind, Account: q.FormValue("account"), Partner: strings.TrimSpace(q.FormValue("partner")),
		From: q.FormValue("from"), To: q.FormValue("to"),
	}
	f.query = office.JournalQuery{Kind: f.Kind, Before: gift.ID(max(0, q.number("after"))), Limit: pageSize + 1}
	f.Kinds = choices(text{"모든 종류", "All kinds"}, office.TransactionKinds(), f.Kind,
		func(k string) string { return transactionKindName(k, q.lang) }, q.lang)
	q.readDays(&f)
	if err := q.readAccount(&f); err != nil {
		return f, err
	}
	return f, q.readPartner(&f)
}

func (q *request) readDays(f *journalFilter) {
	f.query.From, _ = q.dayOf("from")
	f.query.To, _ = q.dayOf("to")
	if f.DayError = q.wrongDays(); f.DayError != "" {
		f.query.Accounts = []int64{}
	}
}

// houseKinds are the accounts to choose from, all of a kind as one; others are linked to by their numbers.
func houseKinds() []string {
	return []string{
		office.BankAccounts, office.SalesAccounts, office.RefundsAccounts, office.AdjustmentsAccounts, office.TestFundsAccounts,
	}
}

func (q *request) readAccount(f *journalFilter) error {
	f.Accounts = choices(text{"모든 계정", "All accounts"}, houseKinds(), f.Account,
		func(kind string) string { return accountKindName(kind, q.lang) }, q.lang)
	if f.Account == "" || f.query.Accounts != nil {
		return nil
	}
	if slices.Contains(houseKinds(), f.Account) {
		accounts, err := q.h.Store.LedgerAccounts(q.Context(), office.AccountQuery{Kind: f.Account, After: -1, Limit: exportedAtOnce})
		f.query.Accounts = []int64{}
		for _, a := range accounts {
			f.query.Accounts = append(f.query.Accounts, a.ID)
		}
		return err
	}
	id, err := strconv.ParseInt(f.Account, 10, 64)
	if err != nil {
		return office.ErrNotFound
	}
	a, err := q.h.Store.LedgerAccount(q.Context(), id)
	if err != nil {
		return err
	}
	f.query.Accounts = []int64{id}
	f.Accounts = append(f.Accounts, choice{f.Account, accountName(a, q.lang), true})
	return nil
}

var noPartner = text{"이 아이디의 매체사가 없습니다.", "There is no partner with this id."}

// readPartner looks for a partner's account.
func (q *request) readPartner(f *journalFilter) error {
	if f.Partner == "" {
		return nil
	}
	id, err := q.h.Store.PrepaidAccount(q.Context(), f.Partner)
	switch {
	case errors.Is(err, office.ErrNotFound):
		f.PartnerError = noPartner.in(q.lang)
	case err != nil:
		return err
	case f.Account != "" && f.Account != strconv.FormatInt(id, 10):
		f.PartnerError = text{"계정과 매체사 중 하나만 고르십시오.", "Choose an account or a partner, not both."}.in(q.lang)
	}
	if f.PartnerError != "" {
		f.query.Accounts = []int64{}
		return nil
	}
	if f.DayError == "" {
		f.query.Accounts = []int64{id}
	}
	return nil
}

// transactionLine is a transaction in a list.
type transactionLine struct {
	office.Transaction
	Name    string
	Debits  []accountLine
	Credits []accountLine
	Ref     gift.OrderRef // of its order
}

func (q *request) transactionLine(t office.Transaction) transactionLine {
	l := transactionLine{Transaction: t, Name: transactionKindName(t.Kind, q.lang)}
	if t.OrderID != 0 {
		l.Ref = t.OrderID.Ref(false) // sandbox orders are in no ledger
	}
	for _, p := range t.Postings {
		a := accountLine{p.Account, accountName(p.Account, q.lang)}
		if a.Kind == office.SalesAccounts {
			a.Name = accountKindName(a.Kind, q.lang)
		}
		a.Balance = p.Amount
		if p.Amount < 0 {
			l.Debits = append(l.Debits, a)
		} else {
			l.Credits = append(l.Credits, a)
		}
	}
	return l
}

type journalPage struct {
	Filter       journalFilter
	Transactions []transactionLine
	Pager        pager
}

func (q *request) listJournal() error {
	filter, err := q.journalFilter()
	if err != nil {
		return err
	}
	if f, ok := q.exporting(filter.DayError, filter.PartnerError); ok {
		return q.exportJournal(f, filter.query)
	}
	found, err := q.h.Store.Journal(q.Context(), filter.query)
	if err != nil {
		return err
	}
	found, more := page(found)
	p := journalPage{Filter: filter}
	for _, t := range found {
		p.Transactions = append(p.Transactions, q.transactionLine(t))
	}
	last := int64(0)
	if more {
		last = int64(found[len(found)-1].ID)
	}
	p.Pager = q.pager(more, last)
	return q.render(http.StatusOK, "ledger_journal", text{"분개장", "Journal"}, p)
}

// exportJournal writes a row for each entry.
func (q *request) exportJournal(f wantedFile, query office.JournalQuery) error {
	query.Before, query.Limit = 0, exportedAtOnce
	return q.export(f, "journal", []text{
		{"일시", "Time"},
		{"거래 번호", "Transaction"},
		{"종류", "Kind"},
		{"주문번호", "Order"},
		{"계정 번호", "Account"},
		{"계정", "Name"},
		{"차변", "Debit"},
		{"대변", "Credit"},
		{"참조", "Reference"},
		{"메모", "Memo"},
	}, func(row func(...any) error) error {
		for {
			found, err := q.h.Store.Journal(q.Context(), query)
			if err != nil {
				return err
			}
			for _, t := range found {
				if err := q.exportTransaction(t, row); err != nil {
					return err
				}
			}
			if len(found) < query.Limit {
				return nil
			}
			query.Before = found[len(found)-1].ID
		}
	})
}

func (q *request) exportTransaction(t office.Transaction, row func(...any) error) error {
	ref := ""
	if t.OrderID != 0 {
		ref = string(t.OrderID.Ref(false))
	}
	at := t.At.In(gift.Seoul).Format("2006-01-02 15:04:05")
	for _, p := range t.Postings {
		// As text: spreadsheets round numbers of more than 15 digits.
		err := row(at, strconv.FormatInt(int64(t.ID), 10), transactionKindName(t.Kind, q.lang), ref, p.Account.ID,
			accountName(p.Account, q.lang), int64(max(0, -p.Amount)), int64(max(0, p.Amount)), t.Reference, t.Memo)
		if err != nil {
			return err
		}
	}
	return nil
}
