package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

func TestEveryTextIsThereInBothLanguages(t *testing.T) {
	for name, both := range texts {
		if both[0] == "" || both[1] == "" || strings.Count(both[0], "%") != strings.Count(both[1], "%") {
			t.Errorf("%s: %q, %q", name, both[0], both[1])
		}
	}
	for _, reason := range []string{soldOut, heldByOthers, gone, lapsed, repriced, busy, unavailable, givenUp} {
		for _, kind := range []string{"reason-", "advice-"} {
			if _, ok := texts[kind+reason]; !ok {
				t.Errorf("there is no text %s%s", kind, reason)
			}
		}
	}
	for _, kind := range []string{noticeUsed, noticeUndone, noticeCancelled, noticeExpiring, noticeExpired, noticeWithdrawn} {
		if _, ok := texts["notice-"+kind]; !ok {
			t.Errorf("there is no text for the notice %s", kind)
		}
	}
}

func TestTheLanguageIsTheVisitors(t *testing.T) {
	for header, want := range map[string]string{
		"": "ko", "en": "en", "en-US,en;q=0.9,ko;q=0.8": "en", "ko-KR,ko;q=0.9,en;q=0.8": "ko", "fr": "ko", "fr,en;q=0.5": "en",
		"en;q=0,ko": "ko", "de;q=x": "ko",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept-Language", header)
		if got := languageOf(r); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
		r.AddCookie(&http.Cookie{Name: cookieLanguage, Value: "en"})
		if got := languageOf(r); got != "en" {
			t.Errorf("%q: the choice does not count", header)
		}
	}
}

func TestTheLanguageSwitchLeadsNowhereElse(t *testing.T) {
	h := newHouse(t)
	for back, want := range map[string]string{
		"/mine": "/mine", "https://evil.example/": "/", "//evil.example/": "/", "": "/", "javascript:alert(1)": "/", `/\evil.example`: "",
	} {
		b := h.browser()
		b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		p := b.post("/language", url.Values{"language": {"en"}, "back": {back}})
		to := p.header.Get("Location")
		if p.status != http.StatusSeeOther || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
			t.Errorf("%q leads to %q", back, to)
		}
		if want != "" && to != want {
			t.Errorf("%q leads to %q, want %q", back, to, want)
		}
		b.http.CheckRedirect = nil
		b.get("/").wants(t, http.StatusOK, `lang="en"`)
	}
}

func TestAnotherSitesPageCannotBuy(t *testing.T) {
	h := newHouse(t)
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		req, err := http.NewRequest(http.MethodPost, h.web.URL+choco+"/buy", http.NoBody)
		h.must(err)
		req.Header.Set(name, value)
		resp, err := http.DefaultClient.Do(req)
		h.must(err)
		_ = resp.Body.Close() // the status says all
		if resp.StatusCode != http.StatusForbidden || len(resp.Cookies()) != 0 {
			t.Errorf("%s: %s answers %s", name, value, resp.Status)
		}
	}
}

func TestPagesAllowNothingFromElsewhere(t *testing.T) {
	h := newHouse(t)
	p := h.browser().get("/")
	if policy := p.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	for _, forbidden := range []string{"style=\"", "onclick=", "<style", h.server.URL} {
		if strings.Contains(p.body, forbidden) {
			t.Errorf("the page has %s", forbidden)
		}
	}
	if len(p.header.Values("Set-Cookie")) != 0 {
		t.Error("who only looks around gets a cookie")
	}
}

func TestSearchKnowsKorean(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	for _, words := range []string{"초코에몽", "ㅊㅋㅇㅁ", "  초콜릿   초코 "} {
		b.get("/search?q="+url.QueryEscape(words)).wants(t, http.StatusOK, clienttest.ChocoName)
	}
	b.get("/search?q="+url.QueryEscape("없는말")).wants(t, http.StatusOK, "찾는 상품이 없습니다")
	b.get("/search?q="+strings.Repeat("a", 5000)).wants(t, http.StatusOK, "찾는 상품이 없습니다")
	b.get("/search").wants(t, http.StatusOK, "검색")
	b.get("/search?q="+url.QueryEscape(`"><script>alert(1)</script>`)).wants(t, http.StatusOK, "&lt;script&gt;")
}

func TestListsAreChosenSortedAndCut(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	for _, path := range []string{
		"/list/gifticon", "/list/star", "/list/gifticon?sort=cheap", "/list/gifticon?category=6", "/list/gifticon?category=6&place=4",
		"/list/star?page=99", "/list/gifticon?page=-1&category=x",
	} {
		b.get(path).wants(t, http.StatusOK, `class="item"`)
	}
	b.get("/list/gifticon?category=999").wants(t, http.StatusOK, "찾는 상품이 없습니다")
	for _, path := range []string{"/list/cars", "/nowhere", "/item/gifticon/x/y", "/orders/none"} {
		b.get(path).wants(t, http.StatusNotFound, "없는 페이지")
	}
	b.get("/item/gifticon/999999999").wants(t, http.StatusOK, "팔지 않는")
}

