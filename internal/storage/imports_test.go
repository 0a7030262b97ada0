package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
	"giftimbiz/internal/sheet"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
)

func newVault(t testing.TB) *vault.Vault {
	t.Helper()
	v := vault.Fresh()
	return v
}

func newDesk(h *storagetest.House, v *vault.Vault) *intake.Desk {
	desk := intake.NewDesk(intake.Config{Store: h.DB, Vault: v, Clock: h.Clock, Logger: slog.New(slog.DiscardHandler)})
	h.T.Cleanup(desk.Stop)
	return desk
}

// load applies a file at once and compares what was counted: rows, added, changed, known, refused.
func load(t *testing.T, desk *intake.Desk, k intake.Kind, file string, want intake.Counts) *intake.Import {
	t.Helper()
	i, err := desk.Load(t.Context(), k, "stock.csv", []byte(file), false, nil)
	if err != nil {
		t.Fatalf("%s: %v", k, err)
	}
	if i.Counts != want || i.State != intake.Applied || i.HasBody {
		t.Errorf("%s: %+v", k, i)
	}
	return i
}

// vouchers makes a file of n vouchers of the suite's product, numbered from a number on.
func vouchers(n, from int) string {
	var b strings.Builder
	b.WriteString("상품,판매가1,판매가2,판매가3,유효기간,번호\n")
	for i := range n {
		fmt.Fprintf(&b, "27935,940,930,462,2026.03.31,%012d\n", from+i)
	}
	return b.String()
}

func stockOfSuite(t *testing.T, h *storagetest.House) (offers int, units int64) {
	t.Helper()
	rows, _, err := h.DB.CatalogSince(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range rows.Offers {
		units += o.Stock
	}
	return len(rows.Offers), units
}

// TestTheTemplatesBuildAnExchange loads every template, in both formats and languages, into an empty database, and again.
func TestTheTemplatesBuildAnExchange(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		desk := newDesk(h, newVault(t))
		sheets := map[intake.Kind][]byte{}
		rows := func(k intake.Kind) int {
			if k == intake.Categories {
				return 2 // one of each kind
			}
			return 1
		}
		for i, k := range intake.Kinds() {
			var b bytes.Buffer
			format := []sheet.Format{sheet.CSV, sheet.XLSX}[i%2]
			if err := intake.Template(&b, k, format, locale.Language(i/2%2), gift.DayOf(h.Clock.Now())); err != nil {
				t.Fatal(err)
			}
			sheets[k] = b.Bytes()
			load(t, desk, k, b.String(), intake.Counts{Rows: rows(k), Added: rows(k)})
		}
		for _, k := range intake.Kinds() {
			load(t, desk, k, string(sheets[k]), intake.Counts{Rows: rows(k), Known: rows(k)})
		}
		if offers, units := stockOfSuite(t, h); offers != 2 || units != 101 {
			t.Errorf("%d offers with %d units", offers, units)
		}
		list, err := desk.Imports(t.Context(), 0, 100)
		if err != nil || len(list) != 16 || list[0].Kind != intake.Coupons || list[15].Kind != intake.Categories {
			t.Errorf("history: %d, %v", len(list), err)
		}
	})
}

func TestAnImportedVoucherIsSoldWithItsNumber(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		v := newVault(t)
		h.Stock(1, 1)
		_, before, err := h.DB.CatalogSince(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		load(t, newDesk(h, v), intake.Vouchers, vouchers(3, 100), intake.Counts{Rows: 3, Added: 3})
		rows, _, err := h.DB.CatalogSince(t.Context(), before)
		if err != nil || len(rows.Offers) != 1 || rows.Offers[0].Stock != 3 {
			t.Fatalf("changes: %+v, %v", rows.Offers, err)
		}
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		for range 3 {
			h.Clock.Advance(time.Minute)
			if out := h.Buy(p, "", rows.Offers[0].ID); out.Refusal != nil {
				t.Fatal(out.Refusal)
			}
		}
		bought, err := h.DB.History(t.Context(), gift.HistoryQuery{PartnerID: p, Kind: gift.Gifticon, Limit: 10})
		if err != nil || len(bought.Items) != 3 {
			t.Fatal(len(bought.Items), err)
		}
		var numbers []string
		for _, item := range bought.Items {
			number, err := v.Open(item.UnitID, item.Sealed)
			if err != nil {
				t.Error(err)
			}
			numbers = append(numbers, number)
		}
		slices.Sort(numbers)
		if !slices.Equal(numbers, []string{"000000000100", "000000000101", "000000000102"}) {
			t.Errorf("sold %v", numbers)
		}
	})
}

