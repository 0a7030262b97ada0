package console

import (
	"strings"

	"giftimbiz/internal/office"
)

type menuItem struct {
	Address string
	Name    string
	Here    bool // the reader is on it or below it
}

// menuEntries is the menu, for everybody but for what menuNeeds says: each page says itself what its reader may do.
var menuEntries = []struct {
	address string
	name    text
}{
	{Root + "/", text{"현황", "Dashboard"}},
	{partnersAddress, text{"매체사", "Partners"}},
	{ordersAddress, ordersTitle},
	{Root + "/catalogue", text{"상품", "Catalogue"}},
	{importsRoot, text{"불러오기", "Import"}},
	{ledgerAddress, text{"원장", "Ledger"}},
	{Root + "/audit", text{"감사 기록", "Audit"}},
	{Root + "/operators", text{"담당자", "Operators"}},
	{Root + "/settings", text{"설정", "Settings"}},
}

// menuNeeds are the entries that are there only for those who may open them.
var menuNeeds = map[string]office.Permission{
	Root + "/operators": office.Manage,
	Root + "/settings":  office.Manage,
}

func (q *request) menu() []menuItem {
	items := make([]menuItem, 0, len(menuEntries))
	for _, e := range menuEntries {
		if !q.operator.Role.May(menuNeeds[e.address]) { // who sees pages has the permission that stands for no need: See
			continue
		}
		here := q.URL.Path == e.address || e.address != Root+"/" && strings.HasPrefix(q.URL.Path+"/", e.address+"/") ||
			e.address == partnersAddress && strings.HasPrefix(q.URL.Path, webhooksAddress+"/") // they are partners'
		items = append(items, menuItem{Address: e.address, Name: e.name.in(q.lang), Here: here})
	}
	return items
}