// TestTheShelvesFollowTheStock: sold out, and dearer or cheaper at midnight.
func TestTheShelvesFollowTheStock(t *testing.T) {
	h := newHouse(t)
	choco := key{client.Gifticon, clienttest.ChocoOffer}
	shelves := func() *shelves {
		h.must(h.shop.catalogue.follow(t.Context()))
		return h.shop.catalogue.shelves()
	}
	all := len(shelves().items)
	before := shelves().items[choco].Price
	h.server.Advance(clienttest.ChocoLastDay.Start().AddDate(0, 0, -60).Sub(h.server.Now()))
	if it := shelves().items[choco]; it == nil || it.Price == before {
		t.Errorf("%d won did not turn", before)
	}
	for {
		offer, err := h.api.Offer(t.Context(), clienttest.ChocoOffer)
		if err == nil {
			_, err = h.api.Purchase(t.Context(), client.PurchaseRequest{
				Items: []client.Item{{OfferID: offer.ID, Quantity: 1}}, Total: offer.Price,
			})
		}
		if err != nil {
			break
		}
	}
	h.eventually("the shelf is empty", func() bool { return shelves().items[choco] == nil })
	h.browser().post("/item/gifticon/18411/buy", nil).wants(t, http.StatusConflict, "다 팔렸습니다")
	h.server.Advance(5 * 365 * 24 * time.Hour)
	if n := len(shelves().items); n >= all {
		t.Errorf("%d items of %d are left after 5 years", n, all)
	}
}

func TestPicturesComeFromTheServerOnly(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	pictures := h.shop.pictures
	// The sample of such a server has no pictures but those of vouchers.
	order, err := h.api.Purchase(t.Context(), client.PurchaseRequest{
		Items: []client.Item{{OfferID: clienttest.ChocoOffer, Quantity: 1}}, Total: clienttest.ChocoPrice,
	})
	h.must(err)
	at := pictures.address(strings.Replace(order.Vouchers[0].BarcodeURL, h.server.URL, "https://pictures.example", 1))
	for range 2 {
		if p := b.get(at); p.status != http.StatusOK || !strings.HasPrefix(p.header.Get("Content-Type"), "image/") {
			t.Errorf("%s answers %d, %v", at, p.status, p.header)
		}
	}
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the shop looks into its network") }))
	defer inside.Close()
	for path, want := range map[string]int{
		pictures.address(inside.URL + "/secret.png"):              http.StatusBadGateway, // the API has none of this path
		pictures.address("/readyz"):                               http.StatusBadGateway, // this is no picture
		pictures.address("/console"):                              http.StatusBadGateway, // nor is what this leads to
		picturePath + "x/UPLOAD/a.png":                            http.StatusNotFound,
		strings.Replace(at, "/UPLOAD/", "/UPLOAD/../console/", 1): http.StatusNotFound,
		picturePath + pictures.sign("/readyz") + "/UPLOAD/a.png":  http.StatusNotFound,
		picturePath + url.PathEscape(inside.URL) + "/a.png":       http.StatusNotFound,
		strings.TrimSuffix(at, ".png"):                            http.StatusNotFound,
	} {
		if p := b.get(path); p.status != want {
			t.Errorf("%s answers %d, want %d", path, p.status, want)
		}
	}
}

func TestPicturesThatAreKeptHaveABound(t *testing.T) {
	h := newHouse(t)
	p := h.shop.pictures
	for i := range 100 {
		p.keep(&picture{path: text64(int64(i)), body: make([]byte, biggestPicture)})
	}
	if p.size > keptPictures || len(p.known) != p.order.Len() || p.kept("0") != nil || p.kept("99") == nil {
		t.Errorf("%d bytes in %d pictures", p.size, len(p.known))
	}
}

func TestAnAddressOrAKeyThatCannotBeMeantIsRefused(t *testing.T) {
	t.Setenv("BASE_URL", "")
	for _, args := range [][]string{
		{}, {"--credentials", "/nowhere.json"}, {"--what"}, {"extra"}, {"--public-url", "ftp://x"}, {"--give-up-after", "-1s"},
	} {
		if cfg, err := readConfig(args); err == nil {
			t.Errorf("%s: %+v", args, cfg)
		}
	}
	t.Setenv("BASE_URL", "https://gift.example")
	t.Setenv("PARTNERKEY", "k")
	t.Setenv("PARTNERTOKEN", "t")
	if cfg, err := readConfig([]string{"--public-url", "https://shop.example/"}); err != nil || cfg.PublicURL != "https://shop.example" {
		t.Errorf("%+v, %v", cfg, err)
	}
}
