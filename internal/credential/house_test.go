package credential_test

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/vault"
)

var (
	noon   = time.Date(2025, 9, 15, 12, 0, 0, 0, gift.Seoul)
	office = netip.MustParseAddr("203.0.113.7")
)

// register keeps partners in memory and numbers their changes, as a database does.
type register struct {
	mu      sync.Mutex
	seq     int64
	records map[string]credential.Record
	changed map[string]int64
	asked   int   // how often it was read
	down    error // what reads return instead
}

func newRegister() *register {
	return &register{records: map[string]credential.Record{}, changed: map[string]int64{}}
}

func (r *register) put(rec credential.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	rec.Keys = slices.Clone(rec.Keys)
	r.records[rec.Name], r.changed[rec.Name] = rec, r.seq
}

func (r *register) record(name string) credential.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := r.records[name]
	rec.Keys = slices.Clone(rec.Keys)
	return rec
}

func (r *register) PartnersChangedSince(_ context.Context, seq int64) (list []credential.Record, upTo int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.down != nil {
		return nil, 0, r.down
	}
	for name, at := range r.changed {
		if at > seq {
			list = append(list, r.records[name])
		}
	}
	return list, r.seq, nil
}

// house is an authority with partners in a register.
type house struct {
	*credential.Authority
	t        testing.TB
	vault    *vault.Vault
	clock    *clock.Manual
	register *register
	people   *credential.Directory
}

func newHouse(t testing.TB) *house {
	t.Helper()
	v := vault.Fresh()
	h := &house{t: t, vault: v, clock: clock.NewManual(noon), register: newRegister()}
	h.people = credential.NewDirectory(h.register)
	h.Authority = credential.NewAuthority(credential.Config{Vault: v, Clock: h.clock, Directory: h.people})
	return h
}

func (h *house) refresh() {
	h.t.Helper()
	if err := h.people.Refresh(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// open registers a partner and returns what it presents once signed in.
func (h *house) open(name string) credential.Presented {
	h.t.Helper()
	p := gift.Partner{ID: int64(len(h.register.records) + 1), Name: name, State: gift.Active}
	secrets, keys := h.NewKeys(p)
	h.register.put(credential.Record{Partner: p, Keys: []credential.Keys{keys}})
	h.refresh()
	return h.signIn(name, secrets)
}

// change edits a partner's record.
func (h *house) change(name string, edit func(*credential.Record)) {
	h.t.Helper()
	rec := h.register.record(name)
	edit(&rec)
	h.register.put(rec)
	h.refresh()
}

// rotate gives a partner new keys; the old ones work for the grace period.
func (h *house) rotate(name string, grace time.Duration) credential.Secrets {
	h.t.Helper()
	var secrets credential.Secrets
	h.change(name, func(r *credential.Record) {
		for i := range r.Keys {
			r.Keys[i].ExpiresAt = h.clock.Now().Add(grace)
		}
		var keys credential.Keys
		secrets, keys = h.NewKeys(r.Partner)
		r.Keys = append(r.Keys, keys)
	})
	return secrets
}

// signIn gets an access token with a partner's secrets.
func (h *house) signIn(name string, s credential.Secrets) credential.Presented {
	h.t.Helper()
	p := presented(name, s)
	id, fault := h.CheckRefreshOnly(p)
	if fault != nil {
		h.t.Fatalf("sign in %s: %v", name, fault.Kind)
	}
	p.Access = credential.Header{Present: true, Value: h.Issue(id.Partner, id.Generation)}
	return p
}

func presented(name string, s credential.Secrets) credential.Presented {
	return credential.Presented{
		PartnerName: name, PartnerKey: s.PartnerKey, PartnerToken: s.PartnerToken,
		Refresh: credential.Header{Present: true, Value: s.RefreshToken}, Addr: office,
	}
}

// admits checks that the caller is let in as the partner.
func (h *house) admits(p credential.Presented) *credential.Identity {
	h.t.Helper()
	id, fault := h.Check(p)
	if fault != nil {
		h.t.Fatalf("refused: %v", fault.Kind)
	}
	if id.Partner.Name != p.PartnerName {
		h.t.Fatalf("admitted as %s", id.Partner.Name)
	}
	return id
}

// refuses checks that the caller is refused for exactly this reason, the second time as the first.
func (h *house) refuses(p credential.Presented, want credential.FaultKind) {
	h.t.Helper()
	for range 2 {
		id, fault := h.Check(p)
		if fault == nil || id != nil {
			h.t.Fatalf("admitted; want: %v", want)
		}
		if fault.Kind != want {
			h.t.Errorf("refused: %v; want: %v", fault.Kind, want)
		}
	}
}
