package partnerv2_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/partnerv2"
)

// sameJSON compares JSON texts, but not their order of members.
func sameJSON(t *testing.T, what, got, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Fatalf("%s: %v in %s", what, err, got)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const (
	chocoJSON = `{"id":1,"kind":"gifticon","status":"on_sale","product":{"id":27935,"name":"남양)초콜릿드링크초코에몽190ML",
"image_url":"https://gift.example/UPLOAD/p.png"},"brand":{"id":4,"name":"CU"},"category":{"id":6,"name":"마트,편의점"},
"face_value":1400,"price":940,"prices":{"over_60_days":940,"over_30_days":930,"last_30_days":462},"discount_percent":33,
"last_day":"2025-12-31","once_per_partner":false}`
	couponJSON = `{"id":1350,"kind":"star","status":"on_sale","campaign":{"id":188,"name":"김말이","product":"김말이 3개","condition":"",
"image_url":""},"shop":{"id":37,"name":"너랑나랑분식","image_url":"","province":"서울특별시","district":"마포구","town":"연남동","map_url":""},
"category":{"id":15,"name":"분식"},"free":true,"face_value":0,"price":0,"discount_percent":0,"last_day":"2025-12-31",
"once_per_partner":false}`
)

func TestTheCatalogueIsShownAsTheContractHasIt(t *testing.T) {
	s := openShowroom(t)
	s.Stock(1, 2)
	s.refresh(0)
	for path, want := range map[string]string{
		"partner": `{"id":"demo","title":"데모 매체","mode":"live","daily_limit":7,"duplicate_window_seconds":10,
"clock":"2025-09-15T12:00:00.000+09:00"}`,
		"categories": `{"data":[{"id":6,"kind":"gifticon","name":"마트,편의점","image_url":"https://gift.example/UPLOAD/6.svg"},
{"id":15,"kind":"star","name":"분식","image_url":"https://gift.example/UPLOAD/15.svg"}]}`,
		"categories?kind=star": `{"data":[{"id":15,"kind":"star","name":"분식","image_url":"https://gift.example/UPLOAD/15.svg"}]}`,
		"brands":               `{"data":[{"id":4,"category_id":6,"name":"CU","image_url":"https://gift.example/UPLOAD/b.png","in_use":true}]}`,
		"brands?category_id=7": `{"data":[]}`,
		"offers/1":             chocoJSON,
		"coupons/1350":         couponJSON,
	} {
		w := s.get(path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json; charset=utf-8" || w.Header().Get("Content-Language") != "ko" {
			t.Errorf("%s: HTTP %d, %v", path, w.Code, w.Header())
		}
		sameJSON(t, path, w.Body.String(), want)
	}
	for path, want := range map[string]string{"offers": chocoJSON, "coupons": couponJSON, "offers?brand_id=5": "", "coupons?maker_id=x": ""} {
		var list offerList
		s.read(0, path, &list)
		if want == "" {
			if len(list.Data) != 0 || *list.Total != 0 {
				t.Errorf("%s: %+v", path, list)
			}
			continue
		}
		if *list.Total != 1 || list.Sync == "" || list.Next != "" {
			t.Errorf("%s: %+v", path, list)
		}
		got := s.get(path).Body.String()
		sameJSON(t, path, got[len(`{"data":[`):strings.Index(got, `],"total"`)], want)
	}
	if a := s.last(); !strings.HasPrefix(a.Endpoint, "v2 GET ") || a.Code != office.Success || a.Partner != s.partner || a.Writes {
		t.Errorf("noted: %+v", a)
	}
}

func TestWhatCannotBeAskedIsAProblem(t *testing.T) {
	s := openShowroom(t)
	s.Stock(1, 2)
	s.refresh(0)
	many := url.QueryEscape(strings.Join(strings.Split("가나다라마바사아자차카타파하거너더", ""), " "))
	for path, want := range map[string]string{
		"offers/2":                             "offer-not-found M ",
		"offers/1350":                          "offer-not-found M ",
		"coupons/1":                            "offer-not-found M ",
		"offers/x":                             "parameter-invalid Q id",
		"offers/0":                             "parameter-invalid Q id",
		"coupons/-1":                           "parameter-invalid Q id",
		"offers?colour=red":                    "parameter-invalid Q colour",
		"offers?category_id=0":                 "parameter-invalid Q category_id",
		"offers?category_id=1&category_id=2":   "parameter-invalid Q category_id",
		"offers?max_price=-1":                  "parameter-invalid Q max_price",
		"offers?limit=201":                     "parameter-invalid Q limit",
		"offers?sort=best":                     "parameter-invalid Q sort",
		"offers?shop_id=1":                     "parameter-invalid Q shop_id",
		"offers?q=" + many:                     "parameter-invalid Q q",
		"offers?cursor=AAAA":                   "parameter-invalid Q cursor",
		"offers?updated_since=AAAA":            "parameter-invalid Q updated_since",
		"offers?updated_since=AgICAg&sort=id":  "parameter-invalid Q sort",
		"offers?updated_since=AoCJegICAgICAgI": "parameter-invalid Q updated_since",
		"coupons?brand_id=1":                   "parameter-invalid Q brand_id",
		"coupons?province=" + url.QueryEscape("서울특별구"):                                          "parameter-invalid L province",
		"coupons?province=" + url.QueryEscape("서울") + "&district=" + url.QueryEscape("수원시"):     "parameter-invalid L district",
		"coupons?district=" + url.QueryEscape("없는구"):                                            "parameter-invalid L district",
		"coupons?town=" + url.QueryEscape("연남"):                                                 "parameter-invalid L town",
		"coupons?province=" + url.QueryEscape("서울") + "&town=" + url.QueryEscape("연남") + "&x=y": "parameter-invalid L town",
		"categories?kind=both":        "parameter-invalid Q kind",
		"brands?kind=star":            "parameter-invalid Q kind",
		"partner?full=1":              "parameter-invalid Q full",
		"offers?q=%zz":                "parameter-invalid Q query",
		"offers/1?x=1":                "parameter-invalid Q x",
		"offers/1/vouchers":           "not-found L ",
		"offers/99999999999999999999": "parameter-invalid Q id",
	} {
		w := s.get(path)
		var p struct{ Type, Code, Parameter string }
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s: %v in %s", path, err, w.Body)
		}
		if got := strings.TrimPrefix(p.Type, "urn:giftimbiz:problem:") + " " + p.Code + " " + p.Parameter; got != want || w.Code < 400 {
			t.Errorf("%s: HTTP %d, %s; want %s", path, w.Code, got, want)
		}
		if w.Header().Get("ETag") != "" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
}

func TestPlacesAreFoundByTheirShortNames(t *testing.T) {
	s := openShowroom(t)
	s.Stock(1, 2)
	s.refresh(0)
	for query, want := range map[string]int{
		"province=서울&district=마포구&town=연남동": 1, "province=경기": 0, "district=마포구": 1, "q=김말이": 1, "q=ㄴㄹㄴㄹ": 1, "shop_id=37&category_id=15": 1,
	} {
		values, _ := url.ParseQuery(query)
		var list offerList
		if s.read(0, "coupons?"+values.Encode(), &list); *list.Total != want {
			t.Errorf("%s: %d", query, *list.Total)
		}
	}
}

func TestWhoHasAnAnswerAlreadyIsToldSo(t *testing.T) {
	s := openShowroom(t)
	s.Stock(2, 1)
	s.refresh(0)
	paths := []string{"categories", "brands?category_id=6", "offers?limit=1", "coupons?sort=id", "offers/1", "coupons/1350"}
	tags := map[string]string{}
	for _, path := range paths {
		w := s.get(path)
		tag := w.Header().Get("ETag")
		if !strings.HasPrefix(tag, `W/"`) || w.Header().Get("Cache-Control") != "private, no-cache" {
			t.Fatalf("%s: %v", path, w.Header())
		}
		for _, sent := range []string{tag, strings.TrimPrefix(tag, "W/"), `W/"other", ` + tag, "*"} {
			again := s.get(path, "If-None-Match", sent)
			if again.Code != http.StatusNotModified || again.Body.Len() != 0 || again.Header().Get("ETag") != tag {
				t.Errorf("%s, %s: HTTP %d, %s", path, sent, again.Code, again.Body)
			}
		}
		if other := s.get(path, "If-None-Match", `W/"other"`); other.Code != http.StatusOK {
			t.Errorf("%s: HTTP %d", path, other.Code)
		}
		tags[path] = tag
	}
	changes := map[string]func(){
		"a sale": func() { s.nodes[0].catalog.Remove(2) },
		"a change": func() {
			s.reprice()
			s.refresh(0)
		},
		"midnight":           func() { s.shown.Advance(12 * time.Hour) },
		"others' popularity": func() { _ = s.nodes[0].catalog.RefreshPopularity(t.Context()) },
	}
	for _, name := range []string{"a sale", "a change", "midnight", "others' popularity"} {
		changes[name]()
		for _, path := range paths {
			w := s.get(path, "If-None-Match", tags[path])
			if w.Code != http.StatusOK || w.Header().Get("ETag") == tags[path] {
				t.Errorf("%s after %s: HTTP %d", path, name, w.Code)
			}
			tags[path] = w.Header().Get("ETag")
		}
	}
	if none := s.get("offers/99", "If-None-Match", "*"); none.Code != http.StatusNotFound {
		t.Errorf("what is not there: HTTP %d", none.Code)
	}
}

// reprice gives the first offer another price.
func (s *showroom) reprice() {
	s.t.Helper()
	o, err := s.DB.OfferByID(s.t.Context(), 1)
	if err != nil {
		s.t.Fatal(err)
	}
	o.Tiers.Far++
	if err := s.DB.ChangeOffer(s.t.Context(), o.Offer, o.Version, s.Clock.Now()); err != nil {
		s.t.Fatal(err)
	}
}

// TestPagesAreTheWholeList in each order, whatever the size of a page.
func TestPagesAreTheWholeList(t *testing.T) {
	s := openShowroom(t)
	s.Stock(23, 1, func(o *gift.Offer) {
		o.Tiers.Far = gift.Won(900 + 10*(o.ID%5))
		o.LastDay += gift.Day(o.ID % 3)
	})
	s.refresh(0)
	for _, sort := range []string{"popular", "price_desc", "price_asc", "discount_desc", "discount_asc", "id"} {
		var whole offerList
		s.read(0, "offers?limit=200&sort="+sort, &whole)
		if len(whole.Data) != 23 || *whole.Total != 23 || whole.Next != "" {
			t.Fatalf("%s: %d of %d", sort, len(whole.Data), *whole.Total)
		}
		for _, limit := range []int{1, 4, 22, 23} {
			var rows []offerShown
			path := fmt.Sprintf("offers?sort=%s&limit=%d", sort, limit)
			for next := path; next != ""; {
				var page offerList
				s.read(0, next, &page)
				rows = append(rows, page.Data...)
				if next = ""; page.Next != "" {
					next = path + "&cursor=" + page.Next
				}
				if page.Sync != whole.Sync || *page.Total != 23 {
					t.Fatalf("%s: %+v", path, page)
				}
			}
			if diff := cmp.Diff(whole.Data, rows); diff != "" {
				t.Errorf("%s: (-whole +pages)\n%s", path, diff)
			}
		}
	}
	if !slices.IsSortedFunc(mustList(s, "offers?sort=price_asc").Data, func(a, b offerShown) int { return int(a.Price - b.Price) }) {
		t.Error("not by price")
	}
}

func mustList(s *showroom, path string) (list offerList) {
	s.t.Helper()
	s.read(0, path, &list)
	return list
}

func TestACursorBelongsToItsFilters(t *testing.T) {
	s := openShowroom(t)
	s.Stock(5, 1)
	s.refresh(0)
	next := mustList(s, "offers?limit=2&sort=id&brand_id=4").Next
	if list := mustList(s, "offers?brand_id=4&limit=1&cursor="+next+"&sort=id"); len(list.Data) != 1 || list.Data[0].ID != 3 {
		t.Errorf("another page size, and another order of parameters: %+v", list)
	}
	feed := mustList(s, "offers?updated_since="+mustList(s, "offers").Sync)
	for _, path := range []string{
		"offers?limit=2&sort=id&cursor=", "offers?sort=id&brand_id=4&q=x&cursor=", "offers?sort=popular&brand_id=4&cursor=",
		"coupons?sort=id&cursor=", "offers?updated_since=" + feed.Sync + "&brand_id=4&cursor=",
	} {
		if w := s.get(path + next); w.Code != http.StatusBadRequest {
			t.Errorf("%s: HTTP %d, %s", path, w.Code, w.Body)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		broken := []byte(next)
		switch at := r.IntN(len(broken)); r.IntN(3) {
		case 0:
			broken = broken[:at]
		case 1:
			broken[at] = 'A' + byte(r.IntN(26))
		case 2:
			broken = append(broken, 'A')
		}
		if w := s.get("offers?sort=id&brand_id=4&cursor=" + string(broken)); w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
			t.Fatalf("%s: HTTP %d", broken, w.Code)
		}
	}
}

func TestWhatAClockShowsIsThePartnersOwn(t *testing.T) {
	s := openShowroom(t)
	s.shown.Advance(1500 * time.Millisecond)
	if got := s.get("partner").Body.String(); !strings.Contains(got, `"clock":"2025-09-15T12:00:01.500+09:00"`) {
		t.Error(got)
	}
}

func TestPathsOfTheAPIAreItsOwn(t *testing.T) {
	for path, want := range map[string]bool{
		"/api/v2/offers": true, "/api/v2/offers/1": true, "/api/v2/token": true, "/api/v2/partner": true, "/api/v2/coupons": true,
		"/api/v2/categories": true, "/api/v2/brands": true, "/api/v2/": true, "/api/v2": true, "/api/v2/offer": true,
		"/api/v2//offers": true, "/api/v2/giftimbiz/listAll": false, "/api/v2/common": false, "/api/v2/gifticon/getQRImg": false,
		"/api/v1/offers": false, "/api/v20/offers": false, "/api/v3/offers": false,
	} {
		if got := partnerv2.Owns(path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
	for path, want := range map[string]bool{"/api/v2/events": true, "/api/v2/offers": false} {
		if got := partnerv2.Waits(httptest.NewRequest(http.MethodGet, path, http.NoBody)); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}