func TestVouchersJoinTheEqualOfferThatIsOnSale(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		desk := newDesk(h, newVault(t))
		h.Stock(1, 2)
		load(t, desk, intake.Vouchers, vouchers(2, 0), intake.Counts{Rows: 2, Added: 2})
		load(t, desk, intake.Vouchers, vouchers(5, 1), intake.Counts{Rows: 5, Added: 4, Known: 1})
		load(t, desk, intake.Vouchers, vouchers(2, 50)+"27935,940,930,462,2026-03-31,0000-0000-0051\n",
			intake.Counts{Rows: 3, Added: 2, Known: 1})
		if offers, units := stockOfSuite(t, h); offers != 3 || units != 2+2+8 {
			t.Errorf("%d offers with %d units", offers, units)
		}
		out.alter(`UPDATE offers SET stopped = 1 WHERE last_day = $1`, int64(gift.DateOf(2026, 3, 31)))
		load(t, desk, intake.Vouchers, vouchers(2, 90), intake.Counts{Rows: 2, Added: 2})
		if offers, units := stockOfSuite(t, h); offers != 3 || units != 2+2+2 {
			t.Errorf("with the old one stopped, %d offers with %d units", offers, units)
		}
	})
}

func TestARefusedRowStandsInTheWayUnlessItIsLeftOut(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		desk := newDesk(h, newVault(t))
		h.Stock(1, 2)
		file := vouchers(3, 0) + "27935,2000,930,462,2026.03.31,987654321098\n27935,940,930,462,2025-01-01,12345678\n"
		_, err := desk.Load(t.Context(), intake.Vouchers, "x.csv", []byte(file), false, nil)
		var refusal *intake.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "2 rows are refused") {
			t.Errorf("%v", err)
		}
		if offers, units := stockOfSuite(t, h); offers != 2 || units != 4 {
			t.Errorf("%d offers with %d units", offers, units)
		}
		i, err := desk.Load(t.Context(), intake.Vouchers, "x.csv", []byte(file), true, nil)
		if err != nil || i.Counts != (intake.Counts{Rows: 5, Added: 3, Refused: 2}) || len(i.Findings) != 2 {
			t.Fatalf("%+v, %v", i, err)
		}
		f := i.Findings[0]
		if f.Line != 5 || f.Value != "2000" || !strings.Contains(f.Reason.English, "above the face value of 1400") {
			t.Errorf("%+v", f)
		}
		if f := i.Findings[1]; f.Line != 6 || f.Value != "2025-01-01" || !strings.Contains(f.Reason.Korean, "지났습니다") {
			t.Errorf("%+v", f)
		}
		if _, units := stockOfSuite(t, h); units != 7 {
			t.Errorf("%d units", units)
		}
	})
}

