package console_test

import (
	"net/http"
	"strings"
	"testing"

	"giftimbiz/internal/office"
)

// settingsForm returns the form's fields with some of them typed over.
func settingsForm(page officeAnswer, typed ...string) []string {
	var fields []string
	for _, s := range office.Settings() {
		for _, name := range []string{s.Name, s.Name + ".version", s.Name + ".was"} {
			fields = append(fields, name, page.field(name))
		}
	}
	return append(fields, typed...) // of two of a name, the last counts
}

func TestAnExchangeIsCalledWhatItsAdminsSay(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	page := b.get("/console/settings")
	if page.field(office.AdjustmentLimit) != "1,000,000" {
		t.Errorf("%q", page.field(office.AdjustmentLimit))
	}
	a := b.post("/console/settings", settingsForm(page, office.ExchangeName, "My <Exchange>", office.AdjustmentLimit, " 2,000,000 ")...)
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	if page := b.get("/console/settings"); page.field(office.AdjustmentLimit) != "2,000,000" || !page.says("Saved.") {
		t.Errorf("%q", page.field(office.AdjustmentLimit))
	}
	if a := h.browser().get("/console/sign-in"); !strings.Contains(a.body, `href="/console/">My &lt;Exchange&gt;</a>`) {
		t.Error("its name is not where operators sign in")
	}
	entries, err := h.DB.Audit(t.Context(), office.AuditFilter{Action: "setting.change"}, 0, 10)
	if err != nil || len(entries) != 2 || entries[0].Actor.Name != "admin@example.com" {
		t.Errorf("what did not change is in the trail: %+v, %v", entries, err)
	}
}

func TestTwoWhoOpenedTheSameSettingsDoNotOverwriteEachOther(t *testing.T) {
	h := newOfficeHouse(t)
	first, second := h.signedIn("admin@example.com"), h.signedIn("admin@example.com")
	page := first.get("/console/settings")
	if a := first.post("/console/settings", settingsForm(page, office.LowBalance, "1")...); a.status != http.StatusSeeOther {
		t.Fatalf("%d", a.status)
	}
	if a := second.post("/console/settings", settingsForm(page, office.LowBalance, "2")...); a.status != http.StatusConflict {
		t.Errorf("the same setting: %d", a.status)
	}
	if a := second.post("/console/settings", settingsForm(page, office.ExchangeName, "X")...); a.status != http.StatusSeeOther {
		t.Errorf("another setting: %d", a.status)
	}
	if v, err := h.DB.Setting(t.Context(), office.LowBalance); err != nil || v.Text != "1" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestWrongSettingsStayInTheForm(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	page := b.get("/console/settings")
	a := b.post("/console/settings", settingsForm(page, office.ExchangeName, "kept", office.LowBalance, "much")...)
	if a.status != http.StatusUnprocessableEntity || a.field(office.LowBalance) != "much" || a.field(office.ExchangeName) != "kept" ||
		!a.says("A whole number from 0 to 1,000,000,000,000.") {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	if v, err := h.DB.Setting(t.Context(), office.ExchangeName); err != nil || v.Version != 0 {
		t.Errorf("half of it was stored: %+v, %v", v, err)
	}
	if a := b.post("/console/settings", settingsForm(a, office.LowBalance, "5")...); a.status != http.StatusSeeOther {
		t.Errorf("corrected: %d", a.status)
	}
	if v, err := h.DB.Setting(t.Context(), office.ExchangeName); err != nil || v.Text != "kept" {
		t.Errorf("what stayed in the form was lost: %+v, %v", v, err)
	}
	if a := b.post("/console/settings"); a.status != http.StatusBadRequest {
		t.Errorf("an empty form: %d", a.status)
	}
}
