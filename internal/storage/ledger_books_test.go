package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// useCoupon redeems a line of an order at the shop that stockPaid made.
func useCoupon(t *testing.T, h *storagetest.House, order gift.ID, line int64) {
	t.Helper()
	won, err := h.DB.MarkUsed(t.Context(), redeem.Use{
		OrderID: order, Line: line, SellerID: paidSeller, ShopID: paidShop, Via: "page", At: h.Clock.Now(),
	})
	if err != nil || !won {
		t.Fatal(won, err)
	}
}

// later moves the clock and lets the node take numbers there.
func later(t *testing.T, h *storagetest.House, d time.Duration) {
	t.Helper()
	h.Clock.Advance(d)
	if err := h.DB.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// replayed adds up all entries before a moment as rows of a trial balance.
func replayed(ctx context.Context, raw *sql.DB, at time.Time) (map[string]office.TrialRow, error) {
	rows, err := raw.QueryContext(ctx, `SELECT a.kind, COALESCE((
    SELECT CAST(SUM(e.amount) AS BIGINT) FROM entries e WHERE e.account_id = a.id AND e.txn_id < $1), 0)
FROM accounts a`, int64(gift.FirstIDAt(at)))
	if err != nil {
		return nil, err
	}
	sums := map[string]office.TrialRow{}
	for rows.Next() {
		var kind string
		var balance gift.Won
		if err := rows.Scan(&kind, &balance); err != nil {
			return nil, err
		}
		r := sums[kind]
		r.Kind, r.Accounts, r.Debit, r.Credit = kind, r.Accounts+1, r.Debit+max(0, -balance), r.Credit+max(0, balance)
		sums[kind] = r
	}
	return sums, rows.Err()
}

func byKind(rows []office.TrialRow) map[string]office.TrialRow {
	sums := map[string]office.TrialRow{}
	for _, r := range rows {
		sums[r.Kind] = r
	}
	return sums
}

// TestTheTrialBalanceAtAnyMomentIsWhatWasBookedUntilThen does anything, closes days now and then, and compares the balances
// at moments long past and near with the entries before them.
func TestTheTrialBalanceAtAnyMomentIsWhatWasBookedUntilThen(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 500)
		stockPaid(t, h, 500)
		p := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
		var unused []gift.ID
		n := 0
		act := map[string]func(rt *rapid.T){
			"deposit": func(rt *rapid.T) {
				if _, err := h.DB.Deposit(t.Context(), "demo", 5000, "", "", h.Clock.Now()); err != nil {
					rt.Fatal(err)
				}
			},
			"buy": func(*rapid.T) {
				n++
				unused = append(unused, buyPaid(t, h, p, fmt.Sprint(n), paidOffer).OrderID)
			},
			"redeem": func(*rapid.T) {
				if len(unused) > 0 {
					useCoupon(t, h, unused[0], 1)
					unused = unused[1:]
				}
			},
			"close, by a clock that is ahead": func(rt *rapid.T) {
				if err := h.DB.CloseDays(t.Context(), h.Clock.Now().Add(60*time.Hour)); err != nil {
					rt.Fatal(err)
				}
			},
			"close": func(rt *rapid.T) {
				if err := errors.Join(h.DB.CloseDays(t.Context(), h.Clock.Now()), h.DB.TallyCoupons(t.Context(), h.Clock.Now())); err != nil {
					rt.Fatal(err)
				}
			},
		}
		rapid.Check(t, func(rt *rapid.T) {
			later(t, h, time.Duration(rapid.IntRange(1, 16*3600).Draw(rt, "seconds"))*time.Second)
			act[rapid.SampledFrom([]string{"deposit", "buy", "buy", "redeem", "close", "close, by a clock that is ahead"}).Draw(rt, "act")](rt)
			back := h.Clock.Now().Sub(storagetest.Noon) + time.Hour
			at := h.Clock.Now().Add(time.Second - time.Duration(rapid.Int64Range(0, int64(back)).Draw(rt, "back")))
			want, err := replayed(t.Context(), out.raw, at)
			if err != nil {
				rt.Fatal(err)
			}
			got, err := h.DB.TrialBalance(t.Context(), at)
			if diff := cmp.Diff(want, byKind(got)); diff != "" || err != nil {
				rt.Fatalf("at %v: %v %s", at, err, diff)
			}
		})
		now, err := h.DB.TrialBalance(t.Context(), time.Time{})
		want, replayErr := replayed(t.Context(), out.raw, h.Clock.Now().Add(time.Hour))
		if diff := cmp.Diff(want, byKind(now)); diff != "" || errors.Join(err, replayErr) != nil {
			t.Error(err, replayErr, diff)
		}
		var sum gift.Won
		for _, r := range now {
			sum += r.Credit - r.Debit
		}
		if sum != 0 {
			t.Errorf("debits and credits differ by %d", sum)
		}
	})
}

