package console

import (
	"net/http"
	"slices"
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
)

// accountLine is an account in a list.
type accountLine struct {
	office.Account
	Name string
}

// Debit is the balance of an account that was debited more, as a positive amount.
func (l accountLine) Debit() gift.Won { return max(0, -l.Balance) }

// Credit is the balance of an account that was credited more.
func (l accountLine) Credit() gift.Won { return max(0, l.Balance) }

// accountName says which account it is, without its number.
func accountName(a office.Account, lang locale.Language) string {
	kind := accountKindName(a.Kind, lang)
	switch {
	case a.Kind == office.SalesAccounts:
		return kind + " " + strconv.FormatInt(a.OwnerID+1, 10)
	case a.Owner == "":
		return kind
	case a.Title != "" && a.Title != a.Owner:
		return kind + " · " + a.Title + " (" + a.Owner + ")"
	}
	return kind + " · " + a.Owner
}

func (q *request) accountLines(accounts []office.Account) []accountLine {
	lines := make([]accountLine, len(accounts))
	for i, a := range accounts {
		lines[i] = accountLine{a, accountName(a, q.lang)}
	}
	return lines
}

type choice struct {
	Value  string
	Name   string
	Chosen bool
}

// choices lists values to choose from; the first is for none of them.
func choices(all text, values []string, chosen string, name func(string) string, lang locale.Language) []choice {
	list := []choice{{Name: all.in(lang), Chosen: chosen == ""}}
	for _, v := range values {
		list = append(list, choice{v, name(v), v == chosen})
	}
	return list
}

type accountsPage struct {
	Moment   typedMoment
	Kinds    []choice
	Accounts []accountLine
	Sales    *accountLine // all sales accounts as one; nil where they are not shown
	Shards   []accountLine
	Pager    pager
}

func (q *request) listAccounts() error {
	m := q.moment()
	kind, err := q.choiceOf("kind", office.AccountKinds()...)
	if err != nil {
		return err
	}
	query := office.AccountQuery{Kind: kind, At: m.At, After: q.number("after"), Limit: pageSize + 1}
	if f, ok := q.exporting(m.Error); ok {
		return q.exportAccounts(f, office.AccountQuery{Kind: kind, At: m.At})
	}
	if kind != "" && q.FormValue("after") == "" {
		query.After = -1 // the house itself is owner 0
	}
	p := accountsPage{Moment: m, Kinds: choices(text{"모든 계정", "All accounts"}, office.AccountKinds(), kind,
		func(k string) string { return accountKindName(k, q.lang) }, q.lang)}
	accounts := []office.Account(nil)
	more := false
	if kind != office.SalesAccounts {
		if accounts, err = q.h.Store.LedgerAccounts(q.Context(), query); err != nil {
			return err
		}
		accounts, more = page(accounts)
	}
	p.Accounts = q.accountLines(accounts)
	if q.FormValue("after") == "" && (kind == "" || kind == office.SalesAccounts) {
		if err := q.fillSales(&p); err != nil {
			return err
		}
	}
	p.Pager = q.pager(more, lastAccount(accounts, kind))
	return q.render(http.StatusOK, "ledger_accounts", text{"계정", "Accounts"}, p)
}

// lastAccount is where the next page begins.
func lastAccount(accounts []office.Account, kind string) int64 {
	switch {
	case len(accounts) == 0:
		return 0
	case kind == "":
		return accounts[len(accounts)-1].ID
	}
	return accounts[len(accounts)-1].OwnerID
}

// fillSales shows the sales accounts as one: they are many only so that nodes do not wait for each other.
func (q *request) fillSales(p *accountsPage) error {
	shards, err := q.h.Store.LedgerAccounts(q.Context(), office.AccountQuery{
		Kind: office.SalesAccounts, At: p.Moment.At, After: -1, Limit: exportedAtOnce,
	})
	if err != nil {
		return err
	}
	sum := accountLine{Account: office.Account{Kind: office.SalesAccounts}, Name: accountKindName(office.SalesAccounts, q.lang)}
	for _, a := range shards {
		sum.Balance += a.Balance
	}
	p.Sales, p.Shards = &sum, q.accountLines(shards)
	return nil
}

// exportAccounts writes each account of the query, those of sales first.
func (q *request) exportAccounts(f wantedFile, query office.AccountQuery) error {
	return q.export(f, "accounts", []text{
		{"계정 번호", "Account"},
		{"종류", "Kind"},
		{"소유자", "Owner"},
		{"이름", "Title"},
		{"차변", "Debit"},
		{"대변", "Credit"},
	}, func(row func(...any) error) error {
		kinds := []string{query.Kind}
		if query.Kind == "" {
			kinds = []string{office.SalesAccounts, ""}
		}
		for _, kind := range kinds {
			if err := q.eachAccount(office.AccountQuery{Kind: kind, At: query.At}, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (q *request) eachAccount(query office.AccountQuery, row func(...any) error) error {
	query.Limit, query.After = exportedAtOnce, -1
	for {
		accounts, err := q.h.Store.LedgerAccounts(q.Context(), query)
		if err != nil {
			return err
		}
		for l := range slices.Values(q.accountLines(accounts)) {
			owner := l.Owner
			if l.Kind == office.SalesAccounts {
				owner = strconv.FormatInt(l.OwnerID+1, 10)
			}
			if err := row(l.ID, accountKindName(l.Kind, q.lang), owner, l.Title, int64(l.Debit()), int64(l.Credit())); err != nil {
				return err
			}
		}
		if len(accounts) < query.Limit {
			return nil
		}
		query.After = lastAccount(accounts, query.Kind)
	}
}
