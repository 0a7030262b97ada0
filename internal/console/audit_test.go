package console_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

func TestTheTrailIsPagedAndFiltered(t *testing.T) {
	h := newOfficeHouse(t)
	kim := h.operator("kim@example.com", office.Viewer)
	for i := range 120 {
		by := office.As(t.Context(), office.Actor{OperatorID: int64(i % 2), Name: fmt.Sprintf("actor%d", i%2)})
		if err := h.DB.SignInWrong(by, kim, fmt.Sprintf("note %03d", i), h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	h.pass(24 * time.Hour)
	b := h.signedIn("kim@example.com") // who only looks sees the trail too
	notes := regexp.MustCompile(`note \d\d\d`)
	address, pages, seen := "/console/audit?action=session.refused&operator=1", 0, []string(nil)
	for address != "" && pages < 10 {
		a := b.get(address)
		if a.status != http.StatusOK {
			t.Fatalf("%s: %d", address, a.status)
		}
		seen = append(seen, notes.FindAllString(a.body, -1)...)
		next := regexp.MustCompile(`<a href="([^"]+)" rel="next">`).FindStringSubmatch(a.body)
		if address = ""; next != nil {
			address = strings.ReplaceAll(next[1], "&amp;", "&")
		}
		pages++
	}
	if pages != 2 || len(seen) != 60 || seen[0] != "note 119" || seen[59] != "note 001" {
		t.Errorf("%d pages, %d entries from %v", pages, len(seen), seen)
	}
	today := b.get("/console/audit?from=" + h.Clock.Now().Format("2006-01-02"))
	if notes.MatchString(today.body) || !today.says("session.start") {
		t.Error("today's entries")
	}
	if a := b.get("/console/audit?subject=partner:none"); !a.says("Nothing matches") {
		t.Error("an empty list says nothing")
	}
}

func TestTheTrailIsExportedAsAWhole(t *testing.T) {
	h := newOfficeHouse(t)
	kim := h.operator("kim@example.com", office.Viewer)
	for i := range 1100 { // more than are read at once
		if err := h.DB.SignInWrong(t.Context(), kim, fmt.Sprintf("=note %d", i), h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	b := h.signedIn("kim@example.com")
	a := b.get("/console/audit?action=session.refused&format=csv")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 1101 || rows[0][0] != "Time" || rows[1][7] != "'=note 1099" || rows[1100][7] != "'=note 0" {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if a := b.get("/console/audit?format=xlsx"); a.status != http.StatusOK || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("%d", a.status)
	}
}

func TestAnEntryShowsWhatBecameOfWhat(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	b.post("/console/operators", "email", "kim@example.com", "role", "viewer")
	b.post("/console/operators/2", "version", "1", "name", "<Kim>", "role", "finance")
	list := b.get("/console/audit?subject=operator:kim@example.com")
	for _, want := range []string{"<del>viewer</del> <ins>finance</ins>", "&lt;Kim&gt;", "operator.create"} {
		if !strings.Contains(list.body, want) {
			t.Errorf("the list lacks %s", want)
		}
	}
	entry := regexp.MustCompile(`/console/audit/\d+`).FindString(list.body)
	a := b.get(entry)
	if a.status != http.StatusOK || !a.says("<del>viewer</del>") || !a.says("<ins>finance</ins>") || a.says("disabled") {
		t.Errorf("%d\n%s", a.status, a.body)
	}
	for _, address := range []string{"/console/audit/1", "/console/audit/x"} {
		if a := b.get(address); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", address, a.status)
		}
	}
}

// TestTheTrailNamesPartnersAndTheCommandLine: what partners did themselves by the API, and what nobody signed in for.
func TestTheTrailNamesPartnersAndTheCommandLine(t *testing.T) {
	h := newOfficeHouse(t)
	h.Partner(gift.Partner{Name: "demo"}, 0)
	ctx := office.As(t.Context(), office.PartnerActor("demo", "192.0.2.9"))
	_, err := h.DB.ChangePartner(ctx, "demo", 0, h.Clock.Now(), func(p *gift.Partner) error {
		p.LowBalance = 50_000
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b := h.signedIn("admin@example.com")
	for language, want := range map[string][]string{
		"en": {"partner demo", "Partner changed", "command line", "Partner opened", "192.0.2.9"},
		"ko": {"매체사 demo", "매체사 변경", "명령줄", "매체사 개설", "192.0.2.9"},
	} {
		b.cookies["giftimbiz-language"] = language
		list := b.get("/console/audit?subject=partner:demo&operator=0")
		for _, text := range want {
			if !list.says(text) {
				t.Errorf("%s: the list lacks %q", language, text)
			}
		}
		entry := b.get(regexp.MustCompile(`/console/audit/\d+`).FindString(list.body))
		if !entry.says(want[0]) || !entry.says("low_balance") || !entry.says("50000") {
			t.Errorf("%s: %s", language, entry.body)
		}
	}
}
