package storage_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage/storagetest"
)

// linkOf returns the serial number of a line's link, as the voucher page and the history see it.
func linkOf(t *testing.T, h *storagetest.House, partner int64, order gift.ID, line int64) int64 {
	t.Helper()
	item, err := h.DB.BoughtItem(t.Context(), 0, order, line)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []gift.Kind{gift.Gifticon, gift.StarCoupon} {
		history, err := h.DB.History(t.Context(), gift.HistoryQuery{PartnerID: partner, Kind: kind, OrderID: order, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range history.Items {
			if i.Line == line && i.LinkSerial != item.LinkSerial {
				t.Errorf("line %d has link %d on its page and %d in the history", line, item.LinkSerial, i.LinkSerial)
			}
		}
	}
	return item.LinkSerial
}

func TestALinkIsRevokedInFavourOfTheNext(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 10)
		stockPaid(t, h, 3)
		live := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		sandbox := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 100_000)
		kim := office.Actor{OperatorID: 7, Name: "kim@gift.example", Address: "192.0.2.7"}
		ctx := office.As(t.Context(), kim)
		for _, partner := range []int64{live, sandbox} {
			for _, offers := range [][]int64{{1, 2}, {paidOffer}} {
				buy := h.Buy
				if offers[0] == paidOffer {
					buy = func(partner int64, key string, offers ...int64) purchase.Outcome {
						return buyPaid(t, h, partner, key, offers...)
					}
				}
				order, line := buy(partner, "", offers...).OrderID, int64(len(offers))
				for serial := range int64(3) {
					if got := linkOf(t, h, partner, order, line); got != serial {
						t.Fatalf("after %d times the link is %d", serial, got)
					}
					if err := h.DB.RenewLink(ctx, order, line, serial, h.Clock.Now()); err != nil {
						t.Fatal(err)
					}
				}
				if line > 1 && linkOf(t, h, partner, order, 1) != 0 {
					t.Error("the order's other item has another link")
				}
				for _, stale := range []int64{0, 2, 4, -1} {
					if err := h.DB.RenewLink(ctx, order, line, stale, h.Clock.Now()); !errors.Is(err, office.ErrChanged) {
						t.Errorf("link %d of 3: %v", stale, err)
					}
				}
				for name, key := range map[string]struct {
					order gift.ID
					line  int64
				}{"order": {order + 1, line}, "line": {order, line + 1}} {
					if err := h.DB.RenewLink(ctx, key.order, key.line, 0, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
						t.Errorf("no such %s: %v", name, err)
					}
				}
				o, err := h.DB.Order(t.Context(), order)
				if err != nil || len(o.Trail) != 3 {
					t.Fatalf("%d lines in the trail, %v", len(o.Trail), err)
				}
				want := office.Entry{Actor: kim, Action: "voucher.link", Subject: o.Subject(), After: o.Trail[0].After, At: h.Clock.Now()}
				if diff := cmp.Diff(want, o.Trail[0], cmpopts.IgnoreFields(office.Entry{}, "ID")); diff != "" {
					t.Error(diff)
				}
			}
		}
	})
}

func TestOfManyWhoRenewALinkAtOnceOneDoes(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		partner := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := h.Buy(partner, "", 1).OrderID
		var all sync.WaitGroup
		var done atomic.Int64
		for range 8 {
			all.Go(func() {
				switch err := h.DB.RenewLink(context.Background(), order, 1, 0, h.Clock.Now()); {
				case err == nil:
					done.Add(1)
				case !errors.Is(err, office.ErrChanged):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := done.Load(); n != 1 || linkOf(t, h, partner, order, 1) != 1 {
			t.Errorf("%d renewed it", n)
		}
	})
}
