package storage_test

import (
	"errors"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// TestAPartnerIsSuspendedEverywhereWhenTheCallReturns: it waits for nodes that keep partners in memory, not for others, and not for
// those that died.
func TestAPartnerIsSuspendedEverywhereWhenTheCallReturns(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		node, dead := h.SecondNode().DB, h.SecondNode().DB
		h.SecondNode() // a command: it keeps nothing
		read := func(db *storage.DB) {
			t.Helper()
			_, upTo, err := db.PartnersChangedSince(t.Context(), 0)
			if err == nil {
				_, err = db.NotePartnersRead(t.Context(), upTo)
			}
			if err != nil {
				t.Error(err)
			}
		}
		read(node)
		read(dead)
		out.alter(`UPDATE node_leases SET expires_at = 1 WHERE number = $1`, numberOf(dead))
		done, began := make(chan error, 1), time.Now()
		go func() {
			_, err := h.DB.ChangePartner(t.Context(), "demo", 0, h.Clock.Now(), func(p *gift.Partner) error {
				p.State = p.State.Suspend()
				return nil
			})
			done <- err
		}()
		soon(t, "the change is stored", func() bool { return out.one(`SELECT state FROM partners WHERE id = $1`, p) != int64(gift.Active) })
		late, err := h.DB.UnconfirmedNodes(t.Context())
		if err != nil || len(late) != 1 || late[0] != numberOf(node) {
			t.Errorf("waiting for %v, %v", late, err)
		}
		select {
		case err := <-done:
			if time.Since(began) < storage.PartnersGoodFor { // longer it need not
				t.Errorf("it did not wait: %v", err)
			}
			done <- err
		default:
		}
		read(node)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if late, err := h.DB.UnconfirmedNodes(t.Context()); err != nil || len(late) != 0 {
			t.Errorf("waiting for %v, %v", late, err)
		}
	})
}

// TestAThresholdIsSetWithoutWaitingForNodes: none of them goes by it.
func TestAThresholdIsSetWithoutWaitingForNodes(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Partner(gift.Partner{Name: "demo"}, 0)
		node := h.SecondNode().DB
		_, upTo, err := node.PartnersChangedSince(t.Context(), 0)
		if err == nil {
			_, err = node.NotePartnersRead(t.Context(), upTo)
		}
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := h.DB.SetLowBalance(t.Context(), "demo", 700, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took >= storage.PartnersGoodFor {
			t.Errorf("it waited %v", took)
		}
		if p, err := h.DB.Partner(t.Context(), "demo"); err != nil || p.LowBalance != 700 {
			t.Errorf("%v, %v", p.LowBalance, err)
		}
		out.alter(`UPDATE partners SET state = $1`, int64(gift.Withdrawn))
		if err := h.DB.SetLowBalance(t.Context(), "demo", 800, h.Clock.Now()); !errors.Is(err, gift.ErrWithdrawn) {
			t.Errorf("a partner that left: %v", err)
		}
	})
}

func TestANodeThatBeginsToAnswerReadsThePartnersOnceMore(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "demo"}, 0)
		_, upTo, err := h.DB.PartnersChangedSince(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{true, false} {
			if first, err := h.DB.NotePartnersRead(t.Context(), upTo); first != want || err != nil {
				t.Errorf("first: %v, %v", first, err)
			}
		}
	})
}

// TestANodeNotesNothingUnderANumberThatIsAnothers: nobody would wait for it. It takes another number at once.
func TestANodeNotesNothingUnderANumberThatIsAnothers(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Partner(gift.Partner{Name: "demo"}, 0)
		_, upTo, err := h.DB.PartnersChangedSince(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		out.alter(`UPDATE node_leases SET token = 'other', expires_at = 9000000000000000 WHERE number = $1`, numberOf(h.DB))
		if _, err := h.DB.NotePartnersRead(t.Context(), upTo); !errors.Is(err, storage.ErrLeaseLost) {
			t.Errorf("noted under another's number: %v", err)
		}
		if err := h.DB.KeepLease(t.Context()); err != nil {
			t.Fatal(err)
		}
		if first, err := h.DB.NotePartnersRead(t.Context(), upTo); !first || err != nil {
			t.Errorf("with a number of its own: first %v, %v", first, err)
		}
		if seq := out.one(`SELECT partners_seq FROM node_leases WHERE number = $1`, numberOf(h.DB)); seq != upTo {
			t.Errorf("noted %d, read up to %d", seq, upTo)
		}
	})
}

// TestALeaseLastsForAsLongAsWhatIsReadUnderIt: else this node went on answering by it while nobody waits for it any more.
func TestALeaseLastsForAsLongAsWhatIsReadUnderIt(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		renewed := func() bool {
			t.Helper()
			out.alter(`UPDATE node_leases SET expires_at = 1 WHERE number = $1`, numberOf(h.DB))
			if err := h.DB.KeepLease(t.Context()); err != nil {
				t.Fatal(err)
			}
			return out.one(`SELECT expires_at FROM node_leases WHERE number = $1`, numberOf(h.DB)) != 1
		}
		if renewed() {
			t.Error("a new lease was renewed")
		}
		h.DB.AgeLease(storage.LeaseFor - storage.PartnersGoodFor)
		if !renewed() {
			t.Error("a lease was not renewed that ends before what is read under it")
		}
	})
}
