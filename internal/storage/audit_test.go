package storage_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/trail"
)

func headOf(t *testing.T, h *storagetest.House) trail.Head {
	t.Helper()
	head, err := h.DB.VerifyAudit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func TestWhatIsNotStoredLeavesNoLine(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "demo"}, 1000)
		before := headOf(t, h)
		want := errors.New("no")
		_, err := h.DB.ChangePartner(t.Context(), "demo", 0, h.Clock.Now(), func(*gift.Partner) error { return want })
		if !errors.Is(err, want) || headOf(t, h) != before {
			t.Errorf("%v, %+v", err, headOf(t, h))
		}
		if _, err := h.DB.Deposit(t.Context(), "demo", 5, "", "", h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if after := headOf(t, h); after.Lines != before.Lines+1 || after.At != h.Clock.Now().UnixMilli() || after.Hash == before.Hash {
			t.Errorf("%+v after %+v", after, before)
		}
	})
}

// TestManyWriteOneChain has changes of all sorts made at once: rows, the change clock and the head of the trail are
// locked by all of them.
func TestManyWriteOneChain(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const writers, each = 6, 5
		for i := range writers {
			h.Partner(gift.Partner{Name: fmt.Sprint("p", i)}, 1000)
		}
		before := headOf(t, h)
		var wg sync.WaitGroup
		for i := range writers {
			name := fmt.Sprint("p", i%3)
			wg.Go(func() {
				for j := range each {
					_, change := h.DB.ChangePartner(t.Context(), name, 0, h.Clock.Now(), func(p *gift.Partner) error {
						p.Title = fmt.Sprint(i, j)
						return nil
					})
					_, deposit := h.DB.Deposit(t.Context(), name, 5, "", "", h.Clock.Now())
					wrong := h.DB.SignInWrong(t.Context(), office.Operator{}, "wrong", h.Clock.Now())
					if err := errors.Join(change, deposit, wrong); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if after := headOf(t, h); after.Lines != before.Lines+3*writers*each {
			t.Errorf("%d lines after %d", after.Lines, before.Lines)
		}
	})
}

func TestSettingsChangedTogetherAreLinesOfOneTransaction(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		before := headOf(t, h)
		settings := office.Settings()
		values := []office.Value{{Setting: settings[0], Text: settings[0].Default}, {Setting: settings[1], Text: settings[1].Default}}
		if err := h.DB.ChangeSettings(t.Context(), values, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if after := headOf(t, h); after.Lines != before.Lines+2 {
			t.Errorf("%d lines after %d", after.Lines, before.Lines)
		}
	})
}
