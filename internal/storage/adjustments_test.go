package storage_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
)

const large = 2_000_000

func adjustment(amount gift.Won, request string) office.Adjustment {
	return office.Adjustment{Partner: "demo", Amount: amount, Reason: "goodwill", Request: request}
}

func TestASmallAdjustmentIsBookedAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "demo"}, 1000)
		h.Partner(gift.Partner{Name: "test", Sandbox: true}, 1000)
		ctx := asOperator(t.Context(), 1)
		a, err := h.DB.Adjust(ctx, adjustment(-400, "a"), h.Clock.Now())
		if err != nil || a.State != office.Booked || h.Balance("demo") != 600 {
			t.Errorf("%+v, %v; balance %d", a, err, h.Balance("demo"))
		}
		if _, err := h.DB.Adjust(ctx, adjustment(-400, "a"), h.Clock.Now()); !errors.Is(err, office.ErrSentTwice) {
			t.Errorf("the same form again: %v", err)
		}
		var short office.ShortError
		if _, err := h.DB.Adjust(ctx, adjustment(-601, "b"), h.Clock.Now()); !errors.As(err, &short) || short.Balance != 600 {
			t.Errorf("more than there is: %v", err)
		}
		test := adjustment(500, "c")
		test.Partner = "test"
		if _, err := h.DB.Adjust(ctx, test, h.Clock.Now()); err != nil || h.Balance("test") != 1500 {
			t.Errorf("test money: %v; balance %d", err, h.Balance("test"))
		}
		if got := h.Balance("demo"); got != 600 {
			t.Errorf("balance %d after all", got)
		}
	})
}

func TestALargeAdjustmentNeedsASecondPerson(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *storagetest.House, raw *sql.DB) {
		h.Partner(gift.Partner{Name: "demo"}, 1000)
		a, err := h.DB.Adjust(asOperator(t.Context(), 1), adjustment(large, "a"), h.Clock.Now())
		if err != nil || a.State != office.Waiting || h.Balance("demo") != 1000 {
			t.Fatalf("%+v, %v; balance %d", a, err, h.Balance("demo"))
		}
		waiting, err := h.DB.WaitingAdjustments(t.Context(), 10)
		if err != nil || len(waiting) != 1 || waiting[0].ID != a.ID || waiting[0].AskedBy.OperatorID != 1 {
			t.Errorf("waiting: %+v, %v", waiting, err)
		}
		if _, err := h.DB.DecideAdjustment(asOperator(t.Context(), 1), a.ID, true, h.Clock.Now()); !errors.Is(err, office.ErrOwnRequest) {
			t.Errorf("who asked approves: %v", err)
		}
		if a, err = h.DB.DecideAdjustment(asOperator(t.Context(), 2), a.ID, true, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if a.DecidedBy.Name != "operator 2" || a.TxnID == 0 || h.Balance("demo") != 1000+large {
			t.Errorf("%+v; balance %d", a, h.Balance("demo"))
		}
		b, err := h.DB.Adjust(asOperator(t.Context(), 2), adjustment(-large, "b"), h.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if b, err = h.DB.DecideAdjustment(asOperator(t.Context(), 1), b.ID, false, h.Clock.Now()); err != nil || b.State != office.Refused {
			t.Errorf("refuse: %+v, %v", b, err)
		}
		if _, err := h.DB.DecideAdjustment(t.Context(), 77, true, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
			t.Errorf("approve what nobody asked for: %v", err)
		}
		want := []string{
			"partner.create by command line", "partner.topup by command line", "partner.adjust.ask by operator 1",
			"partner.adjust.approve by operator 2", "partner.adjust.ask by operator 2", "partner.adjust.refuse by operator 1",
		}
		if got := audited(t, raw, "demo"); !slices.Equal(got, want) || h.Balance("demo") != 1000+large {
			t.Errorf("audited %q; balance %d", got, h.Balance("demo"))
		}
	})
}

func TestOfManyApprovalsAtOnceOneBooks(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "demo"}, 0)
		a, err := h.DB.Adjust(asOperator(t.Context(), 1), adjustment(large, "a"), h.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		decided := make([]error, 6)
		each(len(decided), func(i int) {
			_, decided[i] = h.DB.DecideAdjustment(asOperator(t.Context(), int64(i+2)), a.ID, true, h.Clock.Now())
		})
		won := 0
		for _, err := range decided {
			if err == nil {
				won++
			} else if !errors.Is(err, office.ErrChanged) {
				t.Error(err)
			}
		}
		if won != 1 || h.Balance("demo") != large {
			t.Errorf("%d approvals, balance %d", won, h.Balance("demo"))
		}
	})
}

func TestDebitsAtOnceNeverTakeMoreThanThereIs(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "demo"}, 1000)
		each(8, func(i int) {
			_, err := h.DB.Adjust(asOperator(t.Context(), 1), adjustment(-300, fmt.Sprint(i)), h.Clock.Now())
			var short office.ShortError
			if err != nil && !errors.As(err, &short) {
				t.Error(err)
			}
		})
		if got := h.Balance("demo"); got != 100 {
			t.Errorf("balance %d", got)
		}
	})
}

func TestTheSettingSaysWhatNeedsASecondPerson(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *storagetest.House, raw *sql.DB) {
		h.Partner(gift.Partner{Name: "demo"}, 0)
		for i, c := range []struct {
			setting string
			amount  gift.Won
			want    office.AdjustmentState
		}{
			{"", 1_000_000, office.Booked},
			{"", 1_000_001, office.Waiting},
			{"0", 1, office.Waiting},
			{"5000000", 5_000_000, office.Booked},
		} {
			if c.setting != "" {
				_, err := raw.ExecContext(t.Context(), `INSERT INTO settings (name, value) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET value = excluded.value`, office.AdjustmentLimitSetting, c.setting)
				if err != nil {
					t.Fatal(err)
				}
			}
			a, err := h.DB.Adjust(asOperator(t.Context(), 1), adjustment(c.amount, fmt.Sprint(i)), h.Clock.Now())
			if err != nil || a.State != c.want {
				t.Errorf("limit %q, %d won: state %d, %v; want %d", c.setting, c.amount, a.State, err, c.want)
			}
		}
	})
}

func TestAPartnerThatLeftIsNotAdjusted(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "demo"}, 0)
		a, err := h.DB.Adjust(asOperator(t.Context(), 1), adjustment(large, "a"), h.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.DB.ChangePartner(t.Context(), "demo", 0, h.Clock.Now(), func(p *gift.Partner) error {
			p.State = gift.Withdrawn
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.Adjust(asOperator(t.Context(), 1), adjustment(1, "b"), h.Clock.Now()); !errors.Is(err, gift.ErrWithdrawn) {
			t.Errorf("adjust: %v", err)
		}
		if _, err := h.DB.DecideAdjustment(asOperator(t.Context(), 2), a.ID, true, h.Clock.Now()); !errors.Is(err, gift.ErrWithdrawn) {
			t.Errorf("approve: %v", err)
		}
		if _, err := h.DB.DecideAdjustment(asOperator(t.Context(), 2), a.ID, false, h.Clock.Now()); err != nil {
			t.Errorf("refuse: %v", err)
		}
	})
}
