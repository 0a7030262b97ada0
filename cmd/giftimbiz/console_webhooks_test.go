package main

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/webhook"
)

// hook gives the demo partner a webhook at an address to which nothing is ever sent, and returns its number.
func hook(s *testServer, address string) int64 {
	s.t.Helper()
	partner, err := s.node.DB.Partner(s.t.Context(), "demo")
	if err != nil {
		s.t.Fatal(err)
	}
	e := webhook.Endpoint{PartnerID: partner.ID, URL: address}
	e, err = s.node.DB.AddEndpoint(s.t.Context(), e, func(id int64) ([]byte, error) {
		return s.node.Vault.SealSecret(webhook.SecretKind, id, webhook.NewSecret())
	}, s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return e.ID
}

// TestAWebhooksPagesAskNoMoreThanTheyShow does all that can be done to a webhook in the console, of which the plans are looked at
// when the server ends.
func TestAWebhooksPagesAskNoMoreThanTheyShow(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		w := &walk{s: s}
		w.hire(office.Admin)
		live(s)
		id := hook(s, "https://127.0.0.1/hooks")
		page := fmt.Sprintf("/console/webhooks/%d", id)
		event, err := s.node.DB.SendTest(t.Context(), id, s.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		delivery := fmt.Sprintf("%s/deliveries/%d", page, event)
		for _, path := range []string{
			"/console/partners/demo/webhooks", page, page + "?state=waiting", page + "?state=delivered&type=test.sent",
			page + "?state=abandoned&type=test.sent&from=2025-09-01", page + "?format=csv", page + "/secret", delivery,
		} {
			if a := w.as(office.Admin, http.MethodGet, path); a.status >= http.StatusBadRequest || a.toSignIn() {
				t.Errorf("GET %s: HTTP %d", path, a.status)
			}
		}
		noon := s.clock.Now().In(gift.Seoul)
		from, to := noon.Add(-1e9*60).Format("2006-01-02T15:04"), noon.Add(1e9*60).Format("2006-01-02T15:04")
		e, err := s.node.DB.Endpoint(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for i, form := range []struct {
			path   string
			values url.Values
		}{
			{"/edit", url.Values{"url": {"https://hooks.invalid/new"}, "event": {"order.completed"}}},
			{"/secret", url.Values{}},
			{"/state", url.Values{"verb": {"off"}}},
			{"/state", url.Values{"verb": {"on"}}},
			{"/test", url.Values{}},
			{"/replay", url.Values{"from": {from}, "to": {to}}},
			{"/replay", url.Values{"from": {from}, "to": {to}, "all": {"1"}}},
			{delivery[len(page):], url.Values{}},
			{"/remove", url.Values{"sure": {"1"}}},
		} {
			form.values.Set("version", fmt.Sprint(e.Version+min(int64(i), 4)))
			a := w.send(http.MethodPost, page+form.path, form.values,
				"Cookie", w.cookies[office.Admin], "Origin", consoleOrigin, "Sec-Fetch-Site", "same-origin")
			if a.status >= http.StatusBadRequest || a.toSignIn() {
				t.Errorf("POST %s %v: HTTP %d", form.path, form.values, a.status)
			}
		}
		a := w.send(http.MethodPost, "/console/partners/demo/webhooks", url.Values{"url": {"https://hooks.invalid/"}},
			"Cookie", w.cookies[office.Admin], "Origin", consoleOrigin, "Sec-Fetch-Site", "same-origin")
		if a.status != http.StatusOK {
			t.Errorf("adding one: HTTP %d", a.status)
		}
	})
}
