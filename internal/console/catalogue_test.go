package console_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
)

// stockroom is a console over a database with stock, and a browser for each role.
type stockroom struct {
	*storagetest.House
	vault   *vault.Vault
	handler http.Handler
	node    *catalog.Catalog // as a node shows it to partners
	cookies map[office.Role]string
}

func newStockroom(t *testing.T) *stockroom {
	t.Helper()
	h, _ := openHouse(t)
	h.Stock(3, 2)
	s := &stockroom{House: h, vault: newVault(t), cookies: map[office.Role]string{}}
	s.handler = openConsole(h, s.vault, nil)
	s.node = catalog.New(h.DB, h.Clock, func(dst []byte, v *catalog.View) []byte {
		return fmt.Appendf(dst, "%d %d", v.Offer.ID, v.Price)
	})
	for _, role := range office.Roles() {
		s.cookies[role] = signedIn(h, role)
	}
	return s
}

// ask sends a request as somebody of a role: a form, or GET without one.
func (s *stockroom) ask(role office.Role, path string, form url.Values, cookies ...*http.Cookie) *http.Response {
	s.T.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "http://console.test/console/catalogue"+path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.AddCookie(&http.Cookie{Name: "giftimbiz", Value: s.cookies[role]})
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Result()
}

func textOf(t testing.TB, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// page returns a page as the clerk sees it.
func (s *stockroom) page(path string, cookies ...*http.Cookie) string {
	s.T.Helper()
	res := s.ask(office.Clerk, path, nil, cookies...)
	if body := textOf(s.T, res); res.StatusCode == http.StatusOK {
		return body
	}
	s.T.Fatalf("%s: %s", path, res.Status)
	return ""
}

// send posts a form as the clerk, and returns where it led to with what was said there.
func (s *stockroom) send(path string, pairs ...string) (address, page string) {
	s.T.Helper()
	res := s.ask(office.Clerk, path, formOf(pairs))
	if res.StatusCode != http.StatusSeeOther {
		s.T.Fatalf("%s: %s\n%s", path, res.Status, wrongs(textOf(s.T, res)))
	}
	address = strings.TrimPrefix(res.Header.Get("Location"), "/console/catalogue")
	return address, s.page(address, res.Cookies()...)
}

// refused posts a form that is not taken, and returns the page with the reasons.
func (s *stockroom) refused(status int, path string, pairs ...string) string {
	s.T.Helper()
	res := s.ask(office.Clerk, path, formOf(pairs))
	body := textOf(s.T, res)
	if res.StatusCode != status {
		s.T.Errorf("%s: %s, want %d\n%s", path, res.Status, status, wrongs(body))
	}
	return body
}

func formOf(pairs []string) url.Values {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func wrongs(page string) string {
	return strings.Join(regexp.MustCompile(`(?s)<p class="(?:wrong|error)".*?</p>|<h1>.*?</h1>`).FindAllString(page, -1), "\n")
}

// hidden returns the value of a hidden input.
func hidden(t testing.TB, page, name string) string {
	t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no %s on the page", name)
	}
	return found[1]
}

// sold returns what a node shows of all gifticons: number and price.
func (s *stockroom) sold() string {
	s.T.Helper()
	if _, err := s.node.Refresh(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
	var rows []string
	for _, row := range s.node.Index().Gifts(catalog.GiftQuery{MaxPrice: -1, Limit: 100}).Rows {
		rows = append(rows, string(row.Wire))
	}
	return strings.Join(rows, ", ")
}

var cataloguePages = []string{
	"", "?q=CU", "?q=1", "?q=없음", "/offers", "/offers?kind=2", "/offers?q=초코", "/offers?state=expiring&days=200", "/offers?product=27935",
	"/offers?brand=4&state=sale", "/offers?campaign=188", "/offers?shop=37", "/offers?state=stopped", "/offers/1", "/offers/1?unit=free",
	"/units/100001", "/products", "/products?q=초코&parent=4", "/products/27935", "/brands", "/brands/4", "/categories?kind=1", "/categories/6",
	"/shops", "/shops/37", "/sellers", "/sellers/1", "/campaigns", "/campaigns/188", "/coupons", "/coupons?offer=1350&unit=free",
	"/coupons?q=99", "/prices", "/prices/preview",
}

func TestEveryPageOfTheCatalogueIsShownInBothLanguages(t *testing.T) {
	s := newStockroom(t)
	for _, path := range cataloguePages {
		for _, lang := range []string{"ko", "en"} {
			res := s.ask(office.Viewer, path, nil, &http.Cookie{Name: "giftimbiz-language", Value: lang})
			body := textOf(t, res)
			if res.StatusCode != http.StatusOK || !strings.Contains(body, `<html lang="`+lang+`">`) {
				t.Errorf("%s in %s: %s", path, lang, res.Status)
			}
			for _, form := range regexp.MustCompile(`(?s)<form method="post" action="/console/catalogue.*?</form>`).FindAllString(body, -1) {
				if strings.Contains(form, "<button") {
					t.Errorf("%s offers a viewer to change something", path)
				}
			}
		}
	}
	for _, path := range []string{"/offers/99", "/brands/99", "/units/1", "/offers/x", "/products/x"} {
		if res := s.ask(office.Viewer, path, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
}

func TestOnlyWhoMayEditStockChangesTheCatalogue(t *testing.T) {
	s := newStockroom(t)
	for _, path := range []string{
		"/brands/new", "/brands/4", "/categories/new", "/categories/6", "/products/new", "/products/27935", "/shops/new", "/shops/37",
		"/sellers/new", "/sellers/1", "/campaigns/new", "/campaigns/188", "/offers/1", "/offers/1/sale", "/units/100001/withdraw",
		"/units/100001/restore", "/coupons", "/prices", "/prices/1/remove", "/prices/apply",
	} {
		for _, role := range office.Roles() {
			res := s.ask(role, path, url.Values{})
			if forbidden := res.StatusCode == http.StatusForbidden; forbidden == role.May(office.EditStock) {
				t.Errorf("%s by a %s: %s", path, role, res.Status)
			}
		}
	}
	if got := s.sold(); got != "1 940, 2 940, 3 940" {
		t.Errorf("an empty form changed something: %s", got)
	}
}

func TestAnOfferIsChangedFromItsPage(t *testing.T) {
	s := newStockroom(t)
	form := func(far, day string) []string {
		return []string{
			"version", hidden(t, s.page("/offers/1"), "version"), "far", far, "mid", "930", "near", "462", "last_day", day,
		}
	}
	if page := s.refused(422, "/offers/1", form("1401", "2025-12-31")...); !strings.Contains(page, "액면가 1,400원보다 높을 수 없습니다.") {
		t.Error(wrongs(page))
	}
	if page := s.refused(422, "/offers/1", form("940", "2025-09-14")...); !strings.Contains(page, "지난 날짜로 바꿀 수 없습니다.") ||
		!strings.Contains(page, `value="2025-09-14"`) {
		t.Error(wrongs(page))
	}
	for _, bad := range [][]string{form("-1", "2025-12-31"), form("", "2025-12-31"), form("9.5", "2025-12-31"), form("940", "soon")} {
		s.refused(422, "/offers/1", bad...)
	}
	read := form("1,000", "2026-01-31")
	if address, page := s.send("/offers/1", read...); address != "/offers/1" || !strings.Contains(page, `role="status">저장했습니다.`) {
		t.Error(address)
	}
	if got := s.sold(); got != "2 940, 3 940, 1 1000" && got != "1 1000, 2 940, 3 940" {
		t.Errorf("partners see %s", got)
	}
	s.refused(409, "/offers/1", read...)

	list := s.page("/offers?state=sale")
	version := regexp.MustCompile(`(?s)offers/2/sale.*?name="version" value="(\d+)"`).FindStringSubmatch(list)[1]
	address, page := s.send("/offers/2/sale", "version", version, "to", "stop", "back", "/console/catalogue/offers?state=sale")
	if address != "/offers?state=sale" || strings.Contains(page, "offers/2/sale") || !strings.Contains(page, "판매를 중지했습니다.") {
		t.Error(address)
	}
	if got := s.sold(); strings.Contains(got, "2 ") {
		t.Errorf("partners see %s", got)
	}
	s.refused(409, "/offers/2/sale", "version", version, "to", "stop")
	s.send("/offers/2/sale", "version", hidden(t, s.page("/offers/2"), "version"), "to", "resume")
	if got := s.sold(); !strings.Contains(got, "2 940") {
		t.Errorf("partners see %s", got)
	}
}

func TestACatalogueIsMadeByHand(t *testing.T) {
	s := newStockroom(t)
	if page := s.refused(422, "/categories/new", "kind", "3", "thumb", "http://x", "sort", "a"); strings.Count(page, `class="wrong"`) != 4 {
		t.Error(wrongs(page))
	}
	category, _ := s.send("/categories/new", "kind", "1", "name", "카페", "sort", "3", "thumb", "/UPLOAD/c.png")
	s.refused(422, "/categories/new", "kind", "1", "name", "카페", "sort", "3") // sent twice
	_, id, _ := strings.Cut(category[1:], "/")
	brand, _ := s.send("/brands/new", "name", "빈브라더스", "category", id, "in_use", "on")
	s.refused(422, "/brands/new", "name", "x", "category", "15") // of star coupons
	_, id, _ = strings.Cut(brand[1:], "/")
	product, _ := s.send("/products/new", "name", "라떼", "brand", id, "face", "5000")
	s.refused(422, "/products/new", "name", "라떼", "brand", "99", "face", "5000")
	version := hidden(t, s.page(product), "version")
	s.send(product, "version", version, "name", "오트 라떼", "brand", id, "face", "5500")
	s.refused(409, product, "version", version, "name", "라떼", "brand", id, "face", "5000")
	if page := s.page("/products?q=라떼"); !strings.Contains(page, "오트 라떼") || !strings.Contains(page, "5,500") {
		t.Error("the product is not listed")
	}
	shop, _ := s.send("/shops/new", "name", "한입분식", "category", "15", "province", "서울특별시", "district", "마포구", "map_url", "https://map.example/1")
	s.refused(422, "/shops/new", "name", "x", "category", "15", "province", "x", "district", "x", "map_url", "javascript:alert(1)")
	_, id, _ = strings.Cut(shop[1:], "/")
	seller, said := s.send("/sellers/new", "name", "점장", "shop", id)
	s.codeWorks(seller, said)
	campaign, _ := s.send("/campaigns/new", "coupon_name", "튀김", "product", "모둠튀김", "shop", id, "org_price", "5000", "discount", "4000",
		"price", "4000", "member", "shop", "terms", "점심 제외")
	page := s.page(campaign)
	if !strings.Contains(page, "점심 제외") {
		t.Error("the terms are lost")
	}
	s.refused(422, campaign, "version", hidden(t, page, "version"), "coupon_name", "튀김", "product", "모둠튀김", "shop", id,
		"org_price", "5000", "discount", "5001", "price", "4000", "member", "shop")

	_, said = s.send(seller, "version", hidden(t, s.page(seller), "version"), "name", "점장", "shop", id, "new_code", "on")
	s.codeWorks(seller, said)
	if _, said = s.send(seller, "version", hidden(t, s.page(seller), "version"), "name", "새 점장", "shop", id); codeIn(said) != "" {
		t.Error("a code is shown that was not made")
	}
}

func codeIn(page string) string {
	return regexp.MustCompile(`관리자 코드: (\d{6})`).FindString(page)
}

// codeWorks looks for a manager code in what was said, and whether it is the seller's.
func (s *stockroom) codeWorks(seller, said string) {
	s.T.Helper()
	_, id, _ := strings.Cut(seller[1:], "/")
	var number int64
	if _, err := fmt.Sscan(id, &number); err != nil {
		s.T.Fatal(err)
	}
	stored, err := s.DB.Seller(s.T.Context(), number)
	if err != nil || stored == nil {
		s.T.Fatal(stored, err)
	}
	code := codeIn(said)
	ok, err := s.vault.CheckCode(s.T.Context(), stored.CodeHash, code[max(0, len(code)-6):])
	if !ok || err != nil {
		s.T.Errorf("the code shown does not work: %v", err)
	}
	if codeIn(s.page(seller)) != "" {
		s.T.Error("the code is shown again")
	}
}

func TestABadVoucherIsFoundByItsNumberAndWithdrawn(t *testing.T) {
	s := newStockroom(t)
	sealed, err := s.vault.Seal(7001, "4242-4242")
	if err != nil {
		t.Fatal(err)
	}
	err = s.DB.Load(t.Context(), &storage.Stock{
		Offers: []gift.Offer{{
			ID: 70, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462},
			LastDay: gift.DateOf(2025, 12, 31),
		}, {ID: 71, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, LastDay: gift.DateOf(2025, 12, 31)}},
		Units: []storage.NewUnit{{ID: 7001, OfferID: 70, Position: 1, Sealed: sealed, NumberHash: s.vault.Lookup("voucher", "4242-4242")}, {
			ID: 7002, OfferID: 71, Position: 1, Sealed: storagetest.Sealed("x"), NumberHash: s.vault.Lookup("voucher", "900012345678"),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.refused(422, "/coupons", "number", "4242")
	address, _ := s.send("/coupons", "number", " 4242-4242 ")
	if address != "/units/7001" {
		t.Fatal(address)
	}
	if address, _ := s.send("/coupons", "number", "9000 1234-5678"); address != "/units/7002" { // as it is printed
		t.Error(address)
	}
	s.refused(422, "/units/7001/withdraw", "reason", " ")
	s.send("/units/7001/withdraw", "reason", "읽히지 않음")
	s.refused(409, "/units/7001/withdraw", "reason", "again")
	if got := s.sold(); strings.Contains(got, "70 ") {
		t.Errorf("partners see %s", got)
	}
	s.send("/units/7001/restore", "reason", "읽힘")
	if got := s.sold(); !strings.Contains(got, "70 940") {
		t.Errorf("partners see %s", got)
	}
	partner := s.Partner(gift.Partner{Name: "demo"}, 10_000)
	order := s.Buy(partner, "it", 70)
	if page := s.refused(409, "/units/7001/withdraw", "reason", "late"); !strings.Contains(page, "그 사이에 팔렸습니다.") {
		t.Error(wrongs(page))
	}
	if page := s.page("/units/7001"); !strings.Contains(page, string(order.Ref)) || strings.Contains(page, "4242") {
		t.Error("the page does not name the order, or names the number")
	}
}

func TestPriceRulesAreSeenBeforeTheyAreApplied(t *testing.T) {
	s := newStockroom(t)
	rule := func(target, far string) []string {
		return []string{"target", target, "far", far, "mid", "60", "near", "50"}
	}
	for _, bad := range [][]string{rule("all:0", "100.1"), rule("all:0", "9.55"), rule("all:0", "0"), rule("all:0", ""), rule("shop:1", "50"), rule("", "50")} {
		s.refused(422, "/prices", bad...)
	}
	s.send("/prices", rule("all:0", "65.5")...)
	s.refused(422, "/prices", rule("all:0", "65.5")...)
	preview := s.page("/prices/preview")
	for _, want := range []string{"940원 → 920원", "930원 → 840원", "462원 → 700원", "−120원"} {
		if !strings.Contains(preview, want) {
			t.Errorf("the preview lacks %q", want)
		}
	}
	if got := s.sold(); got != "1 940, 2 940, 3 940" {
		t.Errorf("a preview changes prices: %s", got)
	}
	digest := hidden(t, preview, "digest")
	prices := s.page("/prices")
	s.send("/prices", "id", hidden(t, prices, "id"), "version", hidden(t, prices, "version"), "far", "70", "mid", "60", "near", "50")
	s.refused(409, "/prices/apply", "digest", digest)
	s.send("/prices/apply", "digest", hidden(t, s.page("/prices/preview"), "digest"))
	if got := s.sold(); got != "1 980, 2 980, 3 980" {
		t.Errorf("partners see %s", got)
	}
	if page := s.page("/prices/preview"); strings.Contains(page, `name="digest"`) {
		t.Error("what was applied could be applied again")
	}
	prices = s.page("/prices")
	remove := []string{"version", hidden(t, prices, "version")}
	s.send("/prices/1/remove", remove...)
	s.refused(409, "/prices/1/remove", remove...)
	s.refused(409, "/prices/0/remove", "version", "0")
}

func TestListsAreReadPageByPageAndExportedWhole(t *testing.T) {
	s := newStockroom(t)
	stock := &storage.Stock{}
	for id := int64(1); id <= 120; id++ {
		stock.Products = append(stock.Products, gift.Product{ID: 50_000 + id, BrandID: 4, Name: fmt.Sprint("물건 ", id), Face: 1000})
		stock.Offers = append(stock.Offers, gift.Offer{
			ID: 50_000 + id, Kind: gift.Gifticon, ProductID: 50_000 + id, Face: 1000, LastDay: gift.DateOf(2025, 12, 31),
		})
	}
	if err := s.DB.Load(t.Context(), stock); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/products?q=물건": 120, "/offers?state=soldout": 120, "/offers?q=물건": 100, "/offers": 124} {
		seen := map[string]bool{}
		next := path
		for range 10 {
			page := s.page(next)
			for _, row := range regexp.MustCompile(`<th scope="row" class="number"><a href="[^"]*">(\d+)`).FindAllStringSubmatch(page, -1) {
				seen[row[1]] = true
			}
			link := regexp.MustCompile(`<a href="/console/catalogue([^"]*)" rel="next"`).FindStringSubmatch(page)
			if next = ""; link == nil {
				break
			}
			next = strings.ReplaceAll(link[1], "&amp;", "&")
		}
		if len(seen) != want || next != "" {
			t.Errorf("%s: %d rows", path, len(seen))
		}
		join := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(s.page(path+join+"format=csv"), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != want+1 {
			t.Errorf("%s: %d rows exported, %v", path, len(rows), err)
		}
	}
	for _, path := range []string{"/brands", "/sellers", "/campaigns", "/coupons", "/offers/1"} {
		if body := s.page(path + "?format=xlsx"); !strings.HasPrefix(body, "PK") {
			t.Errorf("%s is no XLSX", path)
		}
	}
}

func TestAStrayFilterInAnAddressIsNoFault(t *testing.T) {
	s := newStockroom(t)
	for _, path := range []string{"/brands?kind=1", "/products?kind=2", "/categories?parent=4", "/offers?state=x&kind=9"} {
		s.page(path)
	}
}

func TestRulesThatAreBeingAppliedAreSeen(t *testing.T) {
	s := newStockroom(t)
	s.send("/prices", "target", "all:0", "far", "65.5", "mid", "60", "near", "50")
	preview := s.page("/prices/preview")
	today := gift.DayOf(s.Clock.Now())
	if _, err := s.DB.StartRepricing(t.Context(), today, hidden(t, preview, "digest"), s.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if page := s.page("/prices"); !strings.Contains(page, "가격 규칙을 적용하고 있습니다.") || !strings.Contains(page, "hx-trigger") {
		t.Error(page)
	}
	if page := s.page("/prices/preview"); strings.Contains(page, `name="digest"`) || !strings.Contains(page, "적용하고 있습니다.") {
		t.Error("rules that are being applied could be applied")
	}
	if err := s.DB.ContinueRepricing(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if page := s.page("/prices"); !strings.Contains(page, "마지막 적용") || strings.Contains(page, "적용하고 있습니다.") {
		t.Error(page)
	}
}
