package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
)

// audited returns the actions that the trail has of a partner, the oldest first, each with who did it.
func audited(t *testing.T, raw *sql.DB, partner string) (actions []string) {
	t.Helper()
	rows, err := raw.QueryContext(t.Context(), `SELECT action, actor, before_state || after_state FROM audit
WHERE subject = $1 ORDER BY id`, "partner:"+partner)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err says what matters
	for rows.Next() {
		var action, actor, states string
		if err := rows.Scan(&action, &actor, &states); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(states, "hash") {
			t.Errorf("%s keeps something secret: %s", action, states)
		}
		actions = append(actions, action+" by "+actor)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return actions
}

// eachHouse is eachEngine with a connection beside the store.
func eachHouse(t *testing.T, test func(*testing.T, *storagetest.House, *sql.DB)) {
	for driver, newURL := range map[string]func(testing.TB) string{"sqlite": migratedSQLiteURL, "pgx": migratedPostgresURL} {
		t.Run(driver, func(t *testing.T) {
			dsn := newURL(t)
			h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
			test(t, h, rawDB(t, driver, strings.TrimPrefix(dsn, "sqlite:")))
		})
	}
}

func newKeys(h *storagetest.House) credential.Keys {
	hash := func() []byte { return fmt.Appendf(nil, "hash %d", rand.Uint64()) }
	return credential.Keys{ID: rand.Int64(), KeyHash: hash(), TokenHash: hash(), RefreshHash: hash(), CreatedAt: h.Clock.Now()}
}

func TestEveryChangeOfAPartnerIsAudited(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *storagetest.House, raw *sql.DB) {
		ctx := office.As(t.Context(), office.Actor{OperatorID: 7, Name: "kim@example.com", Address: "192.0.2.7"})
		id := h.Partner(gift.Partner{Name: "demo"}, 1000)
		edit := func(title string) error {
			_, err := h.DB.ChangePartner(ctx, "demo", 0, h.Clock.Now(), func(p *gift.Partner) error {
				p.Title = title
				return nil
			})
			return err
		}
		err := errors.Join(edit("Demo"), edit("Demo"), // the second changes nothing
			h.DB.RotateKeys(ctx, id, 0, newKeys(h), h.Clock.Now().Add(time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.Deposit(ctx, "demo", 5, "KB-1", "", h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.Deposit(ctx, "demo", 5, "KB-1", "", h.Clock.Now()); !errors.Is(err, office.ErrDuplicate) {
			t.Errorf("the same deposit again: %v", err)
		}
		want := []string{
			"partner.create by command line", "partner.topup by command line", "partner.change by kim@example.com",
			"partner.rotate by kim@example.com", "partner.topup by kim@example.com",
		}
		if got := audited(t, raw, "demo"); !slices.Equal(got, want) {
			t.Errorf("audited %q, want %q", got, want)
		}
		keys, err := h.DB.KeyGenerations(t.Context(), id)
		if err != nil || len(keys) != 2 || keys[0].ExpiresAt.IsZero() == keys[1].ExpiresAt.IsZero() {
			t.Errorf("generations of keys: %v, %v", keys, err)
		}
	})
}

func TestOfTwoWhoSaveWhatTheyReadOneIsTold(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "demo"}, 0)
		read, err := h.DB.Partner(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		saved := make([]error, 2)
		each(len(saved), func(i int) {
			_, saved[i] = h.DB.ChangePartner(t.Context(), "demo", read.Version, h.Clock.Now(), func(p *gift.Partner) error {
				p.DailyLimit = int64(i + 1)
				return nil
			})
		})
		if (saved[0] == nil) == (saved[1] == nil) || !errors.Is(errors.Join(saved...), office.ErrChanged) {
			t.Errorf("saved: %v", saved)
		}
		if err := h.DB.RotateKeys(t.Context(), read.ID, read.Version, newKeys(h), h.Clock.Now()); !errors.Is(err, office.ErrChanged) {
			t.Errorf("rotated what was read before: %v", err)
		}
	})
}

