package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/console"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/webhook"
)

// trading is a house that sold two vouchers a week ago at noon, one an hour later, and three today.
func trading(t *testing.T) *officeHouse {
	t.Helper()
	h := newOfficeHouse(t)
	h.Stock(2, 50)
	p := h.Partner(gift.Partner{Name: "demo", Title: "Demo Ltd"}, 50_000)
	buy := func(n int) {
		for range n {
			if out := h.Buy(p, "", 1); out.Refusal != nil {
				t.Fatal(out.Refusal)
			}
		}
		if err := h.DB.NoteSales(t.Context(), h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	buy(2)
	h.pass(time.Hour)
	buy(1)
	h.pass(7*24*time.Hour - time.Hour)
	buy(3)
	today := gift.DayOf(h.Clock.Now())
	for ago, calls := range map[time.Duration]int64{0: 3, 7 * 24 * time.Hour: 2, 7*24*time.Hour - time.Hour: 40} {
		if err := h.DB.AddRefusals(t.Context(), map[string]int64{"PD": calls}, h.Clock.Now().Add(-ago)); err != nil {
			t.Fatal(err)
		}
	}
	err := h.DB.Load(t.Context(), &storage.Stock{Sales: []storage.ItemSale{{Kind: gift.Gifticon, ItemID: 27935, Day: today, Sold: 70}}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestTheDashboardComparesWithTheSameHourLastWeek(t *testing.T) {
	h := trading(t)
	b := h.signedIn("admin@example.com")
	a := settled(t, b)
	for _, want := range []string{
		"₩2,820", "A week ago ₩1,880", "+50%", "up to this hour", "₩1,380", // 3 × (1400 − 940)
		"마트,편의점", ">94<", "Demo Ltd", "₩44,360", "Node 0",
		`<code>PD</code></td><td class="number">3</td><td class="number">2</td>`, // 94 units are left of two offers
	} {
		if !a.says(want) {
			t.Errorf("lacks %q", want)
		}
	}
	b.cookies["giftimbiz-language"] = "ko"
	for _, want := range []string{"2,820원", "지난주 1,880원", "판매 중인 재고", "먼저 떨어질 상품", "9.4"} {
		if a := b.get("/console/"); !a.says(want) {
			t.Errorf("lacks %q", want)
		}
	}
}

// settled returns the dashboard once its stock is counted: who looks first waits a moment only.
func settled(t *testing.T, b *officeBrowser) (a officeAnswer) {
	t.Helper()
	programtest.Eventually(t, "the stock is counted", func() bool {
		a = b.get("/console/")
		return a.status == http.StatusOK && !a.says("Being counted")
	})
	return a
}

func TestAnEmptyExchangeSaysWhatToDo(t *testing.T) {
	h := newOfficeHouse(t)
	a := settled(t, h.signedIn("admin@example.com"))
	for _, want := range []string{
		"Nothing is on sale. Import vouchers.", "Nothing was sold in the last 7 days", "No partner is below the limit",
		"whole of the same weekday",
	} {
		if !a.says(want) {
			t.Errorf("lacks %q", want)
		}
	}
}

// TestTheStockIsCountedNoOftenerThanEveryHalfMinute: counting reads all offers.
func TestTheStockIsCountedNoOftenerThanEveryHalfMinute(t *testing.T) {
	h := trading(t)
	b := h.signedIn("admin@example.com")
	asOf := regexp.MustCompile(`As of (\d\d:\d\d:\d\d)<`)
	first := asOf.FindStringSubmatch(settled(t, b).body)[1]
	h.pass(29 * time.Second)
	if got := asOf.FindStringSubmatch(b.get("/console/dashboard/stock").body)[1]; got != first {
		t.Errorf("counted again at %s", got)
	}
	h.pass(30 * time.Minute) // also when counting is slow: then it is left alone for longer
	programtest.Eventually(t, "it is counted again", func() bool {
		return asOf.FindStringSubmatch(b.get("/console/dashboard/stock").body)[1] != first
	})
}

func TestChartsAreDrawnFromFigures(t *testing.T) {
	h := trading(t)
	a := h.signedIn("admin@example.com").get("/console/dashboard/charts.json")
	var c struct {
		Days, Spent, Orders, Today, LastWeek []int64
	}
	if err := json.Unmarshal([]byte(a.body), &c); err != nil || a.head.Get("Content-Type") != "application/json" {
		t.Fatal(err, a.head)
	}
	if len(c.Days) != 15 || c.Spent[14] != 3*940 || c.Spent[7] != 3*940 || c.Orders[14] != 3 || c.Spent[8] != 0 {
		t.Errorf("%+v", c)
	}
	if c.Days[14] != gift.DayOf(h.Clock.Now()).Start().Unix() {
		t.Errorf("today is %d", c.Days[14])
	}
	if len(c.Today) != 24 || c.Today[12] != 3*940 || c.Today[13] != -1 || c.LastWeek[12] != 2*940 || c.LastWeek[13] != 3*940 {
		t.Errorf("%+v", c)
	}
}

// TestPagesObeyTheirContentSecurityPolicy: no page of this part has styles or scripts in it, or asks anybody else.
func TestPagesObeyTheirContentSecurityPolicy(t *testing.T) {
	h := trading(t)
	h.operator("kim@example.com", office.Clerk)
	b := h.signedIn("admin@example.com")
	forbidden := regexp.MustCompile(`(?i)<style|<script>|\sstyle=|\son[a-z]+=|javascript:|(src|href|action)="(https?:)?//`)
	for _, address := range []string{
		"/console/", "/console/audit", "/console/operators", "/console/operators/2", "/console/settings", "/console/account",
		"/console/account/second-factor", "/console/nowhere",
	} {
		for _, language := range []string{"ko", "en"} {
			b.cookies["giftimbiz-language"] = language
			a := b.get(address)
			if found := forbidden.FindString(a.body); found != "" {
				t.Errorf("%s: %s", address, found)
			}
			policy := a.head.Get("Content-Security-Policy")
			if !strings.Contains(a.body, `<html lang="`+language+`">`) || !strings.Contains(policy, "default-src 'none'") {
				t.Errorf("%s in %s", address, language)
			}
			if korean := regexp.MustCompile(`[가-힣]+`).FindAllString(a.body, -1); language == "en" && address != "/console/" &&
				strings.Join(korean, "") != strings.Repeat("한국어", len(korean)) {
				t.Errorf("%s in English: %v", address, korean)
			}
		}
	}
}

// brokenStock is a store that cannot count, and counts how often it was asked to.
type brokenStock struct {
	console.Store
	asked atomic.Int64
}

func (s *brokenStock) Stock(context.Context, time.Time, gift.Day) (office.Stock, error) {
	s.asked.Add(1)
	return office.Stock{}, errors.New("broken")
}

// TestACountThatFailedIsNotMadeAgainAtOnce: a database in trouble is not asked for the dearest query by every open page.
func TestACountThatFailedIsNotMadeAgainAtOnce(t *testing.T) {
	h := newOfficeHouse(t)
	broken := &brokenStock{Store: h.DB}
	h.console = openConsole(h.House, h.vault, func(cfg *console.Config) {
		cfg.Store, cfg.Logger = broken, slog.New(slog.DiscardHandler)
	})
	b := h.signedIn("admin@example.com")
	// It has to be over, not only asked for: a count that ends after the clock has moved has taken that long, and is left alone for longer.
	programtest.Eventually(t, "the count has failed", func() bool {
		return b.get("/console/dashboard/stock").says("Counting the stock")
	})
	for range 5 {
		b.get("/console/dashboard/stock")
	}
	if n := broken.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	h.pass(31 * time.Second)
	programtest.Eventually(t, "it is asked again", func() bool {
		b.get("/console/dashboard/stock")
		return broken.asked.Load() > 1
	})
	if n := broken.asked.Load(); n != 2 {
		t.Errorf("asked %d times half a minute later", n)
	}
}

// unwell is a store whose partners are not all told.
type unwell struct {
	console.Store
	health office.Health
}

func (s unwell) Health(context.Context) (office.Health, error) { return s.health, nil }

func TestTheDashboardNamesEndpointsThatWereGivenUpLately(t *testing.T) {
	h := newOfficeHouse(t)
	now := h.Clock.Now()
	h.console = openConsole(h.House, h.vault, func(cfg *console.Config) {
		cfg.Store = unwell{cfg.Store, office.Health{Waiting: office.MostWaiting, GivenUp: []office.GivenUpEndpoint{
			{ID: 3, Partner: "demo", Host: "new.example", Reason: webhook.Gone, At: now.Add(-time.Hour)},
			{ID: 2, Partner: "demo", Host: "mid.example", Reason: webhook.Failing, At: now.Add(-6 * 24 * time.Hour)},
			{ID: 1, Partner: "demo", Host: "old.example", Reason: webhook.Gone, At: now.Add(-8 * 24 * time.Hour)},
		}}}
	})
	a := h.signedIn("admin@example.com").get(console.Root + "/")
	for _, want := range []string{
		"10,000+", "new.example", "mid.example", "2025-09-15 11:00:00", "It answered that it takes nothing more (410).", "It took nothing for 5 days.",
		`<a href="/console/webhooks/3">`,
	} {
		if !a.says(want) {
			t.Errorf("lacks %q", want)
		}
	}
	if a.says("old.example") {
		t.Error("one that was given up long ago is named")
	}
}
