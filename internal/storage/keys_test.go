package storage_test

import (
	"errors"
	"testing"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
)

// generationOf opens a partner and returns its number and that of its keys.
func generationOf(t *testing.T, h *storagetest.House, p gift.Partner) (partner, generation int64) {
	t.Helper()
	partner = h.Partner(p, 0)
	return partner, recordOf(t, h, partner).Keys[0].ID
}

func recordOf(t *testing.T, h *storagetest.House, partner int64) credential.Record {
	t.Helper()
	records, _, err := h.DB.PartnersChangedSince(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.ID == partner {
			return r
		}
	}
	t.Fatalf("no partner %d", partner)
	return credential.Record{}
}

// TestOfTwoRotationsAtOnceWithoutGraceOneIsDone: the other's keys ended by the first.
func TestOfTwoRotationsAtOnceWithoutGraceOneIsDone(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		p, own := generationOf(t, h, gift.Partner{Name: "demo"})
		rotated := make([]error, 4)
		each(len(rotated), func(i int) {
			rotated[i] = h.DB.RotateOwnKeys(t.Context(), p, own, newKeys(h), h.Clock.Now())
		})
		done := 0
		for _, err := range rotated {
			if err == nil {
				done++
			} else if !errors.Is(err, credential.ErrEnded) {
				t.Error(err)
			}
		}
		keys := recordOf(t, h, p).Keys
		if done != 1 || len(keys) != 2 {
			t.Errorf("%d were done, and there are %d generations", done, len(keys))
		}
	})
}

func TestRotationsWithGraceLeaveTheKeysBeforeAtWork(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		p, own := generationOf(t, h, gift.Partner{Name: "demo"})
		_, others := generationOf(t, h, gift.Partner{Name: "other"})
		end := h.Clock.Now().Add(time.Hour)
		rotated := make([]error, 2)
		each(len(rotated), func(i int) { rotated[i] = h.DB.RotateOwnKeys(t.Context(), p, own, newKeys(h), end) })
		if err := errors.Join(rotated...); err != nil {
			t.Fatal(err)
		}
		if err := h.DB.RotateOwnKeys(t.Context(), p, others, newKeys(h), end); !errors.Is(err, credential.ErrEnded) {
			t.Errorf("by the keys of another: %v", err)
		}
		keys, err := h.DB.KeyGenerations(t.Context(), p)
		if err != nil || len(keys) != 3 {
			t.Fatalf("%v, %v", keys, err)
		}
		open := 0
		for _, k := range keys {
			if k.ExpiresAt.IsZero() {
				open++
			} else if !k.ExpiresAt.Equal(end) {
				t.Errorf("a generation ends at %v", k.ExpiresAt)
			}
		}
		h.Clock.Advance(time.Hour)
		err = h.DB.RotateOwnKeys(t.Context(), p, own, newKeys(h), h.Clock.Now())
		if open != 1 || !errors.Is(err, credential.ErrEnded) {
			t.Errorf("%d generations without an end; by keys that ended: %v", open, err)
		}
	})
}

// TestNoPartnerHasMoreAndMoreKeys: nodes keep all of them in memory.
func TestNoPartnerHasMoreAndMoreKeys(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		rotate := func(grace time.Duration) error {
			h.Clock.Advance(time.Second)
			return h.DB.RotateKeys(t.Context(), p, 0, newKeys(h), h.Clock.Now().Add(grace))
		}
		for n := 2; n <= credential.MaxGenerations; n++ {
			if err := rotate(time.Hour); err != nil {
				t.Fatal(n, err)
			}
		}
		if err := rotate(time.Hour); !errors.Is(err, credential.ErrTooMany) {
			t.Errorf("one too many: %v", err)
		}
		for range 5 {
			if err := rotate(0); err != nil {
				t.Fatal(err)
			}
		}
		if keys := recordOf(t, h, p).Keys; len(keys) != credential.KeptGenerations || !keys[len(keys)-1].ExpiresAt.IsZero() {
			t.Errorf("%d generations are kept", len(keys))
		}
		if err := rotate(time.Hour); err != nil {
			t.Errorf("after those before have ended: %v", err)
		}
	})
}

func TestAPartnerThatWithdrewGetsNoKeys(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		p, own := generationOf(t, h, gift.Partner{Name: "demo", State: gift.Withdrawn})
		err := h.DB.RotateKeys(t.Context(), p, 0, newKeys(h), h.Clock.Now())
		if own := h.DB.RotateOwnKeys(t.Context(), p, own, newKeys(h), h.Clock.Now()); !errors.Is(err, gift.ErrWithdrawn) ||
			!errors.Is(own, gift.ErrWithdrawn) {
			t.Errorf("%v, %v", err, own)
		}
	})
}
