package storage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
	"giftimbiz/internal/webhook"
)

// vaultNode is a node with a vault of its own, as each process has.
type vaultNode struct {
	*storagetest.House
	vault *vault.Vault
}

func openNode(t *testing.T, h *storagetest.House) *vaultNode {
	t.Helper()
	v, err := h.DB.OpenVault(t.Context(), storagetest.Masters())
	if err == nil {
		err = h.DB.RefreshVault(t.Context(), v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &vaultNode{h, v}
}

const rotatedOffer = 50

func numberOfUnit(id int64) string { return fmt.Sprintf("9000-%04d", id) }

// stock loads an offer with vouchers that can be read.
func (n *vaultNode) stock(t *testing.T, units int64) {
	t.Helper()
	stock := &storage.Stock{
		Categories: []gift.Category{{ID: 6, Kind: gift.Gifticon, Name: "편의점"}},
		Brands:     []gift.Brand{{ID: 4, CategoryID: 6, Name: "CU", InUse: true}},
		Products:   []gift.Product{{ID: 27935, BrandID: 4, Name: storagetest.Voucher, Face: 1400}},
		Offers: []gift.Offer{{
			ID: rotatedOffer, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462},
			LastDay: gift.DateOf(2025, 12, 31),
		}},
	}
	for id := int64(1); id <= units; id++ {
		sealed, err := n.vault.Seal(id, numberOfUnit(id))
		if err != nil {
			t.Fatal(err)
		}
		stock.Units = append(stock.Units, storage.NewUnit{
			ID: id, OfferID: rotatedOffer, Position: id, Sealed: sealed, NumberHash: []byte(numberOfUnit(id)),
		})
	}
	if err := n.DB.Load(t.Context(), stock); err != nil {
		t.Fatal(err)
	}
}

// sell has a node buy vouchers and read all that it bought, until it is told to stop, and learn keys meanwhile as its loop does.
func (n *vaultNode) sell(t *testing.T, partner int64, name string, stop <-chan struct{}) {
	ctx := context.Background()
	var orders []gift.ID
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		if i%4 == 0 {
			if err := n.DB.RefreshVault(ctx, n.vault); err != nil {
				t.Error(err)
				return
			}
		}
		if len(orders) < 100 {
			out, err := n.Engine.Buy(ctx, storagetest.GiftRequest(partner, fmt.Sprint(name, i), rotatedOffer))
			if err != nil || out.Refusal != nil {
				t.Error(out, err)
				return
			}
			orders = append(orders, out.OrderID)
		}
		item, err := n.DB.BoughtItem(ctx, partner, orders[i%len(orders)], 1)
		if err != nil {
			t.Error(err)
			return
		}
		if plain, err := item.Number(n.vault.Open); err != nil || plain != numberOfUnit(item.UnitID) {
			t.Errorf("unit %d reads %q, %v", item.UnitID, plain, err)
			return
		}
	}
}