// TestAnImportWhoseNodeDiedLeavesNothing breaks an import off in the middle and never hears of its node again.
func TestAnImportWhoseNodeDiedLeavesNothing(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		v := newVault(t)
		desk := newDesk(h, v)
		h.Stock(1, 2)
		load(t, desk, intake.Vouchers, vouchers(1, 5000), intake.Counts{Rows: 1, Added: 1})
		file := []byte(vouchers(2000, 0) + "27935,900,900,400,2026-05-31,7777777777\n")
		dying := intake.NewDesk(intake.Config{
			Store: &dyingStore{DB: h.DB}, Vault: &dyingVault{Vault: v, after: 1500}, Clock: h.Clock, Logger: slog.New(slog.DiscardHandler),
		})
		if _, err := dying.Load(t.Context(), intake.Vouchers, "x.csv", file, false, nil); !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		storagetest.Healthy(t, h.DB) // also with what is left
		if offers, units := stockOfSuite(t, h); offers != 3 || units != 5 {
			t.Errorf("%d offers with %d units", offers, units)
		}
		if _, err := desk.Load(t.Context(), intake.Vouchers, "x.csv", file, false, nil); !errors.Is(err, intake.ErrBusy) {
			t.Errorf("while the dead one may be alive: %v", err)
		}
		out.alter(`UPDATE imports SET beat_at = 0 WHERE busy = 1`)
		if err := desk.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := desk.Imports(t.Context(), 0, 2)
		if err != nil || list[1].State != intake.Failed || !strings.Contains(list[1].Failure.English, "Nothing was stored") || list[1].HasBody {
			t.Errorf("%+v, %v", list, err)
		}
		var left int
		if err := out.raw.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM units`).Scan(&left); err != nil || left != 5 {
			t.Errorf("%d units are left, %v", left, err)
		}
		load(t, desk, intake.Vouchers, string(file), intake.Counts{Rows: 2001, Added: 2001})
		if _, units := stockOfSuite(t, h); units != 5+2001 {
			t.Errorf("%d units", units)
		}
	})
}

var errDied = errors.New("the node died")

// dyingStore cannot say any more how an import ended.
type dyingStore struct{ *storage.DB }

func (*dyingStore) FailImport(context.Context, int64, intake.Text, time.Time) error { return errDied }

// dyingVault encrypts so many numbers and no more.
type dyingVault struct {
	*vault.Vault
	after int
}

func (d *dyingVault) Seal(unit int64, plain string) ([]byte, error) {
	if d.after--; d.after < 0 {
		return nil, errDied
	}
	return d.Vault.Seal(unit, plain)
}

func TestOfTwoWhoApplyAFileOneWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 2)
		v := newVault(t)
		first, second := newDesk(h, v), newDesk(h.SecondNode(), v)
		i, err := first.Bring(t.Context(), intake.Vouchers, "x.csv", []byte(vouchers(700, 0)))
		if err != nil {
			t.Fatal(err)
		}
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		for n := range 6 {
			desk := []*intake.Desk{first, second}[n%2]
			wg.Go(func() {
				err := desk.Apply(t.Context(), i.ID, false)
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, office.ErrChanged), errors.Is(err, intake.ErrGone), errors.Is(err, intake.ErrBusy):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		await(t, first, i.ID)
		if won.Load() != 1 || lost.Load() != 5 {
			t.Errorf("%d won, %d lost", won.Load(), lost.Load())
		}
		if _, units := stockOfSuite(t, h); units != 4+700 {
			t.Errorf("%d units", units)
		}
	})
}

// await waits until an import is not being applied any more.
func await(t *testing.T, desk *intake.Desk, id int64) *intake.Import {
	t.Helper()
	var i *intake.Import
	soon(t, "the import has ended", func() bool {
		var err error
		if i, err = desk.Import(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return i.State != intake.Applying
	})
	return i
}

// TestSellingGoesOnWhileVouchersAreLoaded buys from the very offer that grows.
func TestSellingGoesOnWhileVouchersAreLoaded(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		desk := newDesk(h, newVault(t))
		load(t, desk, intake.Vouchers, vouchers(400, 0), intake.Counts{Rows: 400, Added: 400})
		rows, _, err := h.DB.CatalogSince(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		var offer int64
		for _, o := range rows.Offers {
			if o.LastDay == gift.DateOf(2026, 3, 31) {
				offer = o.ID
			}
		}
		p := h.Partner(gift.Partner{Name: "demo", DuplicateSec: 0}, 10_000_000)
		var wg sync.WaitGroup
		wg.Go(func() { load(t, desk, intake.Vouchers, vouchers(5000, 1000), intake.Counts{Rows: 5000, Added: 5000}) })
		for i := range 300 {
			if out, err := h.Engine.Buy(t.Context(), storagetest.GiftRequest(p, fmt.Sprint(i), offer)); err != nil || out.Refusal != nil {
				t.Fatal(out.Refusal, err)
			}
		}
		wg.Wait()
		if _, units := stockOfSuite(t, h); units != 2+400+5000-300 {
			t.Errorf("%d units are left", units)
		}
	})
}

func TestCouponsAreIssuedUpToAQuantity(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		desk := newDesk(h, newVault(t))
		h.Stock(1, 3)
		file := func(n int) string {
			return fmt.Sprintf("쿠폰명,유효기간,수량\n김말이,2025/12/31,%d\n188,2026-12-31,5\n", n)
		}
		load(t, desk, intake.Coupons, file(3), intake.Counts{Rows: 2, Added: 1, Known: 1})
		load(t, desk, intake.Coupons, file(10), intake.Counts{Rows: 2, Changed: 1, Known: 1})
		if offers, units := stockOfSuite(t, h); offers != 3 || units != 3+10+5 {
			t.Errorf("%d offers with %d units", offers, units)
		}
		p := h.Partner(gift.Partner{Name: "demo"}, 1000)
		for i := range 10 {
			out, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(p, fmt.Sprint(i), 0))
			if err != nil || out.Refusal != nil {
				t.Fatal(out.Refusal, err)
			}
		}
		if out, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(p, "one more", 0)); err != nil || out.Refusal == nil {
			t.Errorf("sold more than were issued: %v, %v", out, err)
		}
	})
}

func TestChangedRowsOfTheCatalogueAreChanged(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		v := newVault(t)
		desk := newDesk(h, v)
		h.Stock(1, 1)
		_, before, err := h.DB.CatalogSince(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		load(t, desk, intake.Products, "번호,brand,이름,액면가\n27935,cu,새 이름,1500\n,CU,다른 상품,\"2,000원\"\n",
			intake.Counts{Rows: 2, Added: 1, Changed: 1})
		load(t, desk, intake.Sellers, "매장,이름,관리코드\n너랑나랑분식,점장,482913\n37,직원,0000\n",
			intake.Counts{Rows: 2, Added: 1, Changed: 1})
		load(t, desk, intake.Sellers, "매장,이름,관리코드\n너랑나랑분식,점장,482913\n37,직원,\n", intake.Counts{Rows: 2, Known: 2})
		rows, _, err := h.DB.CatalogSince(t.Context(), before)
		if err != nil || len(rows.Products) != 2 {
			t.Fatalf("%+v, %v", rows.Products, err)
		}
		for _, p := range rows.Products {
			want := map[int64]gift.Product{
				27935: {ID: 27935, BrandID: 4, Name: "새 이름", Face: 1500, Thumb: "/UPLOAD/p.png"},
				27936: {ID: 27936, BrandID: 4, Name: "다른 상품", Face: 2000},
			}[p.ID]
			if p != want {
				t.Errorf("%+v", p)
			}
		}
		seller, err := h.DB.Seller(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := v.CheckCode(t.Context(), seller.CodeHash, "482913"); !ok || err != nil {
			t.Errorf("the new code does not fit: %v", err)
		}
	})
}

func TestAKeptFileIsForgotten(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		v := newVault(t)
		desk := newDesk(h, v)
		h.Stock(1, 1)
		bring := func() int64 {
			t.Helper()
			i, err := desk.Bring(t.Context(), intake.Vouchers, `C:\stock\x.csv`, []byte(vouchers(2, 123456789012)))
			if err != nil || i.File != "x.csv" || i.Counts.Added != 2 {
				t.Fatalf("%+v, %v", i, err)
			}
			return i.ID
		}
		old := bring()
		body, err := h.DB.ImportBody(t.Context(), old)
		if err != nil || bytes.Contains(body, []byte("123456789012")) {
			t.Errorf("the file is kept as it is: %v", err)
		}
		cancelled := bring()
		if err := desk.Cancel(t.Context(), cancelled); err != nil {
			t.Fatal(err)
		}
		if err := desk.Apply(t.Context(), cancelled, false); !errors.Is(err, intake.ErrGone) {
			t.Error(err)
		}
		h.Clock.Advance(intake.KeptFor + time.Minute)
		if err := desk.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		i, err := desk.Import(t.Context(), old)
		if err != nil || i.State != intake.Cancelled || i.HasBody {
			t.Errorf("%+v, %v", i, err)
		}
		if _, units := stockOfSuite(t, h); units != 2 {
			t.Errorf("%d units", units)
		}
	})
}

func TestRefusedRowsCanBeCorrectedAndLoaded(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		desk := newDesk(h, newVault(t))
		h.Stock(1, 1)
		file := "쿠폰번호,상품,판매가,유효기간\n1111222233334444,27935,900,2026-01-01\n5555666677778888,없는 것,900,2026-01-01\n"
		for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
			var b bytes.Buffer
			n, err := desk.Refused(t.Context(), intake.Vouchers, []byte(file), &b, f)
			if n != 1 || err != nil {
				t.Fatal(n, err)
			}
			plan, err := desk.Check(t.Context(), intake.Vouchers, b.Bytes(), nil)
			if err != nil || plan.Counts != (intake.Counts{Rows: 1, Refused: 1}) || plan.Findings[0].Value != "없는 것" {
				t.Errorf("%+v, %v", plan, err)
			}
			if f == sheet.CSV {
				if want := "5555666677778888,없는 것,900,2026-01-01,상품: "; !strings.Contains(b.String(), want) || strings.Contains(b.String(), "1111") {
					t.Errorf("%s", b.String())
				}
			}
		}
	})
}

// between is a store in which somebody does something else before an import is stored.
type between struct {
	*storage.DB
	start, apply func()
}

func (b between) StartImport(ctx context.Context, id int64, skip bool, now time.Time) error {
	if b.start != nil {
		b.start()
	}
	return b.DB.StartImport(ctx, id, skip, now)
}

func (b between) ApplyImport(ctx context.Context, i *intake.Import, l *intake.Load, body func() ([]byte, error),
	seal func(int64, string) ([]byte, error), progress func(int), now time.Time,
) error {
	once := b.apply
	return b.DB.ApplyImport(ctx, i, l, body, seal, func(done int) {
		if once != nil {
			once()
		}
		once = nil
		progress(done)
	}, now)
}

func deskBetween(h *storagetest.House, b between) *intake.Desk {
	b.DB = h.DB
	desk := intake.NewDesk(intake.Config{Store: b, Vault: newVault(h.T), Clock: h.Clock, Logger: slog.New(slog.DiscardHandler)})
	h.T.Cleanup(desk.Stop)
	return desk
}

// TestTheSameCouponsFromTwoAtOnceAreIssuedOnce: the second file was checked before the first was stored.
func TestTheSameCouponsFromTwoAtOnceAreIssuedOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		const file = "쿠폰명,유효기간,수량\n김말이,2026-12-31,5\n"
		first := newDesk(h, newVault(t))
		second := deskBetween(h, between{start: func() { load(t, first, intake.Coupons, file, intake.Counts{Rows: 1, Added: 1}) }})
		if _, err := second.Load(t.Context(), intake.Coupons, "x", []byte(file), false, nil); err != nil {
			t.Fatal(err)
		}
		if offers, units := stockOfSuite(t, h); offers != 3 || units != 2+5 {
			t.Errorf("%d offers with %d units", offers, units)
		}
	})
}

// TestVouchersDoNotJoinAnOfferThatIsNoLongerEqual changes it while they are written.
func TestVouchersDoNotJoinAnOfferThatIsNoLongerEqual(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		load(t, newDesk(h, newVault(t)), intake.Vouchers, vouchers(1, 0), intake.Counts{Rows: 1, Added: 1})
		page, err := h.DB.OfferList(t.Context(), office.OfferQuery{Today: gift.DayOf(h.Clock.Now()), Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		joined := page.Rows[len(page.Rows)-1]
		var wg sync.WaitGroup
		change := func() {
			joined.LastDay++
			if err := h.DB.ChangeOffer(context.Background(), joined.Offer, joined.Version, h.Clock.Now()); err != nil {
				t.Error(err)
			}
		}
		desk := deskBetween(h, between{apply: func() {
			if h.DB.Engine() == "sqlite" { // whose one writer is the import, until the end of this step, of which many follow
				wg.Go(change)
			} else {
				change()
			}
		}})
		file := []byte(vouchers(2000, 100))
		if _, err := desk.Load(t.Context(), intake.Vouchers, "x", file, false, nil); !errors.Is(err, intake.ErrMeanwhile) {
			t.Errorf("vouchers got another's last day: %v", err)
		}
		wg.Wait()
		storagetest.Healthy(t, h.DB)
	})
}

// TestAFileDoesNotUndoWhatSomebodyChangedMeanwhile changes a brand at its form while a file with it is stored.
func TestAFileDoesNotUndoWhatSomebodyChangedMeanwhile(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		plan, err := h.DB.Names(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		brand, err := h.DB.Brands().Get(t.Context(), 4)
		if err != nil {
			t.Fatal(err)
		}
		changed := brand.Row
		changed.Thumb = "/UPLOAD/by-hand.png"
		if _, err := h.DB.Brands().Save(t.Context(), changed, brand.Version, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		stale := brand.Row
		stale.InUse = !stale.InUse
		err = h.DB.Load(t.Context(), &storage.Stock{Changed: &storage.Stock{Brands: []gift.Brand{stale}}, Seen: plan.Seen})
		if err == nil {
			t.Error("a file undid a change")
		}
		if now, err := h.DB.Brands().Get(t.Context(), 4); err != nil || now.Row != changed {
			t.Errorf("%+v, %v", now.Row, err)
		}
	})
}

// TestMoreRefusedRowsThanWereSeenAreNotLeftOut: whoever agreed to leave out one row did not agree to leave out two.
func TestMoreRefusedRowsThanWereSeenAreNotLeftOut(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		desk := newDesk(h, newVault(t))
		file := vouchers(2, 0) + "27935,940,930,462,2025.09.16,555555\n27935,940,930,462,2020.01.01,666666\n"
		i, err := desk.Bring(t.Context(), intake.Vouchers, "x", []byte(file))
		if err != nil || i.Counts.Refused != 1 {
			t.Fatalf("%+v, %v", i, err)
		}
		h.Clock.Advance(48 * time.Hour) // one more is over
		if err := desk.Apply(t.Context(), i.ID, true); err != nil {
			t.Fatal(err)
		}
		if i := await(t, desk, i.ID); i.State != intake.Failed || !strings.Contains(i.Failure.English, "1 refused rows have become 2") {
			t.Errorf("%+v", i)
		}
	})
}
