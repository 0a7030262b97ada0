package partnerv2_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
)

type statement struct {
	Opening, Closing, Purchases gift.Won
	Data                        []line
	Next                        string
}

type line struct {
	ID, Type        string
	Amount, Balance gift.Won
	At              time.Time
	OrderID         string `json:"order_id"`
	Reference, Memo string
}

func (d *desk) statement(partner, query string) (s statement) {
	d.T.Helper()
	d.want(http.StatusOK, partner, http.MethodGet, "statement"+query, "").into(&s)
	return s
}

// trade has a partner buy, be paid back and be paid in on two days: 6 lines.
func (d *desk) trade(partner string) {
	d.T.Helper()
	d.Stock(3, 9)
	must := func(err error) {
		d.T.Helper()
		if err != nil {
			d.T.Fatal(err)
		}
	}
	d.Clock.Advance(time.Hour)
	first := d.Buy(d.ids[partner], "one", 1)
	d.Buy(d.ids[partner], "two", 1, 2)
	d.Clock.Advance(24 * time.Hour)
	_, err := d.DB.Refund(d.T.Context(), office.NewRefund{
		OrderID: first.OrderID, Lines: []int64{1}, Reason: "wrong voucher", At: d.Clock.Now(),
	})
	must(err)
	d.Clock.Advance(time.Minute)
	_, err = d.DB.Deposit(d.T.Context(), partner, 5000, "KB-2025-1", `=HYPERLINK("https://evil.example")`, d.Clock.Now())
	must(err)
	d.Clock.Advance(time.Minute)
	d.Buy(d.ids[partner], "three", 3)
}

func TestAStatementSaysWhatHappened(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		d.trade("demo")
		whole := d.statement("demo", "")
		var told []string
		for _, l := range whole.Data {
			told = append(told, fmt.Sprintf("%s %d %d", l.Type, l.Amount, l.Balance))
		}
		want := []string{
			"purchase -940 102180", "deposit 5000 103120", "refund 940 98120", "purchase -1880 97180", "purchase -940 99060",
			"deposit 100000 100000",
		}
		if diff := cmp.Diff(want, told); diff != "" || whole.Opening != 0 || whole.Closing != 102_180 || whole.Purchases != 3760 {
			t.Errorf("%s\n%+v", diff, whole)
		}
		refund, bought := whole.Data[2], whole.Data[4]
		if refund.OrderID == "" || refund.OrderID != bought.OrderID || whole.Data[1].Reference != "KB-2025-1" || whole.Data[1].OrderID != "" {
			t.Errorf("%+v", whole.Data)
		}
		if !bought.At.Equal(d.Clock.Now().Add(-24*time.Hour-2*time.Minute)) || bought.ID == "" {
			t.Errorf("%+v", bought)
		}
		day := d.statement("demo", "?from=2025-09-16&to=2025-09-16")
		if day.Opening != 97_180 || day.Closing != 102_180 || day.Purchases != 940 || len(day.Data) != 3 {
			t.Errorf("%+v", day)
		}
		if s := d.statement("other", ""); len(s.Data) != 1 || s.Closing != 100_000 {
			t.Errorf("of another: %+v", s)
		}
		if none := d.want(http.StatusOK, "demo", http.MethodGet, "statement?to=2025-09-14", ""); !strings.HasPrefix(none.body,
			`{"opening":0,"closing":0,"purchases":0,"trail":{"lines":`) || !strings.HasSuffix(none.body, `},"data":[]}`) {
			t.Errorf("%s", none.body)
		}
	})
}

func TestAStatementComesInPages(t *testing.T) {
	d := newDesk(t)
	d.trade("demo")
	whole := d.statement("demo", "?from=2025-09-15")
	var lines []line
	pages, next := 0, ""
	for from := ""; pages == 0 || next != "" && pages < 9; pages++ {
		p := d.statement("demo", "?from=2025-09-15&limit=4"+from)
		if pages > 0 && len(p.Data) > 4 || p.Closing != whole.Closing {
			t.Errorf("%+v", p)
		}
		lines, next = append(lines, p.Data...), p.Next
		from = "&cursor=" + next
		if pages == 0 {
			for _, path := range []string{
				"statement?from=2025-09-16&cursor=" + next, "statement?cursor=" + next, "statement?from=2025-09-15&cursor=A" + next,
			} {
				d.call("demo", http.MethodGet, path, "").refused(http.StatusBadRequest, "parameter-invalid", "Q")
			}
		}
	}
	if diff := cmp.Diff(whole.Data, lines); diff != "" || pages != 2 {
		t.Errorf("%d pages\n%s", pages, diff)
	}
}

