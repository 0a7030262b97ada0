package console_test

import (
	"bytes"
	"encoding/csv"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"giftimbiz/internal/console"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/sheet"
)

// TestEveryListCanBeHadWithoutABrowser: the file is the one that the list's page offers.
func TestEveryListCanBeHadWithoutABrowser(t *testing.T) {
	h := trading(t)
	desk := intake.NewDesk(intake.Config{Store: h.DB, Vault: h.vault, Clock: h.Clock, Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(desk.Stop)
	cfg := console.Config{
		Store: h.DB, Numbers: h.vault, Clock: h.Clock, Logger: slog.New(slog.DiscardHandler), Imports: desk,
	}
	hook := testedWebhook(h.House, "demo")
	of := map[string]string{"PARTNER": "demo", "OFFER": "1", "SHOP": "37", "ENDPOINT": strconv.FormatInt(hook, 10)}
	rows := map[string]int{"partners": 1, "orders": 6, "statement": 7, "offers": 3, "units": 50, "operators": 1, "journal": 14, "deliveries": 1}
	for _, l := range console.Lists() {
		t.Run(l.Name, func(t *testing.T) {
			want := console.Wanted{List: l, Of: of[l.Of], Format: sheet.CSV, Language: locale.English}
			var file bytes.Buffer
			if err := console.Export(t.Context(), cfg, want, &file); err != nil {
				t.Fatal(err)
			}
			read, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.String(), "\ufeff"))).ReadAll()
			if err != nil || len(read) == 0 || len(read[0]) < 2 {
				t.Fatalf("%v: %.300s", err, file.String())
			}
			if n, ok := rows[l.Name]; ok && len(read)-1 != n {
				t.Errorf("%d rows, want %d", len(read)-1, n)
			}
			if l.Of != "" {
				want.Of = "987654"
				if err := console.Export(t.Context(), cfg, want, &file); err == nil || !strings.Contains(err.Error(), "there is no ") {
					t.Errorf("of one that is not there: %v", err)
				}
			}
		})
	}
}

// TestAWrongFilterGetsNoFile: a file has no place to say that it holds something else.
func TestAWrongFilterGetsNoFile(t *testing.T) {
	h := trading(t)
	hook := testedWebhook(h.House, "demo")
	b := h.signedIn("admin@example.com")
	for _, address := range []string{
		"orders?from=yesterday", "orders?from=2025-09-16&to=2025-09-01", "partners?below=much", "partners/demo/statement?from=x",
		"ledger?at=noon", "ledger/accounts?at=noon", "ledger/journal?from=x", "ledger/journal?partner=nobody",
		"ledger/settlement?from=x&to=y", "ledger/settlement/37?from=x&to=y", "audit?from=x",
		"webhooks/" + strconv.FormatInt(hook, 10) + "?from=x",
	} {
		a := b.get("/console/" + address + "&format=csv")
		if a.status != 422 || a.head.Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %s", address, a.status, a.head.Get("Content-Disposition"))
		}
	}
}