func TestAccountsAreListedWithTheirOwnersNowAndThen(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		stockPaid(t, h, 5)
		p := h.Partner(gift.Partner{Name: "demo", Title: "데모"}, 10_000)
		before := h.Clock.Now().Add(time.Second)
		later(t, h, 50*time.Hour)
		if err := h.DB.CloseDays(t.Context(), h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		useCoupon(t, h, buyPaid(t, h, p, "1", paidOffer).OrderID, 1)
		balances := func(q office.AccountQuery) map[int64]gift.Won {
			t.Helper()
			q.Limit = 2
			found := map[int64]gift.Won{}
			for {
				page, err := h.DB.LedgerAccounts(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range page {
					found[a.ID] = a.Balance
					q.After = a.ID
					if q.Kind != "" {
						q.After = a.OwnerID
					}
				}
				if len(page) < 2 {
					return found
				}
			}
		}
		account := 1_000_000_000 + p
		const owed = 2_000_000_000 + paidShop
		if diff := cmp.Diff(map[int64]gift.Won{1: -10_000, 2: 0, 3: 0, 4: 0, account: 9500, owed: 500}, balances(office.AccountQuery{})); diff != "" {
			t.Error(diff)
		}
		then := map[int64]gift.Won{1: -10_000, 2: 0, 3: 0, 4: 0, account: 10_000, owed: 0}
		if diff := cmp.Diff(then, balances(office.AccountQuery{At: before})); diff != "" {
			t.Error("then:", diff)
		}
		if diff := cmp.Diff(map[int64]gift.Won{account: 10_000}, balances(office.AccountQuery{At: before, Kind: "prepaid"})); diff != "" {
			t.Error("then, prepaid:", diff)
		}
		if shards := balances(office.AccountQuery{Kind: "sales", After: -1}); len(shards) != len(h.DB.SalesAccounts()) {
			t.Errorf("%d sales accounts", len(shards))
		}
		a, err := h.DB.LedgerAccount(t.Context(), account)
		want := office.Account{ID: account, Kind: "prepaid", OwnerID: p, Owner: "demo", Title: "데모", Balance: 9500}
		if diff := cmp.Diff(want, a); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if a, err := h.DB.LedgerAccount(t.Context(), owed); err != nil || a.Owner != "연남만두" {
			t.Error(a, err)
		}
		if _, err := h.DB.LedgerAccount(t.Context(), 77); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		if id, err := h.DB.PrepaidAccount(t.Context(), "demo"); id != account || err != nil {
			t.Error(id, err)
		}
		if _, err := h.DB.PrepaidAccount(t.Context(), "nobody"); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
	})
}

