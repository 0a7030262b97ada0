package main

import (
	"bytes"
	"strings"
)

func (o *operator) seeTheLedgerBalance() {
	o.Go("/console/ledger")
	o.Shows("main .good", o.in("일치", "equal"))
	o.Check("ledger")
	for _, page := range []string{"accounts", "journal"} {
		o.Go("/console/ledger/" + page)
		o.Check("ledger-" + page)
	}
	o.Press("tbody a[href^='/console/ledger/journal/']")
	o.Check("ledger-transaction")
}

// exportSettlement takes what shops are owed for today, as both kinds of files.
func (o *operator) exportSettlement() {
	day := o.s.clock.Now().Format("2006-01-02")
	o.Go("/console/ledger/settlement")
	o.Check("settlement-empty")
	o.Fill("[name=from]", day)
	o.Fill("[name=to]", day)
	o.Press("form.filter button")
	o.Shows("tbody", templateShop)
	o.Check("settlement")
	name, csv := o.Download(".pager a[href*='format=csv']")
	if !strings.HasSuffix(name, ".csv") || !bytes.HasPrefix(csv, []byte("\ufeff")) || !bytes.Contains(csv, []byte(templateShop)) {
		o.s.t.Errorf("%s: %.500q", name, csv)
	}
	name, xlsx := o.Download(".pager a[href*='format=xlsx']")
	if !strings.HasSuffix(name, ".xlsx") || !bytes.HasPrefix(xlsx, []byte("PK")) {
		o.s.t.Errorf("%s: %.50q", name, xlsx)
	}
	o.Press("tbody a")
	o.Shows("main", o.bought.coupon)
	o.Check("settlement-shop")
}

// readAudit finds what was done, and by whom, and no secret.
func (o *operator) readAudit() {
	o.Go("/console/audit")
	o.Shows("tbody", chief)
	o.Check("audit")
	text := o.Text("main")
	for _, secret := range append(o.bought.pins, storyPassword) {
		if strings.Contains(text, secret) {
			o.s.t.Errorf("the audit trail says %q", secret)
		}
	}
	o.Press("tbody a[href^='/console/audit/']")
	o.Check("audit-entry")
}
