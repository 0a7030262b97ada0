package console_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// What ledgerDesk sells: a shop's coupons, for 500 won each.
const (
	dumplingShop  = 38
	dumplingOffer = 1351
	dumplingPrice = 500
)

// ledgerDesk is a console over a real database, in which partners buy and shops redeem.
type ledgerDesk struct {
	*storagetest.House
	pages   http.Handler
	partner int64
	orders  int
}

func newLedgerDesk(t *testing.T) *ledgerDesk {
	t.Helper()
	house, _ := openHouse(t)
	d := &ledgerDesk{House: house}
	d.Stock(1, 5)
	d.stockDumplings(80)
	d.partner = d.Partner(gift.Partner{Name: "demo", Title: "데모 상사"}, 100_000)
	d.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 7000)
	d.pages = openConsole(house, newVault(t), nil)
	return d
}

func (d *ledgerDesk) stockDumplings(units int64) {
	d.T.Helper()
	s := &storage.Stock{
		Shops: []gift.Shop{{
			ID: dumplingShop, CategoryID: 15, Name: "연남<만두>", Province: "서울특별시", District: "마포구", Town: "연남동",
		}},
		Sellers:   []storage.NewSeller{{ID: 2, ShopID: dumplingShop, Name: "점장", CodeHash: "unused"}},
		Campaigns: []gift.Campaign{{ID: 189, ShopID: dumplingShop, CouponName: "만두", Product: "만두 5개", Price: 4000, MemberType: "shop"}},
		Offers: []gift.Offer{{
			ID: dumplingOffer, Kind: gift.StarCoupon, CampaignID: 189, Face: 4000, LastDay: gift.DateOf(2025, 12, 31),
			Tiers: gift.Tiers{Far: dumplingPrice, Mid: dumplingPrice, Near: dumplingPrice},
		}},
	}
	for n := int64(1); n <= units; n++ {
		s.Units = append(s.Units, storage.NewUnit{ID: dumplingOffer*100_000 + n, OfferID: dumplingOffer, Position: n})
	}
	if err := d.DB.Load(d.T.Context(), s); err != nil {
		d.T.Fatal(err)
	}
}

// buy buys a coupon.
func (d *ledgerDesk) buy() gift.ID {
	d.T.Helper()
	d.orders++
	out, err := d.Engine.Buy(d.T.Context(), purchase.Request{
		PartnerID: d.partner, Kind: gift.StarCoupon, Cash: dumplingPrice, Product: "만두 5개", Key: fmt.Sprint(d.orders),
		Render: storagetest.Render, Items: []purchase.ItemRequest{{OfferID: dumplingOffer, CampaignID: 189}},
	})
	if err != nil || out.Refusal != nil {
		d.T.Fatal(out.Refusal, err)
	}
	return out.OrderID
}

func (d *ledgerDesk) redeem(order gift.ID) {
	d.T.Helper()
	won, err := d.DB.MarkUsed(d.T.Context(), redeem.Use{
		OrderID: order, Line: 1, SellerID: 2, ShopID: dumplingShop, Via: "page", At: d.Clock.Now(),
	})
	if err != nil || !won {
		d.T.Fatal(won, err)
	}
}

// wait lets time pass, and the node do its work in the background.
func (d *ledgerDesk) wait(long time.Duration) {
	d.T.Helper()
	d.Clock.Advance(long)
	ctx := d.T.Context()
	if err := errors.Join(d.DB.Renew(ctx), d.DB.CloseDays(ctx, d.Clock.Now()), d.DB.TallyCoupons(ctx, d.Clock.Now())); err != nil {
		d.T.Fatal(err)
	}
}

// ledgerReader is a signed-in browser.
type ledgerReader struct {
	d      *ledgerDesk
	cookie string
	lang   string
}

func (d *ledgerDesk) as(role office.Role, lang string) ledgerReader {
	d.T.Helper()
	return ledgerReader{d, signedIn(d.House, role), lang}
}