// journalOf reads all pages of a journal.
func journalOf(t *testing.T, db *storage.DB, q office.JournalQuery) (all []office.Transaction) {
	t.Helper()
	for {
		page, err := db.Journal(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if len(page) < q.Limit {
			return all
		}
		q.Before = page[len(page)-1].ID
	}
}

func TestTheJournalHoldsWhatMovedMoneyNewestFirst(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 20)
		stockPaid(t, h, 20)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		other := h.Partner(gift.Partner{Name: "other"}, 50_000)
		test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
		var want []string
		step := func(what string) {
			want = append([]string{what}, want...)
			later(t, h, 7*time.Hour)
		}
		want = []string{"deposit 10000", "deposit 50000", "deposit 100000"}
		later(t, h, 7*time.Hour)
		first := buyPaid(t, h, p, "a", paidOffer, paidOffer).OrderID
		step("purchase 1000")
		useCoupon(t, h, first, 2)
		step("redemption 500")
		buyPaid(t, h, test, "sandbox", paidOffer)
		if free, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(p, "free", 0)); err != nil || free.Refusal != nil {
			t.Fatal(free, err)
		}
		buyPaid(t, h, other, "b", paidOffer)
		step("purchase 500")
		if _, err := h.DB.Deposit(t.Context(), "demo", 700, "KB-1", "memo", h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		step("deposit 700")
		for _, limit := range []int{1, 2, 100} {
			var got []string
			for _, txn := range journalOf(t, h.DB, office.JournalQuery{Limit: limit}) {
				got = append(got, fmt.Sprintf("%s %d", txn.Kind, txn.Total()))
				if len(txn.Postings) != 2 || txn.Postings[0].Amount+txn.Postings[1].Amount != 0 || txn.At.IsZero() {
					t.Errorf("%+v", txn)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("in pages of %d: %s", limit, diff)
			}
		}
		account := 1_000_000_000 + p
		day := gift.DayOf(storagetest.Noon)
		for _, c := range []struct {
			name string
			q    office.JournalQuery
			want int
		}{
			{"purchases", office.JournalQuery{Kind: "purchase"}, 2},
			{"deposits", office.JournalQuery{Kind: "deposit"}, 4},
			{"of a partner", office.JournalQuery{Accounts: []int64{account}}, 3},
			{"purchases of a partner", office.JournalQuery{Accounts: []int64{account}, Kind: "purchase"}, 1},
			{"deposits of a partner", office.JournalQuery{Accounts: []int64{account}, Kind: "deposit"}, 2},
			{"of all sales", office.JournalQuery{Accounts: h.DB.SalesAccounts()}, 3},
			{"redemptions from sales", office.JournalQuery{Accounts: h.DB.SalesAccounts(), Kind: "redemption"}, 1},
			{"of the bank", office.JournalQuery{Accounts: []int64{1}, Kind: "purchase"}, 0},
			{"of nothing", office.JournalQuery{Accounts: []int64{}}, 0},
			{"of a kind that there is not", office.JournalQuery{Kind: "gift"}, 0},
			{"of the first day", office.JournalQuery{To: day}, 4},
			{"since then", office.JournalQuery{From: day + 1}, 3},
			{"of the day after", office.JournalQuery{From: day + 1, To: day + 1}, 3},
		} {
			c.q.Limit = 2
			if got := journalOf(t, h.DB, c.q); len(got) != c.want {
				t.Errorf("%s: %d, want %d: %+v", c.name, len(got), c.want, got)
			}
		}
	})
}

func TestOneTransactionIsFoundByItsNumber(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 20)
		stockPaid(t, h, 20)
		p := h.Partner(gift.Partner{Name: "demo", Title: "데모"}, 100_000)
		order := buyPaid(t, h, p, "a", paidOffer).OrderID
		got, err := h.DB.LedgerTransaction(t.Context(), order)
		if err != nil || got.Kind != "purchase" || got.OrderID != order || len(got.Postings) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		if debit := got.Postings[0]; debit.Amount != -paidPrice || debit.Account.Owner != "demo" || debit.Account.Title != "데모" {
			t.Errorf("%+v", debit)
		}
		if credit := got.Postings[1]; credit.Amount != paidPrice || credit.Account.Kind != "sales" {
			t.Errorf("%+v", credit)
		}
		free, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(p, "free", 0))
		if err != nil || free.Refusal != nil {
			t.Fatal(free, err)
		}
		for _, id := range []gift.ID{free.OrderID, 77} {
			if _, err := h.DB.LedgerTransaction(t.Context(), id); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%d: %v", id, err)
			}
		}
	})
}

// redeemedHouse has redeemed two coupons that cost 500 won each and one for nothing, on the first day.
func redeemedHouse(t *testing.T, h *storagetest.House) (period office.Period) {
	t.Helper()
	h.Stock(1, 20)
	stockPaid(t, h, 20)
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
	order := buyPaid(t, h, p, "a", paidOffer, paidOffer, paidOffer).OrderID
	useCoupon(t, h, order, 1)
	useCoupon(t, h, order, 3)
	useCoupon(t, h, buyPaid(t, h, test, "sandbox", paidOffer).OrderID, 1)
	free, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(p, "free", 0))
	if err != nil || free.Refusal != nil {
		t.Fatal(free, err)
	}
	won, err := h.DB.MarkUsed(t.Context(), redeem.Use{
		OrderID: free.OrderID, Line: 1, SellerID: 1, ShopID: 37, Via: "api", At: h.Clock.Now(),
	})
	if err != nil || !won {
		t.Fatal(won, err)
	}
	day := gift.DayOf(h.Clock.Now())
	return office.Period{From: day - 1, To: day}
}