func TestPartnersAreFoundPageByPage(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		for i := range 7 {
			h.Partner(gift.Partner{Name: fmt.Sprintf("shop_%d", i), Title: fmt.Sprintf("가게 %d호", i)}, gift.Won(i*100))
		}
		h.Partner(gift.Partner{Name: "Acme", Title: "100% Gifts", State: gift.Suspended}, 5_000_000_000)
		for _, c := range []struct {
			query office.PartnerQuery
			want  string
		}{
			{office.PartnerQuery{Limit: 3, After: "shop_1"}, "shop_2 shop_3 shop_4"},
			{office.PartnerQuery{Limit: 9, Search: "가게 3"}, "shop_3"},
			{office.PartnerQuery{Limit: 9, Search: "aCm"}, "Acme"},
			{office.PartnerQuery{Limit: 9, Search: "100%"}, "Acme"},
			{office.PartnerQuery{Limit: 9, Search: "p_6"}, "shop_6"},
			{office.PartnerQuery{Limit: 9, Search: "%"}, "Acme"},
			{office.PartnerQuery{Limit: 9, State: gift.Suspended}, "Acme"},
			{office.PartnerQuery{Limit: 9, Below: 150}, "shop_0 shop_1"},
			{office.PartnerQuery{Limit: 9, Below: 6_000_000_000, State: gift.Suspended}, "Acme"},
		} {
			list, err := h.DB.FindPartners(t.Context(), c.query)
			var names []string
			for _, p := range list {
				names = append(names, p.Name)
			}
			if got := strings.Join(names, " "); got != c.want || err != nil {
				t.Errorf("%+v found %q, %v; want %q", c.query, got, err, c.want)
			}
		}
	})
}

func TestAStatementAddsUpAsOfAnyDay(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 50)
		demo := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		other := h.Partner(gift.Partner{Name: "other"}, 100_000)
		first := gift.DayOf(h.Clock.Now())
		for day := range 4 {
			for range 3 {
				h.Buy(demo, "", 1)
				h.Buy(other, "", 2)
				h.Clock.Advance(time.Minute)
			}
			if _, err := h.DB.Deposit(t.Context(), "demo", gift.Won(1000+day), "", "transfer", h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			h.Clock.Advance(24 * time.Hour)
		}
		all, err := h.DB.Statement(t.Context(), office.StatementQuery{Partner: "demo", Limit: 100})
		if err != nil || len(all.Lines) != 17 || all.Opening != 0 || all.Closing != h.Balance("demo") || all.Purchases != 12*940 {
			t.Fatalf("%d lines, %+v, %v", len(all.Lines), all, err)
		}
		checkRunning(t, all)
		for day := range 5 {
			checkDay(t, h, all, first+gift.Day(day))
		}
		var paged []office.StatementLine
		q := office.StatementQuery{Partner: "demo", Limit: 5}
		for {
			page, err := h.DB.Statement(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if paged = append(paged, page.Lines...); len(page.Lines) < q.Limit {
				break
			}
			q.Before = page.Lines[len(page.Lines)-1].ID
		}
		if !slices.Equal(paged, all.Lines) {
			t.Errorf("page by page: %v\nat once: %v", paged, all.Lines)
		}
	})
}

// checkRunning goes from what the account had to what it has.
func checkRunning(t *testing.T, s office.Statement) {
	t.Helper()
	balance := s.Opening
	for _, l := range slices.Backward(s.Lines) {
		if balance += l.Amount; balance != l.Balance {
			t.Errorf("%+v, but the lines before it add up to %d", l, balance)
		}
	}
	if balance != s.Closing {
		t.Errorf("closes with %d, the lines add up to %d", s.Closing, balance)
	}
}

// checkDay compares a day's statement with what the whole one says of that day.
func checkDay(t *testing.T, h *storagetest.House, all office.Statement, day gift.Day) {
	t.Helper()
	var want office.Statement
	for _, l := range slices.Backward(all.Lines) {
		switch at := gift.DayOf(l.ID.Time()); {
		case at < day:
			want.Opening = l.Balance
		case at == day:
			want.Lines = append([]office.StatementLine{l}, want.Lines...)
			if l.Kind == office.PurchaseTransaction {
				want.Purchases -= l.Amount
			}
		}
	}
	got, err := h.DB.Statement(t.Context(), office.StatementQuery{Partner: "demo", From: day, To: day, Limit: 100})
	if err != nil || got.Opening != want.Opening || got.Purchases != want.Purchases || !slices.Equal(got.Lines, want.Lines) {
		t.Errorf("%s: %+v, %v; want %+v", day, got, err, want)
	}
	checkRunning(t, got)
}