// send returns the status and the text of a page, without its markup.
func (r ledgerReader) send(method, address string, form url.Values) (int, string) {
	r.d.T.Helper()
	answer := r.raw(method, address, form)
	return answer.Code, plainText(answer.Body.String())
}

func (r ledgerReader) raw(method, address string, form url.Values) *httptest.ResponseRecorder {
	r.d.T.Helper()
	req := httptest.NewRequestWithContext(r.d.T.Context(), method, "http://console.test"+address, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept-Language", r.lang)
	req.AddCookie(&http.Cookie{Name: "giftimbiz", Value: r.cookie})
	answer := httptest.NewRecorder()
	r.d.pages.ServeHTTP(answer, req)
	return answer
}

var (
	markup = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// plainText is what a page says, its parts apart by spaces.
func plainText(page string) string {
	if _, main, ok := strings.Cut(page, "<main"); ok {
		page = main
	}
	return spaces.ReplaceAllString(markup.ReplaceAllString(page, " "), " ")
}

// sees fails unless a page has the texts, and returns it.
func (r ledgerReader) sees(address string, texts ...string) string {
	r.d.T.Helper()
	status, page := r.send(http.MethodGet, address, nil)
	if status != http.StatusOK {
		r.d.T.Errorf("%s: status %d", address, status)
	}
	for _, text := range texts {
		if !strings.Contains(page, text) {
			r.d.T.Errorf("%s lacks %q: %s", address, text, page)
		}
	}
	return page
}

// rows reads an exported list.
func (r ledgerReader) rows(address string) [][]string {
	r.d.T.Helper()
	body := r.raw(http.MethodGet, address, nil).Body.String()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || !strings.HasPrefix(body, "\ufeff") {
		r.d.T.Fatalf("%s: %v: %s", address, err, body)
	}
	return rows
}

func TestTheLedgerSaysWhenThereIsNothingYet(t *testing.T) {
	d := newLedgerDesk(t)
	ko, en := d.as(office.Viewer, "ko"), d.as(office.Viewer, "en")
	ko.sees("/console/ledger", "차변과 대변이 일치합니다.", "아직 집계하지 않았습니다")
	en.sees("/console/ledger", "Debits and credits are equal.", "They are not counted yet")
	d.wait(time.Minute)
	en = d.as(office.Viewer, "en")
	en.sees("/console/ledger", "There are no unused star coupons")
	en.sees("/console/ledger/accounts?kind=payable", "There are no accounts of this kind")
	en.sees("/console/ledger/journal?kind=settlement", "No transaction fits")
	en.sees("/console/ledger/settlement", "No coupon was used in this period")
	en.sees("/console/ledger/settlement/38", "was never settled with", "Nothing owed")
}

func TestTheTrialBalanceLooksBack(t *testing.T) {
	d := newLedgerDesk(t)
	d.wait(24 * time.Hour)
	d.redeem(d.buy())
	d.buy()
	d.wait(72 * time.Hour)
	ko, en := d.as(office.Viewer, "ko"), d.as(office.Viewer, "en")
	ko.sees("/console/ledger", "은행 1 100,000원", "매출 16 500원", "매장 미지급금 1 500원",
		"합계 107,000원 107,000원", "매체사 충전금 99,000원 시험용 자금 제외", "2025-12 1 4,000원 500원 0 0원 0원")
	en.sees("/console/ledger?at=2025-09-16T11:59", "Trial balance · 2025-09-16 11:59:00", "Total ₩107,000 ₩107,000",
		"Partners&#39; prepaid balances ₩100,000")
	en.sees("/console/ledger?at=yesterday", "Give a date and a time", "Trial balance · now")
	en.sees("/console/ledger?at=2031-01-01T00:00", "Trial balance · now")
	rows := en.rows("/console/ledger?at=2025-09-16T11:59&format=csv")
	if len(rows) != 1+16+4+2+1 || rows[0][0] != "Account" {
		t.Errorf("%d rows: %v", len(rows), rows)
	}
	coupons := en.rows("/console/ledger?list=coupons&format=csv")
	if fmt.Sprint(coupons[1:]) != "[[2025-12-31 Unused 1 4000 500]]" {
		t.Error(coupons)
	}
	d.wait(120 * 24 * time.Hour)
	d.as(office.Viewer, "en").sees("/console/ledger", "2025-12 0 ₩0 ₩0 1 ₩4,000 ₩500", "Unused star coupons ₩0")
}

func TestAccountsAreShownWithSalesAsOne(t *testing.T) {
	d := newLedgerDesk(t)
	d.redeem(d.buy())
	en := d.as(office.Viewer, "en")
	en.sees("/console/ledger/accounts", "Sales 16 parts", "Bank ₩100,000 1", "Partners&#39; prepaid balances · 데모 상사 (demo) ₩99,500",
		"Payable to shops · 연남&lt;만두&gt; ₩500", "Sales 16 31")
	if page := en.sees("/console/ledger/accounts?kind=prepaid", "데모 상사 (demo)"); strings.Contains(page, "Sales 1 ") {
		t.Error(page)
	}
	en.sees("/console/ledger/accounts?kind=sales", "Sales 16 parts", "The parts of the sales account")
	en.sees("/console/ledger/accounts?at=2025-09-15T11:00", "Bank 1")
	if rows := en.rows("/console/ledger/accounts?kind=payable&format=csv"); fmt.Sprint(rows[1:]) !=
		"[[2000000038 Payable to shops 연남<만두>  0 500]]" {
		t.Error(rows)
	}
	if rows := en.rows("/console/ledger/accounts?kind=sales&format=csv"); len(rows) != 17 {
		t.Error(rows)
	}
}

func TestTheJournalIsReadPageByPageAndFiltered(t *testing.T) {
	d := newLedgerDesk(t)
	var first gift.ID
	for i := range 60 {
		id := d.buy()
		if i == 0 {
			first = id
		}
	}
	d.redeem(first)
	en := d.as(office.Finance, "en")
	page := en.sees("/console/ledger/journal", "Coupon used Sales Payable to shops · 연남&lt;만두&gt; ₩500",
		"Purchase Partners&#39; prepaid balances · 데모 상사 (demo) Sales ₩500")
	next := regexp.MustCompile(`href="([^"]*after=[^"]*)" rel="next"`).FindStringSubmatch(
		en.raw(http.MethodGet, "/console/ledger/journal", nil).Body.String())
	if strings.Count(page, "₩500") != 50 || next == nil {
		t.Fatalf("%d rows, next %v", strings.Count(page, "₩500"), next)
	}
	second := en.sees(strings.ReplaceAll(next[1], "&amp;", "&"), "Deposit Bank Partners&#39; prepaid balances", string(first.Ref(false)))
	if n := strings.Count(second, "₩500"); n != 11 {
		t.Errorf("%d rows of 500 won on the second page", n)
	}
	for address, want := range map[string]int{
		"":                              1 + 2*(60+1+2),
		"kind=purchase":                 1 + 2*60,
		"kind=redemption&account=sales": 1 + 2,
		"account=bank":                  1 + 2,
		"partner=demo&kind=deposit":     1 + 2,
		"partner=devtest1":              1 + 2,
		"account=2000000038":            1 + 2,
		"from=2025-09-16":               1,
		"from=2025-09-15&to=2025-09-15": 1 + 2*(60+1+2),
	} {
		if rows := en.rows("/console/ledger/journal?format=csv&" + address); len(rows) != want {
			t.Errorf("%q: %d rows, want %d", address, len(rows), want)
		}
	}
	en.sees("/console/ledger/journal?partner=nobody", "There is no partner with this id", "No transaction fits")
	en.sees("/console/ledger/journal?from=2025-09-16&to=2025-09-15", "The first day is after the last")
	en.sees("/console/ledger/journal?from=soon", "Give days such as 2026-11-26")
	en.sees("/console/ledger/journal?account=2000000038", "Payable to shops · 연남&lt;만두&gt;")
	for _, address := range []string{"?account=77", "?account=x", "/77", "/x"} {
		if status, _ := en.send(http.MethodGet, "/console/ledger/journal"+address, nil); status != http.StatusNotFound {
			t.Errorf("%s: %d", address, status)
		}
	}
}

func TestATransactionIsShownWithItsEntries(t *testing.T) {
	d := newLedgerDesk(t)
	order := d.buy()
	d.as(office.Viewer, "ko").sees(fmt.Sprintf("/console/ledger/journal/%d", order), "판매", string(order.Ref(false)),
		"매체사 충전금 · 데모 상사 (demo) 500원", "매출 500원", "합계 500원 500원")
}

var bookFields = url.Values{"from": {"2025-09-01"}, "to": {"2025-09-30"}, "coupons": {"2"}, "paid": {"1000"}}

func TestAShopIsSettledWithOnce(t *testing.T) {
	d := newLedgerDesk(t)
	d.redeem(d.buy())
	d.redeem(d.buy())
	const shop = "/console/ledger/settlement/38"
	const period = "?from=2025-09-01&to=2025-09-30"
	finance := d.as(office.Finance, "en")
	finance.sees(shop+period, "Not over yet")
	if status, page := finance.send(http.MethodPost, shop, bookFields); status != http.StatusUnprocessableEntity ||
		!strings.Contains(page, "The period is not over yet") {
		t.Error(status, page)
	}
	d.wait(16 * 24 * time.Hour) // 1 October: last month is shown unless asked otherwise
	finance = d.as(office.Finance, "en")
	finance.sees("/console/ledger/settlement", "연남&lt;만두&gt; 2 ₩8,000 ₩1,000 To be settled ₩1,000", "All shops 2 ₩8,000 ₩1,000")
	finance.sees(shop, "Book the payment: ₩1,000", "만두 5개", "Shop&#39;s page")
	if page := d.as(office.Viewer, "en").sees(shop, "To be settled"); strings.Contains(page, "Book the payment") {
		t.Error("a viewer is shown the button")
	}
	stale := url.Values{"from": {"2025-09-01"}, "to": {"2025-09-30"}, "coupons": {"1"}, "paid": {"500"}}
	if status, _ := finance.send(http.MethodPost, shop, stale); status != http.StatusConflict {
		t.Errorf("other than was seen: %d", status)
	}
	statuses := map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			status, _ := finance.send(http.MethodPost, shop, bookFields)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	wg.Wait()
	if statuses[http.StatusSeeOther] != 1 || statuses[http.StatusConflict] != 4 {
		t.Errorf("at once: %v", statuses)
	}
	if _, page := finance.send(http.MethodPost, shop, bookFields); !strings.Contains(page, "were settled meanwhile") ||
		!strings.Contains(page, "2025-09-01 – 2025-09-30 2 ₩1,000") {
		t.Error(page)
	}
	finance.sees(shop+period, "Settled", "Payable now ₩0")
	finance.sees(shop+"?from=2025-09-15&to=2025-10-01", "Some days are settled")
	finance.sees("/console/ledger/journal?kind=settlement", "Settlement Payable to shops · 연남&lt;만두&gt; Bank ₩1,000")
}

func TestASettlementsFormIsChecked(t *testing.T) {
	d := newLedgerDesk(t)
	finance := d.as(office.Finance, "en")
	for name, change := range map[string]url.Values{
		"no days":       {"from": {"x"}, "to": {""}},
		"backwards":     {"from": {"2025-09-30"}, "to": {"2025-09-01"}},
		"nothing":       {"coupons": {"0"}},
		"not a number":  {"paid": {"1,000"}},
		"nothing there": {"from": {"2025-08-01"}, "to": {"2025-08-31"}},
	} {
		form := url.Values{}
		for field, values := range bookFields {
			form[field] = values
		}
		for field, values := range change {
			form[field] = values
		}
		if status, _ := finance.send(http.MethodPost, "/console/ledger/settlement/38", form); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, status)
		}
	}
	for _, address := range []string{"99", "x"} {
		if status, _ := finance.send(http.MethodGet, "/console/ledger/settlement/"+address, nil); status != http.StatusNotFound {
			t.Errorf("%s: %d", address, status)
		}
	}
	for address, want := range map[string]string{
		"?from=2025-09-30&to=2025-09-01": "The first day is after the last",
		"?from=2025-09-30":               "Give both days",
	} {
		for _, page := range []string{"", "/38"} {
			status, text := finance.send(http.MethodGet, "/console/ledger/settlement"+page+address, nil)
			if status != http.StatusUnprocessableEntity || !strings.Contains(text, want) {
				t.Errorf("%s%s: %d %s", page, address, status, text)
			}
		}
	}
}

