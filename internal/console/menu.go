package console

import "strings"

type menuItem struct {
	Address string
	Name    string
	Here    bool // the reader is on it or below it
}

// menuEntries is the menu, for everybody: each page says itself what its reader may do.
var menuEntries = []struct {
	address string
	name    text
}{
	{Root + "/", text{"현황", "Dashboard"}},
	{partnersAddress, text{"파트너", "Partners"}},
	{ordersAddress, ordersTitle},
	{Root + "/catalogue", text{"상품", "Catalogue"}},
	{ledgerAddress, text{"원장", "Ledger"}},
}

func (q *request) menu() []menuItem {
	items := make([]menuItem, len(menuEntries))
	for i, e := range menuEntries {
		here := q.URL.Path == e.address || e.address != Root+"/" && strings.HasPrefix(q.URL.Path+"/", e.address+"/")
		items[i] = menuItem{Address: e.address, Name: e.name.in(q.lang), Here: here}
	}
	return items
}