func TestAStatementAsAFileIsTheSame(t *testing.T) {
	d := newDesk(t)
	d.trade("demo")
	for _, query := range []string{"?from=2025-09-15&to=2025-09-16", "?from=2025-09-16"} {
		a := d.want(http.StatusOK, "demo", http.MethodGet, "statement"+query+"&format=csv", "")
		text, marked := strings.CutPrefix(a.body, "\ufeff")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || !marked || a.head.Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Fatalf("%v %v %q", err, a.head, a.body)
		}
		if name := a.head.Get("Content-Disposition"); !strings.HasPrefix(name, `attachment; filename="statement-demo-2025-09-1`) ||
			!strings.HasSuffix(name, `.csv"`) {
			t.Errorf("%s", name)
		}
		want := [][]string{{"id", "type", "amount", "balance", "at", "order_id", "reference", "memo"}}
		for _, l := range d.statement("demo", query).Data {
			if strings.HasPrefix(l.Memo, "=") {
				l.Memo = "'" + l.Memo // no formula
			}
			want = append(want, []string{
				l.ID, l.Type, strconv.Itoa(int(l.Amount)), strconv.Itoa(int(l.Balance)), l.At.Format(time.RFC3339Nano), l.OrderID,
				l.Reference, l.Memo,
			})
		}
		if diff := cmp.Diff(want, rows); diff != "" || !strings.Contains(text, "'=HYPERLINK") {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestWhoAcceptsAFileMostGetsOne(t *testing.T) {
	d := newDesk(t)
	for accept, want := range map[string]string{
		"": "application/json", "*/*": "application/json", "text/csv": "text/csv", "text/csv, */*;q=0.5": "text/csv",
		"text/csv;q=0.4, application/json": "application/json", "application/json;q=0.4, text/csv": "text/csv",
		"text/csv;q=0": "application/json", "text/html": "application/json",
	} {
		a := d.want(http.StatusOK, "demo", http.MethodGet, "statement", "", "Accept", accept)
		if got := a.head.Get("Content-Type"); !strings.HasPrefix(got, want) || a.head.Get("Vary") != "Accept" {
			t.Errorf("Accept %q: %s, Vary %s", accept, got, a.head.Get("Vary"))
		}
	}
	a := d.want(http.StatusOK, "demo", http.MethodGet, "statement?format=json", "", "Accept", "text/csv")
	if got := a.head.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("format=json: %s", got)
	}
	if a := d.want(http.StatusOK, "demo", http.MethodHead, "statement?format=csv", ""); a.body != "" {
		t.Errorf("HEAD: %s", a.body)
	}
}

// buyMany has a partner of its own name buy more often than lines of a statement are read at a time.
func (d *desk) buyMany(partner string) (purchases int) {
	d.T.Helper()
	const buyers, each = 55, 20
	d.open(gift.Partner{Name: partner}, buyers*each*940)
	d.Stock(1, buyers*each)
	var wg sync.WaitGroup
	for i := range buyers {
		wg.Go(func() {
			for j := range each {
				out, err := d.Engine.Buy(d.T.Context(), storagetest.GiftRequest(d.ids[partner], fmt.Sprint(i, j), 1))
				if err != nil || out.Refusal != nil {
					d.T.Error(out.Refusal, err)
				}
			}
		})
	}
	wg.Wait()
	return buyers * each
}

func TestALongStatementIsAFileOfManyPages(t *testing.T) {
	d := newDesk(t)
	purchases := d.buyMany("busy")
	a := d.want(http.StatusOK, "busy", http.MethodGet, "statement?format=csv", "")
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil || len(rows) != purchases+2 || rows[1][1] != "purchase" || rows[purchases+1][1] != "deposit" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	seen := map[string]bool{}
	for i, row := range rows[1:] {
		if seen[row[0]] || row[3] != strconv.Itoa(i*940) {
			t.Fatalf("line %d: %v", i, row)
		}
		seen[row[0]] = true
	}
}

// TestASandboxPartnersStatementTellsTheTruth: its purchases cost nothing.
func TestASandboxPartnersStatementTellsTheTruth(t *testing.T) {
	d := newDesk(t)
	d.Stock(1, 5)
	if out := d.Buy(d.ids["devtest1"], "one", 1); out.Refusal != nil {
		t.Fatal(out.Refusal)
	}
	s := d.statement("devtest1", "")
	if len(s.Data) != 1 || s.Data[0].Type != "deposit" || s.Closing != 100_000 || s.Purchases != 0 {
		t.Errorf("%+v", s)
	}
	a := d.want(http.StatusOK, "devtest1", http.MethodGet, "statement?format=csv", "")
	if strings.Count(a.body, "\n") != 2 {
		t.Errorf("%s", a.body)
	}
}