// secrets stores one of each sort of secret, and returns what checks that all can be read.
func (n *vaultNode) secrets(t *testing.T, partner int64) (check func(v *vault.Vault)) {
	t.Helper()
	ctx := t.Context()
	e, err := n.DB.AddEndpoint(ctx, webhook.Endpoint{PartnerID: partner, URL: "https://shop.example/hooks"}, func(id int64) ([]byte, error) {
		return n.vault.SealSecret(webhook.SecretKind, id, "first")
	}, n.Clock.Now())
	if err == nil {
		e, err = n.DB.ChangeEndpoint(ctx, "endpoint.rotate", e.ID, 0, n.Clock.Now(), webhook.Rotation(func(id int64) ([]byte, error) {
			return n.vault.SealSecret(webhook.SecretKind, id, "second")
		}, n.Clock.Now()))
	}
	if err != nil {
		t.Fatal(err)
	}
	o := office.Operator{Email: "kim@example.com", Name: "Kim", Role: office.Admin, PasswordHash: "hash"}
	if o.ID, err = n.DB.AddOperator(ctx, o, n.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	was, err := n.DB.Operator(ctx, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	changed := was
	if changed.TOTP, err = n.vault.SealSecret(office.SecondFactorKind, o.ID, "totp"); err != nil {
		t.Fatal(err)
	}
	if err := n.DB.ChangeOperator(ctx, "operator.second_factor", was, changed, nil, n.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	return func(v *vault.Vault) {
		t.Helper()
		kept, err := n.DB.Endpoint(ctx, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		operator, err := n.DB.Operator(ctx, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []struct {
			kind   string
			id     int64
			sealed []byte
			want   string
		}{
			{webhook.SecretKind, e.ID, kept.Secret, "second"},
			{webhook.SecretKind, e.ID, kept.Previous, "first"},
			{office.SecondFactorKind, o.ID, operator.TOTP, "totp"},
		} {
			if plain, err := v.OpenSecret(s.kind, s.id, s.sealed); err != nil || plain != s.want {
				t.Errorf("%s: %q, %v", s.kind, plain, err)
			}
		}
	}
}

// rotate replaces the data key, broken off again and again, and returns the new one's number.
func (n *vaultNode) rotate(t *testing.T) uint32 {
	t.Helper()
	number, err := n.DB.NewDataKey(t.Context(), n.vault, n.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for try := time.Duration(1); ; try++ {
		ctx, cancel := context.WithTimeout(t.Context(), try*10*time.Millisecond)
		_, err := n.DB.ContinueRotation(ctx, n.vault, n.Clock.Now())
		broken := ctx.Err() != nil
		cancel()
		if err != nil && !broken {
			t.Fatal(err)
		}
		list, err := n.DB.KeyReports(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 2 && list[1].State == vault.Sealing {
			return number
		}
	}
}

// TestADataKeyIsReplacedBesidePurchasesHoweverOftenThatIsBrokenOff: nobody meets what it cannot read, and in the end the old key
// is gone and nothing is left that it sealed.
func TestADataKeyIsReplacedBesidePurchasesHoweverOftenThatIsBrokenOff(t *testing.T) {
	const units = 450
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		one, two := openNode(t, h), openNode(t, h.SecondNode())
		one.stock(t, units)
		partner := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
		check := one.secrets(t, partner)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { one.sell(t, partner, "one", stop) })
		wg.Go(func() { two.sell(t, partner, "two", stop) })
		if number := one.rotate(t); number != 2 {
			t.Errorf("data key %d", number)
		}
		close(stop)
		wg.Wait()
		list, err := h.DB.KeyReports(t.Context())
		if err != nil || len(list) != 2 || list[1].Number != 2 || list[1].Sealed != units+3 {
			t.Errorf("left are %+v, %v", list, err)
		}
		check(openNode(t, h).vault)
	})
}

func TestAKeySealsOnlyWhenEveryLivingNodeHasIt(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		one, two := openNode(t, h), openNode(t, h.SecondNode())
		number, err := one.DB.NewDataKey(t.Context(), one.vault, h.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if again, err := two.DB.NewDataKey(t.Context(), two.vault, h.Clock.Now()); err != nil || again != number {
			t.Errorf("a second rotation meanwhile: data key %d, %v", again, err)
		}
		short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, err := one.DB.ContinueRotation(short, one.vault, h.Clock.Now()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it did not wait for the other node: %v", err)
		}
		list, err := h.DB.KeyReports(t.Context())
		if err != nil || len(list) != 3 || list[2].State != vault.Announced || len(list[2].Waiting) != 1 || list[2].Waiting[0] != numberOf(two.DB) {
			t.Errorf("%+v, %v", list, err)
		}
		out.alter(`UPDATE node_leases SET expires_at = 1 WHERE number = $1`, numberOf(two.DB)) // it died
		if _, err := one.DB.ContinueRotation(t.Context(), one.vault, h.Clock.Now()); err != nil || one.vault.Sealing() != number {
			t.Errorf("with a node that died: %v", err)
		}
		if sealed, err := one.vault.Seal(1, "n"); err != nil {
			t.Error(err)
		} else if err := two.DB.RefreshVault(t.Context(), two.vault); err != nil {
			t.Error(err)
		} else if plain, err := two.vault.Open(1, sealed); err != nil || plain != "n" {
			t.Errorf("a node that was thought dead, once it has read: %q, %v", plain, err)
		}
	})
}

// TestNothingIsStoredUnderAKeyThatIsGone by a process that slept through a rotation.
func TestNothingIsStoredUnderAKeyThatIsGone(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		one, two := openNode(t, h), openNode(t, h.SecondNode())
		partner := h.Partner(gift.Partner{Name: "demo"}, 0)
		out.alter(`UPDATE node_leases SET expires_at = 1 WHERE number = $1`, numberOf(two.DB))
		one.rotate(t)
		_, err := two.DB.AddEndpoint(t.Context(), webhook.Endpoint{PartnerID: partner, URL: "https://shop.example/hooks"},
			func(id int64) ([]byte, error) { return two.vault.SealSecret(webhook.SecretKind, id, "s") }, h.Clock.Now())
		if !errors.Is(err, purchase.ErrConflict) {
			t.Errorf("an endpoint: %v", err)
		}
		sealed, err := two.vault.Seal(77, "n")
		if err != nil {
			t.Fatal(err)
		}
		one.stock(t, 1)
		err = two.DB.Load(t.Context(), &storage.Stock{
			Offers: []gift.Offer{{ID: 77, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, LastDay: gift.DateOf(2025, 12, 31)}},
			Units:  []storage.NewUnit{{ID: 77, OfferID: 77, Position: 1, Sealed: sealed, NumberHash: []byte("n")}},
		})
		if !errors.Is(err, purchase.ErrConflict) {
			t.Errorf("vouchers: %v", err)
		}
	})
}

// TestWhatCannotBeOpenedKeepsItsKeyAndNothingElse: a damaged voucher is told of, and all others are sealed anew.
func TestWhatCannotBeOpenedKeepsItsKeyAndNothingElse(t *testing.T) {
	const units = 205 // more than are sealed anew in one transaction
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		node := openNode(t, h)
		node.stock(t, units)
		check := node.secrets(t, h.Partner(gift.Partner{Name: "demo"}, 0))
		damaged, err := node.vault.Seal(999, "of another unit")
		if err != nil {
			t.Fatal(err)
		}
		out.alter(`UPDATE units SET number = $1 WHERE id IN (3, 200)`, damaged)
		if _, err := node.DB.NewDataKey(t.Context(), node.vault, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		done, err := node.DB.ContinueRotation(t.Context(), node.vault, h.Clock.Now())
		if !errors.Is(err, vault.ErrUnreadable) || !strings.Contains(err.Error(), "units.number of 2 rows, the first of id 3") || done != units-2+3 {
			t.Errorf("%d sealed anew, %v", done, err)
		}
		list, err := h.DB.KeyReports(t.Context())
		if err != nil || len(list) != 3 || list[1].Sealed != 2 || list[2].Sealed != units-2+3 {
			t.Errorf("left are %+v, %v", list, err)
		}
		check(openNode(t, h).vault)
	})
}
