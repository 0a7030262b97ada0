package storage_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/lending"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
	"giftimbiz/internal/webhook"
)

// lender lends sandboxes of a house at one node, and tells what keys do there.
type lender struct {
	*lending.Lender
	*credential.Authority
}

func newLender(h *storagetest.House, v *vault.Vault) lender {
	a := credential.NewAuthority(credential.Config{Vault: v, Clock: h.Clock, Directory: credential.NewDirectory(h.DB)})
	return lender{lending.New(h.DB, a, h.Clock), a}
}

func someVault(t *testing.T) *vault.Vault {
	t.Helper()
	v := vault.Fresh()
	return v
}

func (l lender) lend(t *testing.T) lending.Loan {
	t.Helper()
	loan, err := l.Lend(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return loan
}

// works tells whether a loan's keys and token do.
func (l lender) works(loan lending.Loan) bool {
	_, fault := l.Check(credential.Presented{
		PartnerName: loan.Partner.Name, PartnerKey: loan.PartnerKey, PartnerToken: loan.PartnerToken,
		Access: credential.Header{Present: true, Value: loan.AccessToken}, Refresh: credential.Header{Present: true, Value: loan.RefreshToken},
	})
	return fault == nil
}

// TestASandboxIsLentToOneAtATime by two nodes, until there are no more, and again after a day: empty, without what its borrower
// left and with other keys.
func TestASandboxIsLentToOneAtATime(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		mine := h.Partner(gift.Partner{Name: "try-007", Sandbox: true}, 0)
		v := someVault(t)
		nodes := []lender{newLender(h, v), newLender(h.SecondNode(), v)}
		loans := make([]lending.Loan, lending.Most)
		var wg sync.WaitGroup
		for n := range nodes {
			wg.Go(func() {
				for i := n; i < len(loans); i += len(nodes) {
					h.Clock.Advance(time.Millisecond)
					loans[i] = nodes[n].lend(t)
				}
			})
		}
		wg.Wait()
		lent := map[int64]bool{mine: true}
		for i, loan := range loans {
			p := loan.Partner
			if lent[p.ID] || !p.Sandbox || p.Title != lending.Title || h.Balance(p.Name) != lending.Balance || !nodes[i%2].works(loan) {
				t.Errorf("%+v", p)
			}
			lent[p.ID] = true
		}
		if _, err := nodes[0].Lend(t.Context()); !errors.Is(err, lending.ErrNoneLeft) {
			t.Errorf("one too many: %v", err)
		}

		first, at := loans[0], time.Time{}
		for _, loan := range loans {
			p, err := h.DB.Partner(t.Context(), loan.Partner.Name)
			if err != nil {
				t.Fatal(err)
			}
			// Two may be lent in one millisecond, and the second node's with the lower number.
			if at.IsZero() || p.LentAt.Before(at) || p.LentAt.Equal(at) && p.ID < first.Partner.ID {
				first, at = loan, p.LentAt
			}
		}
		leaveThings(t, h, first.Partner)
		h.Clock.Advance(lending.KeptFor - time.Minute)
		if _, err := nodes[0].Lend(t.Context()); !errors.Is(err, lending.ErrNoneLeft) {
			t.Errorf("before its time: %v", err)
		}
		h.Clock.Advance(time.Minute)
		again := nodes[0].lend(t)
		if again.Partner.ID != first.Partner.ID || !nodes[0].works(again) || nodes[0].works(first) {
			t.Errorf("lent again: %+v", again.Partner)
		}
		if events, err := h.DB.Events(t.Context(), again.Partner.ID, 0, 10); err != nil || len(events) > 0 {
			t.Errorf("%v, %v", events, err)
		}
		p, err := h.DB.Partner(t.Context(), again.Partner.Name)
		if err != nil || p.Balance != lending.Balance || p.LowBalance != 0 || p.ClockAhead != 0 || !p.LentAt.Equal(h.Clock.Now()) {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

// leaveThings does what a borrower may do.
func leaveThings(t *testing.T, h *storagetest.House, p gift.Partner) {
	t.Helper()
	_, err := h.DB.AddEndpoint(t.Context(), webhook.Endpoint{PartnerID: p.ID, URL: "https://example.com/"},
		func(int64) ([]byte, error) { return storagetest.Sealed("secret"), nil }, h.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.DB.ChangePartner(t.Context(), p.Name, 0, h.Clock.Now(), func(p *gift.Partner) error {
		p.LowBalance = 5
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Buy(p.ID, "mine", 1)
	setClock(t, h, p.ID, h.Clock.Now().AddDate(0, 0, 100))
}

func TestASuspendedSandboxIsNotLent(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		l := newLender(h, someVault(t))
		loan := l.lend(t)
		o.alter(`UPDATE partners SET state = 2 WHERE id = $1`, loan.Partner.ID)
		for range lending.Most - 1 {
			l.lend(t)
		}
		h.Clock.Advance(2 * lending.KeptFor)
		for range lending.Most - 1 {
			if again := l.lend(t); again.Partner.ID == loan.Partner.ID {
				t.Error("it is lent")
			}
		}
		if _, err := l.Lend(t.Context()); !errors.Is(err, lending.ErrNoneLeft) {
			t.Error(err)
		}
		list, err := h.DB.FindPartners(t.Context(), office.PartnerQuery{Search: lending.Title, Limit: 200})
		if err != nil || len(list) != lending.Most {
			t.Errorf("found %d by their title, %v", len(list), err)
		}
	})
}
