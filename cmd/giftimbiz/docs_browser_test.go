package main

import (
	"net/http"
	"strings"
	"testing"

	"giftimbiz/internal/browsertest"
)

// TestTheAPICanBeTriedOnItsPage puts a sandbox partner's keys into the page of version 1 and presses what a reader would.
func TestTheAPICanBeTriedOnItsPage(t *testing.T) {
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	p, err := s.made.Partner("devtest1")
	if err != nil {
		t.Fatal(err)
	}
	tab := browser.Open(t, s.url, browsertest.Wide().In("en"))
	if s.send("GET", s.url+"/api/v2/offers", http.Header{}, "").status == http.StatusNotFound {
		tab.Excuse("/api/v2/") // the page asks there for what is on sale today
	}
	tab.Go("/docs/en/")
	tab.Click("[data-keys] summary")
	for name, value := range map[string]string{
		"partner_id": p.PartnerID, "partnerkey": p.PartnerKey, "partnertoken": p.PartnerToken, "refresh_token": p.RefreshToken,
	} {
		tab.Fill(`[data-paste] [name="`+name+`"]`, value)
	}
	tab.Click("[data-paste] button")
	for _, operation := range []string{"listAll", "buyGifticoupon", "buyGifticonList"} {
		tab.Go("/docs/api/v1?lang=en&try=" + operation + "#/Gifticons/" + operation)
		tab.Await("#operations-Gifticons-" + operation + " .execute")
		tab.Await(`[aria-label="authorization button locked"]`)
		tab.Trigger("#operations-Gifticons-" + operation + " .execute")
		tab.Await("#operations-Gifticons-" + operation + " .live-responses-table .highlight-code, .live-responses-table .microlight")
		if text := tab.Text(".live-responses-table"); !strings.Contains(text, `"0000"`) {
			t.Errorf("%s\nanswers %s", tab.Text(".curl"), text)
		}
	}
}