func TestCallsAreKeptForSevenDays(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		demo := h.Partner(gift.Partner{Name: "demo"}, 0)
		var calls []office.Call
		for i := range 150 {
			c := office.Call{
				PartnerID: demo, Proven: i%2 == 0, At: h.Clock.Now(), Endpoint: "giftimbiz/buyGifticoupon", Code: "PD",
				Message: "품절", Request: fmt.Sprint("r", i), Took: 3 * time.Millisecond,
			}
			if i%50 == 0 {
				c.Code, c.Endpoint = "PC", "other"
			}
			calls = append(calls, c)
		}
		if err := h.DB.KeepCalls(t.Context(), calls); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			query office.CallQuery
			want  []string
		}{
			{office.CallQuery{Limit: 2}, []string{"r149", "r148"}},
			{office.CallQuery{Limit: 9, Code: "PC"}, []string{"r100", "r50", "r0"}},
			{office.CallQuery{Limit: 1, Endpoint: "other"}, []string{"r100"}},
			{office.CallQuery{Limit: 9, Endpoint: "other", Code: "PD"}, nil},
		} {
			c.query.PartnerID = demo
			list, err := h.DB.Calls(t.Context(), c.query)
			var got []string
			for _, call := range list {
				got = append(got, call.Request)
			}
			if !slices.Equal(got, c.want) || err != nil {
				t.Errorf("%+v: %q, %v; want %q", c.query, got, err, c.want)
			}
		}
		last, err := h.DB.Calls(t.Context(), office.CallQuery{PartnerID: demo, Limit: 1})
		if err != nil || last[0].Took != 3*time.Millisecond || last[0].Proven || !last[0].At.Equal(h.Clock.Now()) {
			t.Errorf("%+v, %v", last, err)
		}
		if n, err := h.DB.ForgetCalls(t.Context(), h.Clock.Now().Add(7*24*time.Hour)); n != 0 || err != nil {
			t.Errorf("after 7 days: %d forgotten, %v", n, err)
		}
		if n, err := h.DB.ForgetCalls(t.Context(), h.Clock.Now().Add(7*24*time.Hour+2*time.Second)); n != 150 || err != nil {
			t.Errorf("later: %d forgotten, %v", n, err)
		}
	})
}

// asOperator returns a context in which an operator acts.
func asOperator(ctx context.Context, id int64) context.Context {
	return office.As(ctx, office.Actor{OperatorID: id, Name: fmt.Sprintf("operator %d", id)})
}

// TestPagesOfAPartnerReadLittleWhateverItBought asks PostgreSQL itself what was read.
func TestPagesOfAPartnerReadLittleWhateverItBought(t *testing.T) {
	dsn := migratedPostgresURL(t)
	const days, purchases = 4, 150 // a day
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(1, days*purchases)
	demo := h.Partner(gift.Partner{Name: "demo"}, 10_000_000)
	first := gift.DayOf(h.Clock.Now())
	for range days {
		each(purchases, func(int) { h.Buy(demo, "", 1) })
		h.Clock.Advance(24 * time.Hour)
	}
	forgetReads(t, dsn, h.DB)
	t.Run("read", func(t *testing.T) { // its end closes the connections, which then hand in their figures
		here := *h
		here.T = t
		db := here.SecondNode().DB
		for _, q := range []office.StatementQuery{{}, {To: first}, {From: first, To: first}, {From: first + 1}} {
			q.Partner, q.Limit = "demo", 10
			if s, err := db.Statement(t.Context(), q); err != nil || len(s.Lines) != 10 {
				t.Fatal(s, err)
			}
		}
		if _, err := db.Calls(t.Context(), office.CallQuery{PartnerID: demo, Limit: 10}); err != nil {
			t.Fatal(err)
		}
		if _, err := db.FindPartners(t.Context(), office.PartnerQuery{Search: "d", Limit: 10}); err != nil {
			t.Fatal(err)
		}
	})
	for _, table := range []string{"entries", "partner_days", "partners"} {
		if whole, found := readsOf(t, rawDB(t, "pgx", dsn), table); whole > 0 || found > 100 {
			t.Errorf("%s: %d rows were read without an index and %d with one", table, whole, found)
		}
	}
}
