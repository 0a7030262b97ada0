package partnerv2_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
)

type trailHead struct {
	Lines int64
	Hash  string
}

type receipt struct {
	Month, Partner, From, To    string
	Opening, Closing, Purchases gift.Won
	Entries                     int64
	Digest                      string `json:"entries_sha256"`
	Line                        struct {
		Number, At          int64
		Operator            int64 `json:"operator_id"`
		ID, Action, Subject string
		Actor               string `json:"actor_sha256"`
		Address             string `json:"address_sha256"`
		Salt                string `json:"content_salt"`
		Content             string
	}
	Before string `json:"hash_before"`
	Hash   string
}

// sha256Of is SHA-256 in hexadecimal digits, of netstrings.
func sha256Of(texts ...any) string {
	var b bytes.Buffer
	for _, text := range texts {
		s := fmt.Sprint(text)
		fmt.Fprintf(&b, "%d:%s,", len(s), s)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

// after is how the chain goes on.
func after(t *testing.T, hash, digest string) string {
	t.Helper()
	both, err := hex.DecodeString(hash + digest)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(both)
	return hex.EncodeToString(sum[:])
}

// verify checks a receipt against the statement, by nothing but what the guide says.
func (r receipt) verify(t *testing.T, s statement) {
	t.Helper()
	var entries strings.Builder
	var spent gift.Won
	for _, l := range slices.Backward(s.Data) {
		if l.Type == "purchase" {
			spent -= l.Amount
		}
		fmt.Fprintf(&entries, "%s,%s,%d,%d\n", l.ID, l.Type, l.Amount, l.Balance)
	}
	sum := sha256.Sum256([]byte(entries.String()))
	if r.Digest != hex.EncodeToString(sum[:]) || r.Entries != int64(len(s.Data)) || r.Opening != s.Opening || r.Closing != s.Closing ||
		r.Purchases != s.Purchases || r.Purchases != spent {
		t.Errorf("%+v is no receipt of %+v", r, s)
	}
	var says receipt
	if err := json.Unmarshal([]byte(r.Line.Content), &says); err != nil || says.Digest != r.Digest || says.Closing != r.Closing ||
		says.Partner != "demo" || says.From != r.From {
		t.Errorf("the line says %s, %v", r.Line.Content, err)
	}
	l := r.Line
	content := sha256Of("giftimbiz audit text 1", l.Salt, "", l.Content, "")
	line := sha256Of("giftimbiz audit line 1", l.Number, l.ID, l.At, l.Operator, l.Action, l.Subject, l.Actor, l.Address, content)
	if after(t, r.Before, line) != r.Hash || l.Action != "statement.receipt" || l.Subject != "partner:demo" {
		t.Errorf("%+v does not follow", r)
	}
}

func TestAReceiptProvesWhatAPartnerWasShown(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		d.trade("demo")
		ask := func() reply { return d.call("demo", http.MethodPost, "statement/receipts", `{"month":"2025-09"}`) }
		ask().refused(http.StatusConflict, "month-open", "Q")
		d.call("demo", http.MethodGet, "statement/receipts/2025-09", "").refused(http.StatusNotFound, "not-found", "N")
		d.Clock.Advance(20 * 24 * time.Hour)
		if err := d.DB.CloseDays(t.Context(), d.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		var r, again, read, other receipt
		d.want(http.StatusOK, "demo", http.MethodPost, "statement/receipts", `{"month":"2025-09"}`).into(&r)
		r.verify(t, d.statement("demo", "?from=2025-09-01&to=2025-09-30"))
		d.Buy(d.ids["demo"], "later", 3)
		d.want(http.StatusOK, "demo", http.MethodPost, "statement/receipts", `{"month":"2025-09"}`).into(&again)
		d.want(http.StatusOK, "demo", http.MethodGet, "statement/receipts/2025-09", "").into(&read)
		d.want(http.StatusOK, "other", http.MethodPost, "statement/receipts", `{"month":"2025-09"}`).into(&other)
		if again != r || read != r || other.Partner != "other" || other.Line.Number <= r.Line.Number || other.Entries != 1 {
			t.Errorf("%+v\n%+v\n%+v\n%+v", r, again, read, other)
		}
	})
}

func TestAReceiptLeadsToTheHeadOfALaterStatement(t *testing.T) {
	d := newDesk(t)
	d.trade("demo")
	d.Clock.Advance(20 * 24 * time.Hour)
	if err := d.DB.CloseDays(t.Context(), d.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	var r receipt
	d.want(http.StatusOK, "demo", http.MethodPost, "statement/receipts", `{"month":"2025-09"}`).into(&r)
	for i := range 5 {
		d.want(http.StatusOK, "demo", http.MethodPatch, "balance", fmt.Sprintf(`{"low_balance_threshold":%d}`, i+1))
	}
	var later struct{ Trail trailHead }
	d.want(http.StatusOK, "demo", http.MethodGet, "statement", "").into(&later)
	lines, hash := r.Line.Number, r.Hash
	for lines < later.Trail.Lines {
		var part struct {
			From, To, Head trailHead
			Digests        []string
		}
		d.want(http.StatusOK, "demo", http.MethodGet, fmt.Sprintf("trail?after=%d&limit=2", lines), "").into(&part)
		if part.From != (trailHead{lines, hash}) || part.Head != later.Trail || len(part.Digests) == 0 {
			t.Fatalf("%+v", part)
		}
		for _, digest := range part.Digests {
			lines, hash = lines+1, after(t, hash, digest)
		}
	}
	if (trailHead{lines, hash}) != later.Trail {
		t.Errorf("%d %s, want %+v", lines, hash, later.Trail)
	}
	file := d.want(http.StatusOK, "demo", http.MethodGet, "statement?format=csv", "")
	if got := file.head.Get("Trail-Head"); got != fmt.Sprint(lines, ":", hash) {
		t.Errorf("the file has the head %s", got)
	}
	d.call("demo", http.MethodGet, fmt.Sprint("trail?after=", lines+1), "").refused(http.StatusBadRequest, "parameter-invalid", "Q")
	d.call("demo", http.MethodGet, "trail?limit=1001", "").refused(http.StatusBadRequest, "parameter-invalid", "Q")
}

func TestAMonthIsWrittenAsOne(t *testing.T) {
	d := newDesk(t)
	for _, body := range []string{`{"month":"2025-13"}`, `{"month":"2025-9"}`, `{"month":"2025-09-01"}`, `{"month":202509}`, `{}`, ``} {
		if a := d.call("demo", http.MethodPost, "statement/receipts", body); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	d.call("demo", http.MethodGet, "statement/receipts/september", "").refused(http.StatusNotFound, "not-found", "N")
}
