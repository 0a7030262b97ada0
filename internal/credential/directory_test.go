package credential_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
)

func TestNewKeysAreReadableAndStoredAsHashesOnly(t *testing.T) {
	h := newHouse(t)
	for _, test := range []struct {
		partner gift.Partner
		prefix  string
	}{
		{gift.Partner{ID: 7, Name: "demo"}, "gmk_live_"},
		{gift.Partner{Name: "devtest1", Sandbox: true}, "gmk_test_"},
	} {
		s, k := h.NewKeys(test.partner)
		if !strings.HasPrefix(s.PartnerKey, test.prefix) || len(s.PartnerKey) < len(test.prefix)+26 {
			t.Errorf("partner key %q", s.PartnerKey)
		}
		if !strings.HasPrefix(s.PartnerToken, "gmt_") || len(s.PartnerToken) < 4+26 {
			t.Errorf("partner token %q", s.PartnerToken)
		}
		if k.ID <= 0 || k.PartnerID != test.partner.ID || !k.CreatedAt.Equal(noon) || !k.ExpiresAt.IsZero() {
			t.Errorf("keys %+v", k)
		}
		for name, hash := range map[string][]byte{"key": k.KeyHash, "token": k.TokenHash, "refresh": k.RefreshHash} {
			if len(hash) != 32 {
				t.Errorf("%s hash has %d bytes", name, len(hash))
			}
		}
		again, other := h.NewKeys(test.partner)
		if again.PartnerKey == s.PartnerKey || again.PartnerToken == s.PartnerToken ||
			again.RefreshToken == s.RefreshToken || other.ID == k.ID {
			t.Error("two generations share a secret")
		}
	}
}

func TestKeysMadeBeforeThePartnerHasANumberWork(t *testing.T) {
	h := newHouse(t)
	p := gift.Partner{Name: "demo", State: gift.Active}
	secrets, keys := h.NewKeys(p)
	p.ID, keys.PartnerID = 41, 41 // what the database gives
	h.register.put(credential.Record{Partner: p, Keys: []credential.Keys{keys}})
	h.refresh()
	if id := h.admits(h.signIn("demo", secrets)); id.Partner.ID != 41 || id.Generation != keys.ID {
		t.Errorf("identity %+v", id)
	}
}

func TestRotationLetsOldKeysWorkUntilTheGracePeriodEnds(t *testing.T) {
	h := newHouse(t)
	before := h.open("demo")
	after := h.signIn("demo", h.rotate("demo", 30*time.Minute))
	h.admits(before)
	h.admits(after)

	mixed := after // a partner half way through changing its settings
	mixed.Refresh, mixed.Access = before.Refresh, before.Access
	h.admits(mixed)

	h.clock.Advance(30*time.Minute - time.Second)
	h.admits(before)
	h.admits(mixed)
	h.clock.Advance(time.Second)
	h.refuses(before, credential.UnknownKey)
	h.refuses(mixed, credential.RefreshNotRegistered)
	mixed.Refresh = after.Refresh
	h.refuses(mixed, credential.AccessInvalid)
	h.admits(after)
}

func TestAnAccessTokenEndsWithTheRefreshTokenItCameFrom(t *testing.T) {
	h := newHouse(t)
	before := h.open("demo")
	after := presented("demo", h.rotate("demo", time.Minute))
	mixed := after
	mixed.Refresh = before.Refresh
	id, fault := h.CheckRefreshOnly(mixed)
	if fault != nil {
		t.Fatal(fault.Kind)
	}
	after.Access = credential.Header{Present: true, Value: h.Issue(id.Partner, id.Generation)}
	h.admits(after)
	h.clock.Advance(time.Minute)
	h.refuses(after, credential.AccessInvalid)
}

func TestKeysTakenFromAPartnerAreGoneAfterTheNextRefresh(t *testing.T) {
	h := newHouse(t)
	p, other := h.open("demo"), h.open("other")
	h.admits(p)
	h.change("demo", func(r *credential.Record) { r.Keys = nil })
	h.refuses(p, credential.UnknownKey)
	h.admits(other)
}

func TestAChangeIsInForceAfterRefreshAndNotBefore(t *testing.T) {
	h := newHouse(t)
	p := h.open("demo")
	rec := h.register.record("demo")
	rec.State = gift.Suspended
	h.register.put(rec)
	h.admits(p)
	h.refresh()
	h.refuses(p, credential.PartnerSuspended)
}

