package storage_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestASettingIsItsDefaultUntilSomebodyDecides(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		limit, err := h.DB.Setting(t.Context(), office.AdjustmentLimit)
		if err != nil || limit.Won() != 1_000_000 || limit.Version != 0 {
			t.Fatalf("%+v, %v", limit, err)
		}
		limit.Text = "500000"
		for range 2 { // the second time it is stale
			err = h.DB.ChangeSettings(t.Context(), []office.Value{limit}, h.Clock.Now())
		}
		if !errors.Is(err, storage.ErrChanged) {
			t.Errorf("a stale change: %v", err)
		}
		list, err := h.DB.Settings(t.Context())
		if err != nil || len(list) != len(office.Settings()) {
			t.Fatal(list, err)
		}
		for _, v := range list {
			want := v.Default
			if v.Name == office.AdjustmentLimit {
				want = "500000"
			}
			if v.Text != want {
				t.Errorf("%s is %q", v.Name, v.Text)
			}
		}
		e := auditOf(t, h, office.AuditFilter{Subject: "setting:adjustment_limit"})
		if e.Before != `{"value":"1000000"}` || e.After != `{"value":"500000"}` || e.Actor != office.CommandLine {
			t.Errorf("%+v", e)
		}
	})
}

// TestOfManyWhoDecideAtOnceOneWins: nobody had decided before, so there is no row to wait for.
func TestOfManyWhoDecideAtOnceOneWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const operators = 6
		var won, told atomic.Int64
		var wg sync.WaitGroup
		for i := range operators {
			wg.Go(func() {
				name := office.Value{Setting: office.SettingOf(office.ExchangeName), Text: fmt.Sprint("exchange ", i)}
				switch err := h.DB.ChangeSettings(t.Context(), []office.Value{name}, h.Clock.Now()); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, storage.ErrChanged):
					told.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || told.Load() != operators-1 {
			t.Errorf("%d won, %d were told", won.Load(), told.Load())
		}
	})
}

func TestSettingsAreStoredTogetherOrNotAtAll(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		name := office.Value{Setting: office.SettingOf(office.ExchangeName), Text: "first"}
		stale := office.Value{Setting: office.SettingOf(office.LowBalance), Text: "7", Version: 3}
		err := h.DB.ChangeSettings(t.Context(), []office.Value{name, stale}, h.Clock.Now())
		if !errors.Is(err, storage.ErrChanged) {
			t.Fatal(err)
		}
		if v, err := h.DB.Setting(t.Context(), office.ExchangeName); err != nil || v.Text != v.Default {
			t.Errorf("%+v, %v", v, err)
		}
	})
}
