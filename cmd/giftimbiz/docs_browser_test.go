package main

import (
	"strings"
	"testing"

	"giftimbiz/internal/browsertest"
)

// TestTheAPICanBeTriedOnItsPage puts a sandbox partner's keys into a guide, goes to the pages of both versions and presses what a reader would.
func TestTheAPICanBeTriedOnItsPage(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	p, err := s.made.Partner("devtest1")
	if err != nil {
		t.Fatal(err)
	}
	tab := browser.Open(t, s.url, browsertest.Wide().In("en"))
	tab.Excuse("OperationNotFoundError") // says Swagger UI when it is asked while it still reads the document
	tab.Go("/docs/en/")
	tab.Click("[data-keys] summary")
	for name, value := range map[string]string{
		"partner_id": p.PartnerID, "partnerkey": p.PartnerKey, "partnertoken": p.PartnerToken, "refresh_token": p.RefreshToken,
	} {
		tab.Fill(`[data-paste] [name="`+name+`"]`, value)
	}
	tab.Click("[data-paste] button")
	for _, try := range []struct{ version, tag, operation, answer string }{
		{"v1", "Gifticons", "listAll", `"0000"`},
		{"v1", "Gifticons", "buyGifticoupon", `"0000"`},
		{"v1", "Gifticons", "buyGifticonList", `"TEST-`},
		{"v2", "Token", "createToken", `"Bearer"`},
		{"v2", "Orders", "createOrder", `"voucher_url"`},
	} {
		block := "#operations-" + try.tag + "-" + try.operation
		tab.Insist(func() {
			tab.Go("/docs/")
			tab.Go("/docs/api/" + try.version + "?lang=en&try=" + try.operation + "#/" + try.tag + "/" + try.operation)
			tab.Await(block + " .execute")
			tab.Await(`[aria-label="authorization button locked"]`)
		}, block+" .execute", block+" .live-responses-table .highlight-code, .live-responses-table .microlight")
		if text := tab.Text(".live-responses-table"); !strings.Contains(text, try.answer) {
			t.Errorf("%s\nanswers %s", tab.Text(".curl"), text)
		}
	}
}
