package storage_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/trail"
)

func dayOf(t *testing.T, text string) gift.Day {
	t.Helper()
	at, err := time.ParseInLocation(time.DateOnly, text, gift.Seoul)
	if err != nil {
		t.Fatal(err)
	}
	return gift.DayOf(at)
}

// TestAReceiptSaysWhatTheStatementSays asks for one when the month is over, checks it as a partner does, and follows the chain from
// it to a later head.
func TestAReceiptSaysWhatTheStatementSays(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 5)
		demo := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		h.Buy(demo, "one", plainOffer)
		h.Clock.Advance(24 * time.Hour)
		h.Buy(demo, "two", plainOffer, plainOffer)
		from, to := dayOf(t, "2025-09-01"), dayOf(t, "2025-09-30")
		issue := func() (office.Receipt, error) { return h.DB.IssueReceipt(t.Context(), "demo", from, to, h.Clock.Now()) }
		if _, err := issue(); !errors.Is(err, office.ErrNotClosed) {
			t.Fatal(err)
		}
		h.Clock.Advance(16 * 24 * time.Hour)
		h.Buy(demo, "later", plainOffer)
		if err := h.DB.CloseDays(t.Context(), h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.Receipt(t.Context(), "demo", from); !errors.Is(err, office.ErrNotFound) {
			t.Fatal(err)
		}
		receipts := make([]office.Receipt, 4)
		var wg sync.WaitGroup
		for i := range receipts {
			wg.Go(func() {
				var err error
				if receipts[i], err = issue(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		r := receipts[0]
		for _, other := range receipts {
			if other.Hash != r.Hash || other.Line.Number != r.Line.Number {
				t.Errorf("another receipt of the same month: %+v", other)
			}
		}
		if r.Line.Action != "statement.receipt" || r.Line.Subject != "partner:demo" || trail.After(r.Before, r.Line.Digest()) != r.Hash {
			t.Errorf("%+v", r)
		}
		checkReceipt(t, h, r, from, to)
		followTrail(t, h, r)
	})
}

// checkReceipt compares a receipt with the statement.
func checkReceipt(t *testing.T, h *storagetest.House, r office.Receipt, from, to gift.Day) {
	t.Helper()
	s, err := h.DB.Statement(t.Context(), office.StatementQuery{Partner: "demo", From: from, To: to, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, l := range slices.Backward(s.Lines) {
		text = fmt.Appendf(text, "%d,%s,%d,%d\n", l.ID, l.Kind, l.Amount, l.Balance)
	}
	digest := sha256.Sum256(text)
	want := fmt.Sprintf(`{"partner":"demo","from":"2025-09-01","to":"2025-09-30","opening":%d,"closing":%d,"purchases":%d,"entries":%d,`+
		`"entries_sha256":"%s"}`, s.Opening, s.Closing, s.Purchases, len(s.Lines), hex.EncodeToString(digest[:]))
	if got := r.Line.Content.Texts[1]; got != want || len(s.Lines) != 3 || s.Purchases != 2820 || !json.Valid([]byte(got)) {
		t.Errorf("%s, want %s", got, want)
	}
	if s.Trail.Lines < r.Line.Number || s.Trail != headOf(t, h) {
		t.Errorf("the statement's head is %+v", s.Trail)
	}
}

// followTrail goes on from a receipt, two lines at a time.
func followTrail(t *testing.T, h *storagetest.House, r office.Receipt) {
	t.Helper()
	for range 3 {
		if _, err := h.DB.Deposit(t.Context(), "demo", 5, "", "", h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	head, lines, hash := headOf(t, h), r.Line.Number, r.Hash
	for lines < head.Lines {
		p, err := h.DB.TrailPart(t.Context(), lines, 2)
		if err != nil || p.From.Hash != hash || p.Head != head || p.To.Lines != lines+int64(len(p.Digests)) || len(p.Digests) > 2 {
			t.Fatalf("%+v, %v", p, err)
		}
		for _, digest := range p.Digests {
			hash = trail.After(hash, digest)
		}
		if lines = p.To.Lines; p.To.Hash != hash {
			t.Errorf("%+v", p)
		}
	}
	if hash != head.Hash {
		t.Errorf("%s is not %s", hash, head.Hash)
	}
	if p, err := h.DB.TrailPart(t.Context(), head.Lines, 2); err != nil || p.From != head || p.To != head || len(p.Digests) != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := h.DB.TrailPart(t.Context(), 0, 1); err != nil || p.From != (trail.Head{}) || len(p.Digests) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := h.DB.TrailPart(t.Context(), head.Lines+1, 2); !errors.Is(err, office.ErrNotFound) {
		t.Error(err)
	}
}

// TestAReceiptSaysNothingOfDaysThatChangedMeanwhile: between reading a month and writing what it says somebody books something in
// it, by a clock that is behind, and the month is closed anew.
func TestAReceiptSaysNothingOfDaysThatChangedMeanwhile(t *testing.T) {
	dsn := migratedPostgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	raw := rawDB(t, "pgx", dsn)
	h.Partner(gift.Partner{Name: "demo"}, 100_000)
	h.Clock.Advance(31 * 24 * time.Hour)
	if err := h.DB.CloseDays(t.Context(), h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	issue := func() error {
		_, err := h.DB.IssueReceipt(t.Context(), "demo", dayOf(t, "2025-09-01"), dayOf(t, "2025-09-30"), h.Clock.Now())
		return err
	}
	other, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	change := func(query string) {
		t.Helper()
		if _, err := other.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	change(`UPDATE account_days_cursor SET next_day = next_day - 30, reopened = reopened + 1`)
	issued := make(chan error)
	go func() { issued <- issue() }()
	awaitLocked(t, raw, 1)
	change(`UPDATE account_days_cursor SET next_day = next_day + 30`)
	if err := other.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-issued; !errors.Is(err, office.ErrNotClosed) {
		t.Errorf("it says what was before: %v", err)
	}
	if err := issue(); err != nil {
		t.Errorf("the next says what is: %v", err)
	}
}
