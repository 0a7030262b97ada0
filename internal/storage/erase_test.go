package storage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/trail"
)

const kimAddress = "192.0.2.77"

// asKim has an operator do something of everything that keeps a name.
func asKim(t *testing.T, h *storagetest.House) (office.Operator, context.Context) {
	t.Helper()
	h.Stock(2, 5)
	stockPaid(t, h, 3)
	demo := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	kim := addOperator(t, h, "kim@example.com", office.Admin)
	renamed := kim
	renamed.Name = "Kim Minji"
	by := office.As(t.Context(), office.Actor{OperatorID: kim.ID, Name: "kim@example.com", Address: kimAddress})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(h.DB.ChangeOperator(t.Context(), "operator.change", kim, renamed, nil, h.Clock.Now()))
	must(h.DB.SignInWrong(office.As(t.Context(), office.Actor{Name: "not signed in", Address: kimAddress}), kim, "wrong", h.Clock.Now()))
	kim, err := h.DB.Operator(t.Context(), kim.ID)
	must(err)
	must(h.DB.StartSession(by, office.Session{
		ID: []byte("kim's browser"), Operator: kim, CreatedAt: h.Clock.Now(), SeenAt: h.Clock.Now(),
		ExpiresAt: h.Clock.Now().Add(time.Hour), Address: kimAddress, Agent: "kim's Firefox",
	}, nil, 0))
	for _, won := range []gift.Won{500, 5_000_000} { // the second waits for somebody else
		_, err = h.DB.Adjust(by, office.Adjustment{Partner: "demo", Amount: won, Reason: "goodwill", Request: fmt.Sprint(won)}, h.Clock.Now())
		must(err)
	}
	order := h.Buy(demo, "one", plainOffer)
	_, err = h.DB.Refund(by, office.NewRefund{OrderID: order.OrderID, Lines: []int64{1}, Reason: "bad", At: h.Clock.Now()})
	must(err)
	coupon := buyPaid(t, h, demo, "used", paidOffer)
	must(h.DB.RedeemByOperator(by, office.CounterChange{
		OrderID: coupon.OrderID, Line: 1, SellerID: paidSeller, Reason: "no device", At: h.Clock.Now(),
	}))
	_, err = h.DB.ChangePartner(by, "demo", 0, h.Clock.Now(), func(p *gift.Partner) error { p.Title = "Demo Ltd"; return nil })
	must(err)
	return kim, by
}

func TestAnErasedOperatorLeavesTheBooksAndTheTrailWhole(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		kim, by := asKim(t, h)
		before := headOf(t, h)
		if _, err := h.DB.EraseOperator(t.Context(), kim.ID, h.Clock.Now()); !errors.Is(err, office.ErrLastAdmin) {
			t.Fatal(err)
		}
		addOperator(t, h, "lee@example.com", office.Admin)
		erased, err := h.DB.EraseOperator(t.Context(), kim.ID, h.Clock.Now())
		if err != nil || erased.Actors < 6 || erased.Addresses < 7 || erased.Contents < 3 {
			t.Fatalf("%+v, %v", erased, err)
		}
		if found := out.find("kim", "Kim Minji", kimAddress); len(found) > 0 {
			t.Errorf("still there: %v", found)
		}
		if o, err := h.DB.Operator(t.Context(), kim.ID); err != nil || !o.Erased() || !o.Disabled || o.Name != "" {
			t.Errorf("%+v, %v", o, err)
		}
		now := h.Clock.Now()
		if _, err := h.DB.Session(t.Context(), []byte("kim's browser"), now); !errors.Is(err, office.ErrNotFound) {
			t.Errorf("the browser is signed in: %v", err)
		}
		was, _ := h.DB.Operator(t.Context(), kim.ID)
		back := was
		back.Disabled = false
		if err := h.DB.ChangeOperator(by, "operator.enable", was, back, nil, now); !errors.Is(err, office.ErrNotFound) {
			t.Errorf("it came back: %v", err)
		}
		done := office.AuditFilter{Operator: &kim.ID, Action: "partner.change"}
		if e := auditOf(t, h, done); e.Actor != (office.Actor{OperatorID: kim.ID}) || !strings.Contains(e.After, "Demo Ltd") {
			t.Errorf("what the operator did is lost: %+v", e)
		}
		if again, err := h.DB.EraseOperator(t.Context(), kim.ID, now); err != nil || again != (trail.Erasures{}) {
			t.Errorf("again: %+v, %v", again, err)
		}
		if after := headOf(t, h); after.Lines <= before.Lines {
			t.Errorf("no line says that: %+v", after)
		}
		storagetest.Healthy(t, h.DB)
	})
}

func TestAnErasureThatBrokeOffIsGoneOnWith(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		kim, _ := asKim(t, h)
		addOperator(t, h, "lee@example.com", office.Admin)
		out.alter(`INSERT INTO repricings (id, operator_id, actor, busy, offers, at) VALUES (1, $1, 'kim@example.com', 0, 0, 0)`, kim.ID)
		rename := func(from, to string) {
			t.Helper()
			if _, err := out.raw.ExecContext(t.Context(), `ALTER TABLE `+from+` RENAME TO `+to); err != nil {
				t.Fatal(err)
			}
		}
		rename("redemptions", "away")
		if _, err := h.DB.EraseOperator(t.Context(), kim.ID, h.Clock.Now()); err == nil {
			t.Fatal("it did not break off")
		}
		rename("away", "redemptions")
		if _, err := h.DB.EraseOperator(t.Context(), kim.ID, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if found := out.find("kim", "Kim Minji", kimAddress); len(found) > 0 {
			t.Errorf("still there: %v", found)
		}
		storagetest.Healthy(t, h.DB)
	})
}