func TestWhatShopsRedeemedIsListedByShopAndItem(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		period := redeemedHouse(t, h)
		free := office.Redeemed{ShopID: 37, Shop: "너랑나랑분식", Coupons: 1}
		paid := office.Redeemed{ShopID: paidShop, Shop: "연남만두", Coupons: 2, Face: 8000, Paid: 1000, Balance: 1000}
		first, err := h.DB.RedeemedByShop(t.Context(), period, 0, 1)
		if diff := cmp.Diff([]office.Redeemed{free}, first); diff != "" || err != nil {
			t.Error(err, diff)
		}
		second, err := h.DB.RedeemedByShop(t.Context(), period, 37, 5)
		if diff := cmp.Diff([]office.Redeemed{paid}, second); diff != "" || err != nil {
			t.Error(err, diff)
		}
		before := office.Period{From: period.From - 30, To: period.From}
		if none, err := h.DB.RedeemedByShop(t.Context(), before, 0, 5); len(none) != 0 || err != nil {
			t.Error(none, err)
		}
		one, err := h.DB.RedeemedAtShop(t.Context(), paidShop, before)
		if diff := cmp.Diff(office.Redeemed{ShopID: paidShop, Shop: "연남만두", Balance: 1000}, one); diff != "" || err != nil {
			t.Error(err, diff)
		}
		total, err := h.DB.RedeemedTotal(t.Context(), period)
		if diff := cmp.Diff(office.Redeemed{Coupons: 3, Face: 8000, Paid: 1000}, total); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if _, err := h.DB.RedeemedAtShop(t.Context(), 99, period); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		var after office.RedeemedPlace
		var lines []int64
		for range 3 {
			items, err := h.DB.RedeemedItems(t.Context(), paidShop, period, after, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range items {
				lines, after = append(lines, i.Line), i.Place()
				if i.Product != "만두 5개" || i.Partner != "demo" || i.Seller != "점장" || i.Via != "page" || i.Face != 4000 || i.Paid != 500 {
					t.Errorf("%+v", i)
				}
			}
		}
		if diff := cmp.Diff([]int64{3, 1}, lines); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADayOfAShopIsSettledOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		period := redeemedHouse(t, h)
		seen := office.Redeemed{Coupons: 2, Paid: 1000}
		book := func(shop int64, p office.Period, want office.Redeemed) error {
			_, err := h.DB.BookSettlement(t.Context(), shop, p, want, h.Clock.Now())
			return err
		}
		if err := book(paidShop, period, seen); !errors.Is(err, office.ErrNotOver) {
			t.Errorf("on the day itself: %v", err)
		}
		later(t, h, 24*time.Hour)
		backwards := office.Period{From: period.To, To: period.From}
		for name, c := range map[string]struct {
			err, want error
		}{
			"backwards":               {book(paidShop, backwards, seen), office.ErrNotOver},
			"free coupons only":       {book(37, period, office.Redeemed{Coupons: 1}), office.ErrNothingDue},
			"a period without any":    {book(paidShop, office.Period{From: 1, To: 2}, seen), office.ErrNothingDue},
			"other than what is seen": {book(paidShop, period, office.Redeemed{Coupons: 2, Paid: 500}), office.ErrChanged},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		var booked, told atomic.Int64
		var wg sync.WaitGroup
		second := h.SecondNode()
		for i := range 10 {
			db := []*storage.DB{h.DB, second.DB}[i%2]
			p := period
			p.From -= gift.Day(i % 3) // overlaps
			wg.Go(func() {
				_, err := db.BookSettlement(context.Background(), paidShop, p, seen, h.Clock.Now())
				switch {
				case err == nil:
					booked.Add(1)
				case errors.Is(err, office.ErrDuplicate):
					told.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if booked.Load() != 1 || told.Load() != 9 {
			t.Errorf("%d booked and %d told", booked.Load(), told.Load())
		}
		one, err := h.DB.RedeemedAtShop(t.Context(), paidShop, period)
		if err != nil || one.Balance != 0 || len(one.Settled) != 1 || one.Settled[0].Paid != 1000 {
			t.Errorf("%+v, %v", one, err)
		}
		list, err := h.DB.ShopSettlements(t.Context(), paidShop, 5)
		if diff := cmp.Diff(one.Settled, list); diff != "" || err != nil {
			t.Error(err, diff)
		}
		txn, err := h.DB.LedgerTransaction(t.Context(), list[0].TransactionID)
		if err != nil || txn.Kind != "settlement" || txn.Total() != 1000 || txn.Postings[1].Account.Kind != "bank" {
			t.Errorf("%+v, %v", txn, err)
		}
	})
}

func TestASettlementIsInTheAuditTrail(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		period := redeemedHouse(t, h)
		later(t, h, 24*time.Hour)
		ctx := office.As(t.Context(), office.Actor{OperatorID: 7, Name: "kim@example.com", Address: "192.0.2.1"})
		if _, err := h.DB.BookSettlement(ctx, paidShop, period, office.Redeemed{Coupons: 2, Paid: 1000}, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		var actor, subject string
		err := out.raw.QueryRowContext(ctx, `SELECT actor, subject FROM audit WHERE action = 'settlement.book'`).Scan(&actor, &subject)
		if actor != "kim@example.com" || subject != "shop:38" || err != nil {
			t.Error(actor, subject, err)
		}
	})
}

func TestUnusedCouponsAreWhatWasSoldAndNotUsed(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 20)
		stockPaid(t, h, 20)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
		if list, asOf, err := h.DB.UnusedCoupons(t.Context()); len(list) != 0 || !asOf.IsZero() || err != nil {
			t.Errorf("before any count: %v, %v, %v", list, asOf, err)
		}
		lastDay := gift.DateOf(2025, 12, 31)
		check := func(what string, coupons int64, want ...office.Unused) {
			t.Helper()
			later(t, h, 6*time.Minute)
			for range 2 { // nothing is counted twice
				if err := h.DB.TallyCoupons(t.Context(), h.Clock.Now()); err != nil {
					t.Fatal(err)
				}
			}
			if coupons > 0 {
				want = append(want, office.Unused{LastDay: lastDay, Coupons: coupons, Face: gift.Won(coupons) * 4000, Paid: gift.Won(coupons) * 500})
			}
			got, asOf, err := h.DB.UnusedCoupons(t.Context())
			if diff := cmp.Diff(want, got); diff != "" || err != nil || !asOf.Equal(h.Clock.Now().Add(-5*time.Minute)) {
				t.Error(what, err, asOf, diff)
			}
			storagetest.Healthy(t, h.DB)
		}
		check("nothing sold", 0)
		order := buyPaid(t, h, p, "a", paidOffer, paidOffer, laterOffer).OrderID
		useCoupon(t, h, buyPaid(t, h, test, "sandbox", paidOffer).OrderID, 1)
		h.Buy(p, "voucher", 1)
		check("sold", 3)
		useCoupon(t, h, order, 3)
		check("one used", 2)
		later(t, h, 70*time.Hour)
		useCoupon(t, h, buyPaid(t, h, p, "b", paidOffer).OrderID, 1)
		check("one used as soon as bought", 2)
		out.alter(`UPDATE offers SET last_day = last_day + 10 WHERE id = $1`, laterOffer)
		check("one extended", 0, office.Unused{LastDay: lastDay, Coupons: 1, Face: 4000, Paid: 500},
			office.Unused{LastDay: lastDay + 10, Coupons: 1, Face: 4000, Paid: 500})
		refund(t, h, order, 1)
		check("one cancelled", 1)
	})
}