func TestOnlyWhoMovesMoneyBooksASettlement(t *testing.T) {
	d := newLedgerDesk(t)
	for role, want := range map[office.Role]int{
		office.Viewer: http.StatusForbidden, office.Clerk: http.StatusForbidden,
		office.Finance: http.StatusUnprocessableEntity, office.Admin: http.StatusUnprocessableEntity,
	} {
		if status, _ := d.as(role, "en").send(http.MethodPost, "/console/ledger/settlement/38", bookFields); status != want {
			t.Errorf("%s: %d, want %d", role, status, want)
		}
	}
}

func TestASettlementIsExported(t *testing.T) {
	d := newLedgerDesk(t)
	for range 60 {
		d.redeem(d.buy())
	}
	d.wait(16 * 24 * time.Hour)
	en := d.as(office.Viewer, "en")
	if rows := en.rows("/console/ledger/settlement?format=csv"); fmt.Sprint(rows[1:]) !=
		"[[38 연남<만두> 2025-09-01 2025-09-30 60 240000 30000 To be settled 30000]]" {
		t.Error(rows)
	}
	items := en.rows("/console/ledger/settlement/38?format=csv")
	if len(items) != 61 || items[1][3] != "만두 5개" || items[1][4] != "demo" || items[1][8] != "500" {
		t.Error(len(items), items[1])
	}
	page := en.raw(http.MethodGet, "/console/ledger/settlement/38", nil).Body.String()
	next := regexp.MustCompile(`href="([^"]*after=[^"]*)" rel="next"`).FindStringSubmatch(page)
	if next == nil || strings.Count(page, "<td>점장</td>") != 50 {
		t.Fatal(page)
	}
	page = en.raw(http.MethodGet, strings.ReplaceAll(next[1], "&amp;", "&"), nil).Body.String()
	if n := strings.Count(page, "<td>점장</td>"); n != 10 {
		t.Errorf("%d on the second page", n)
	}
	sheet := en.raw(http.MethodGet, "/console/ledger/settlement?format=xlsx", nil)
	body, _ := io.ReadAll(sheet.Body) // of a recorder: never fails
	file, err := excelize.OpenReader(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // only read
	if cell, err := file.GetCellValue("Sheet1", "G2"); cell != "30000" || err != nil {
		t.Error(cell, err)
	}
	name := sheet.Header().Get("Content-Disposition")
	if !strings.Contains(name, "settlement-2025-09-01-2025-09-30-") || !strings.HasSuffix(name, `.xlsx"`) {
		t.Error(name)
	}
}

func TestTheJournalIsOfAnAccountOrAPartner(t *testing.T) {
	d := newLedgerDesk(t)
	page := d.as(office.Viewer, "ko")
	page.sees("/console/ledger/journal?account=bank&partner=demo", "계정과 매체사 중 하나만", "조건에 맞는 거래가 없습니다")
}