func TestAnIdentityOnceGivenDoesNotChange(t *testing.T) {
	h := newHouse(t)
	id := h.admits(h.open("demo"))
	h.change("demo", func(r *credential.Record) { r.DailyLimit = 5 })
	if id.Partner.DailyLimit != 0 {
		t.Error("a request in progress sees its partner change")
	}
}

func TestAStoreThatIsDownChangesNothingAndIsAskedAgain(t *testing.T) {
	h := newHouse(t)
	p := h.open("demo")
	rec := h.register.record("demo")
	rec.State = gift.Suspended
	h.register.put(rec)

	h.register.down = errors.New("down")
	if err := h.people.Refresh(t.Context()); !errors.Is(err, h.register.down) {
		t.Errorf("error %v", err)
	}
	h.admits(p)
	h.register.down = nil
	h.refresh()
	h.refuses(p, credential.PartnerSuspended)
}

// waitingSource lets a test hold a refresh in progress.
type waitingSource struct {
	*register
	begun, proceed chan struct{}
}

func (s waitingSource) PartnersChangedSince(ctx context.Context, seq int64) ([]credential.Record, int64, error) {
	s.begun <- struct{}{}
	<-s.proceed
	return s.register.PartnersChangedSince(ctx, seq)
}

func TestARefreshThatWaitsForAnotherCanBeGivenUp(t *testing.T) {
	source := waitingSource{newRegister(), make(chan struct{}), make(chan struct{})}
	d := credential.NewDirectory(source)
	done := make(chan error)
	go func() { done <- d.Refresh(context.Background()) }()
	<-source.begun

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Refresh(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	close(source.proceed)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestManyMayRefreshAndCheckAtOnce(t *testing.T) {
	h := newHouse(t)
	p := h.open("demo")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for round := range 20 {
				secrets, keys := h.NewKeys(gift.Partner{Name: fmt.Sprintf("p%d-%d", i, round)})
				h.register.put(credential.Record{
					Partner: gift.Partner{Name: fmt.Sprintf("p%d-%d", i, round), State: gift.Active},
					Keys:    []credential.Keys{keys},
				})
				if err := h.people.Refresh(context.Background()); err != nil {
					t.Error(err)
				}
				mine := presented(fmt.Sprintf("p%d-%d", i, round), secrets)
				if _, fault := h.CheckRefreshOnly(mine); fault != nil {
					t.Errorf("not known after its refresh: %v", fault.Kind)
				}
				if _, fault := h.Check(p); fault != nil {
					t.Errorf("refused: %v", fault.Kind)
				}
			}
		})
	}
	wg.Wait()
}

func TestAnAuthorityWithoutADirectoryKnowsNobody(t *testing.T) {
	h := newHouse(t)
	p := h.open("demo")
	alone := credential.NewAuthority(credential.Config{Vault: h.vault, Clock: h.clock})
	if _, fault := alone.Check(p); fault == nil || fault.Kind != credential.UnknownKey {
		t.Errorf("fault %v", fault)
	}
}

func TestLifetimesCanBeSet(t *testing.T) {
	h := newHouse(t)
	h.Authority = credential.NewAuthority(credential.Config{
		Vault: h.vault, Clock: h.clock, Directory: h.people, AccessTTL: time.Minute, RefreshTTL: 2 * time.Minute,
	})
	p := h.open("demo")
	h.clock.Advance(time.Minute)
	h.refuses(p, credential.AccessExpired)
	h.clock.Advance(time.Minute)
	h.refuses(p, credential.RefreshExpired)
}

func TestEveryFaultHasAName(t *testing.T) {
	seen := map[string]bool{}
	for kind := credential.MissingCredential; kind <= credential.AccessOfAnother; kind++ {
		name := kind.String()
		if strings.HasPrefix(name, "fault kind") || seen[name] {
			t.Errorf("%d is called %q", int(kind), name)
		}
		seen[name] = true
	}
}

func TestAnAuthorityWithoutKeysOrClockIsRefused(t *testing.T) {
	h := newHouse(t)
	for name, cfg := range map[string]credential.Config{"clock": {Vault: h.vault}, "vault": {Clock: h.clock}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic without a %s", name)
				}
			}()
			credential.NewAuthority(cfg)
		}()
	}
}