func TestAnErasedSellerRedeemsNothing(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 1)
		park := office.Seller{ShopID: 37, Name: "Park Seojun", CodeHash: "a hash"}
		id, err := h.DB.Managers().Save(t.Context(), park, 0, h.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		shift := redeem.Shift{
			ID: []byte("device"), SellerID: id, ShopID: 37, Agent: "Park's phone", StartedAt: h.Clock.Now(), ExpiresAt: h.Clock.Now().Add(time.Hour),
		}
		err = h.DB.StartShift(t.Context(), shift, redeem.Seller{ID: id, ShopID: 37, CodeHash: park.CodeHash}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.EraseSeller(t.Context(), id, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if found := out.find("Park"); len(found) > 0 {
			t.Errorf("still there: %v", found)
		}
		if s, err := h.DB.Seller(t.Context(), id); s != nil || err != nil {
			t.Errorf("%+v, %v", s, err)
		}
		if list, err := h.DB.ShopSellers(t.Context(), 37); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		listed, err := h.DB.Managers().Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.DB.Managers().Save(t.Context(), office.Seller{ID: id, ShopID: 37, Name: "x", CodeHash: "y"}, listed.Version, h.Clock.Now())
		if !errors.Is(err, office.ErrNotFound) {
			t.Errorf("it is somebody else now: %v", err)
		}
		if _, err := h.DB.EraseSeller(t.Context(), 999, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
		storagetest.Healthy(t, h.DB)
	})
}

func TestAddressesAreForgottenAfterTwoYears(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		kim, by := asKim(t, h)
		h.Clock.Advance(2 * 365 * 24 * time.Hour)
		if n, err := h.DB.ForgetAddresses(t.Context(), h.Clock.Now()); n != 0 || err != nil {
			t.Errorf("too early: %d, %v", n, err)
		}
		h.Clock.Advance(3 * 24 * time.Hour)
		if err := h.DB.EndSessions(by, kim, nil, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		forgotten, err := h.DB.ForgetAddresses(t.Context(), h.Clock.Now())
		if err != nil || forgotten < 7 {
			t.Errorf("%d, %v", forgotten, err)
		}
		if again, err := h.DB.ForgetAddresses(t.Context(), h.Clock.Now()); again != 0 || err != nil {
			t.Errorf("again %d, %v", again, err)
		}
		if e := auditOf(t, h, office.AuditFilter{Action: "partner.change"}); e.Actor.Address != "" || e.Actor.Name != "kim@example.com" {
			t.Errorf("%+v", e.Actor)
		}
		if e := auditOf(t, h, office.AuditFilter{Action: "session.end_all"}); e.Actor.Address != kimAddress {
			t.Errorf("%+v", e.Actor)
		}
		storagetest.Healthy(t, h.DB)
	})
}

func TestAnEntryOfTheTrailCanBeErased(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		asKim(t, h)
		e := auditOf(t, h, office.AuditFilter{Action: "partner.change"})
		if n, err := h.DB.EraseEntry(t.Context(), e.ID, h.Clock.Now()); err != nil || n != (trail.Erasures{Contents: 1}) {
			t.Errorf("%+v, %v", n, err)
		}
		if e = auditOf(t, h, office.AuditFilter{Action: "partner.change"}); e.After != "" || e.Actor.Name != "kim@example.com" {
			t.Errorf("%+v", e)
		}
		says := auditOf(t, h, office.AuditFilter{Action: "audit.erase"})
		if n, err := h.DB.EraseEntry(t.Context(), says.ID, h.Clock.Now()); err != nil || n != (trail.Erasures{}) {
			t.Errorf("what says what was erased was erased: %+v, %v", n, err)
		}
		if _, err := h.DB.EraseEntry(t.Context(), 1, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
		storagetest.Healthy(t, h.DB)
	})
}

// find looks for words in every column of every table, and returns where they stand.
func (o outside) find(words ...string) (found []string) {
	o.t.Helper()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if strings.HasPrefix(o.dsn, "postgres") {
		tables = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`
	}
	for _, table := range o.rows(tables) {
		for _, row := range o.rows("SELECT * FROM " + table) {
			for _, word := range words {
				if strings.Contains(row, word) {
					found = append(found, table+": "+row)
				}
			}
		}
	}
	return found
}

// rows returns rows as text.
func (o outside) rows(query string) (list []string) {
	o.t.Helper()
	rows, err := o.raw.QueryContext(o.t.Context(), query)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	for err == nil && rows.Next() {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err = rows.Scan(dest...); err != nil {
			break
		}
		texts := make([]string, len(values))
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			texts[i] = fmt.Sprint(v)
		}
		list = append(list, strings.Join(texts, " "))
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		o.t.Fatal(err)
	}
	return list
}