// TestADepositsReferenceKeepsNoShopFromBeingPaid: references are typed by people, who may type anything.
func TestADepositsReferenceKeepsNoShopFromBeingPaid(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		period := redeemedHouse(t, h)
		h.Partner(gift.Partner{Name: "typist"}, 0)
		reference := fmt.Sprintf("settlement:%d:%s:%s", paidShop, period.From, period.To)
		if _, err := h.DB.Deposit(t.Context(), "typist", 1000, reference, "", h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		later(t, h, 24*time.Hour)
		seen := office.Redeemed{Coupons: 2, Paid: 1000}
		if _, err := h.DB.BookSettlement(t.Context(), paidShop, period, seen, h.Clock.Now()); err != nil {
			t.Error(err)
		}
		if _, err := h.DB.BookSettlement(t.Context(), paidShop, period, seen, h.Clock.Now()); !errors.Is(err, office.ErrDuplicate) {
			t.Errorf("once more: %v", err)
		}
	})
}

func TestANodeThatComesLaterOpensClosedDaysToo(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		demo := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		if err := h.DB.CloseDays(t.Context(), h.Clock.Now().Add(60*time.Hour)); err != nil { // by a clock that is ahead
			t.Fatal(err)
		}
		if out := h.SecondNode().Buy(demo, "", 1); out.Refusal != nil {
			t.Fatal(out.Refusal)
		}
		storagetest.Healthy(t, h.DB)
	})
}
