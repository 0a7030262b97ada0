package redeem

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/media"
	"giftimbiz/internal/vault"
)

const (
	number  = "5678312649798802"
	grouped = "5678 3126 4979 8802"
)

// gifticon is a bought voucher, usable at noon.
func gifticon(t testing.TB) gift.BoughtItem {
	t.Helper()
	item := starCoupon()
	sealed, err := keysOnce().Seal(item.UnitID, number)
	if err != nil {
		t.Fatal(err)
	}
	item.Sealed, item.Face = sealed, 1400
	item.Offer = gift.Offer{ID: 18411, Kind: gift.Gifticon, ProductID: 27935, LastDay: lastDay}
	item.Brand, item.Product = gift.Brand{ID: 4, Name: "CU"}, gift.Product{ID: 27935, Name: "남양)초콜릿드링크초코에몽190ML", Thumb: "/UPLOAD/a.png"}
	item.Campaign, item.Shop = gift.Campaign{}, gift.Shop{}
	return item
}

// gallery is the pictures of the catalogue.
type gallery map[string]media.Picture

func (g gallery) Media(_ context.Context, path string) (*media.Picture, error) {
	p, ok := g[path]
	if !ok {
		return nil, nil
	}
	return &p, nil
}

// newVoucherHandler serves items with pictures.
func newVoucherHandler(t *testing.T, pictures Pictures, items ...gift.BoughtItem) (http.Handler, *counterAt, *Links) {
	t.Helper()
	return newVoucherHandlerOf(keysOnce(), pictures, items...)
}

// newVoucherHandlerOf is newVoucherHandler with other keys.
func newVoucherHandlerOf(keys *vault.Vault, pictures Pictures, items ...gift.BoughtItem) (http.Handler, *counterAt, *Links) {
	c := newCounterAt(items...)
	c.keys.Vault = keys
	links := NewLinks(c.keys, "https://gift.example/")
	return NewHandler(Config{
		Store: c.store, Counter: c.Counter, Links: links, Numbers: c.keys, Clock: c.clock, Pictures: pictures,
		Logger: slog.New(slog.NewTextHandler(c.log, nil)),
	}), c, links
}

// noise is a picture that cannot be made small without making it worse.
func noise(t testing.TB, size int) media.Picture {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	p := image.NewRGBA(image.Rect(0, 0, size, size))
	for i := range p.Pix {
		p.Pix[i] = byte(rng.Uint32()) | byte(i%4/3)*0xff
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return media.Picture{ContentType: "image/png", Body: b.Bytes()}
}

func TestVoucherPages(t *testing.T) {
	cases := []struct {
		name   string // of the golden file
		star   bool
		change func(*gift.BoughtItem)
		lang   string
		agent  string
	}{
		{name: "gifticon"},
		{name: "gifticon-english", lang: "en"},
		{name: "gifticon-sandbox", change: func(i *gift.BoughtItem) { i.Sandbox = true }},
		{name: "gifticon-last-day", change: func(i *gift.BoughtItem) { i.Offer.LastDay = gift.DayOf(noon) }},
		{name: "gifticon-expired", change: func(i *gift.BoughtItem) { i.Offer.LastDay = gift.DayOf(noon) - 1 }},
		{name: "gifticon-cancelled", change: func(i *gift.BoughtItem) { i.CancelledAt = noon }, lang: "en"},
		{name: "gifticon-preview", agent: "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984"},
		{name: "star", star: true},
		{name: "star-english", star: true, lang: "en", change: func(i *gift.BoughtItem) {
			i.Shop.Province, i.Shop.District, i.Shop.MapURL = "서울", "마포구", "https://map.example/37"
		}},
		{name: "star-sandbox", star: true, change: func(i *gift.BoughtItem) { i.Sandbox = true }, lang: "en"},
		{name: "star-used", star: true, change: func(i *gift.BoughtItem) { i.UsedAt = noon }},
		{name: "star-escaped", star: true, change: func(i *gift.BoughtItem) {
			i.Campaign.Product, i.Shop.MapURL = `<script>alert("1")</script>`, "javascript:alert(1)"
		}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			item := gifticon(t)
			if tc.star {
				item = starCoupon()
			}
			if tc.change != nil {
				tc.change(&item)
			}
			h, _, links := newVoucherHandler(t, nil, item)
			w := fetch(h, http.MethodGet, links.VoucherURL(&item), nil, "Accept-Language", tc.lang, "User-Agent", tc.agent)
			if w.Code != 200 {
				t.Fatalf("status %d", w.Code)
			}
			page := secrets.ReplaceAllString(w.Body.String(), "${1}${3}SECRET${2}${4}") // keys are made anew for each run
			golden(t, "voucher-"+tc.name+".html", page)
			shown := tc.agent == "" && item.State(gift.DayOf(noon)) == gift.Bought
			if got := strings.Contains(w.Body.String(), "<svg"); got != shown {
				t.Errorf("a code is shown: %v, want %v", got, shown)
			}
			if got := strings.Contains(w.Body.String(), grouped); got != (shown && !tc.star && !item.Sandbox) {
				t.Errorf("the number is shown: %v", got)
			}
			if saved := fetch(h, http.MethodGet, links.VoucherURL(&item)+".png", nil, "User-Agent", tc.agent); (saved.Code == 200) != shown {
				t.Errorf("the picture to keep: status %d", saved.Code)
			}
		})
	}
}

func TestAVoucherPageIsKeptFromCachesSearchAndOtherSites(t *testing.T) {
	item := gifticon(t)
	h, _, links := newVoucherHandler(t, nil, item)
	link := links.VoucherURL(&item)
	for _, target := range []string{link, link + ".png", "/v/unknown", "/v/a/b/c", previewOf(t, h, link)} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			head := fetch(h, method, target, nil).Header()
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer",
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			} {
				if got := head.Get(name); got != want {
					t.Errorf("%s %s: %s is %q, want %q", method, path.Base(target), name, got, want)
				}
			}
			csp := head.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script") {
				t.Errorf("%s: Content-Security-Policy %q", target, csp)
			}
		}
	}
}

var (
	secrets  = regexp.MustCompile(`(/v/(?:card/|thumb/)?)A[\w-]+((?:\.png)?")|(<path d=")[^"]+(")`)
	metaTag  = regexp.MustCompile(`<meta[^>]*>|<title>[^<]*</title>`)
	ogImage  = regexp.MustCompile(`<meta property="og:image" content="https://gift.example([^"]+)">`)
	imageTag = regexp.MustCompile(`<img src="([^"]+)"`)
	fetched  = regexp.MustCompile(`(?:src|href)="(?:[a-z]+:|//)[^"]*"`)
)

// previewOf returns the path of the picture in previews of a link.
func previewOf(t *testing.T, h http.Handler, link string) string {
	t.Helper()
	found := ogImage.FindStringSubmatch(fetch(h, http.MethodGet, link, nil).Body.String())
	if found == nil {
		t.Fatal("the page names no picture for previews")
	}
	return found[1]
}

func TestAPreviewShowsTheProductAndNeverTheNumber(t *testing.T) {
	item := gifticon(t)
	h, _, links := newVoucherHandler(t, gallery{"/UPLOAD/a.png": noise(t, 300)}, item)
	link := links.VoucherURL(&item)
	page := fetch(h, http.MethodGet, link, nil).Body.String()
	head := strings.Join(metaTag.FindAllString(page, -1), "\n")
	if !strings.Contains(head, "초코에몽") || strings.Contains(head, number) || strings.Contains(head, grouped) ||
		strings.Contains(head, path.Base(link)) {
		t.Errorf("the head of the page:\n%s", head)
	}
	if outside := fetched.FindAllString(page, -1); len(outside) > 0 {
		t.Errorf("the page leads outside: %v", outside)
	}
	card := fetch(h, http.MethodGet, previewOf(t, h, link), nil)
	pixels, err := png.Decode(card.Body)
	if err != nil || pixels.Bounds().Size() != image.Pt(cardWidth, cardHeight) {
		t.Fatalf("status %d, %v", card.Code, err)
	}
	keep(t, "card", pixels)
	if w := fetch(h, http.MethodGet, voucherPath+path.Base(strings.TrimSuffix(previewOf(t, h, link), pngSuffix)), nil); w.Code != 404 {
		t.Errorf("the address of a preview's picture opens the page: status %d", w.Code)
	}
	head = fetch(h, http.MethodHead, link, nil).Header().Get("Content-Type")
	if head != "text/html; charset=utf-8" {
		t.Errorf("HEAD: %q", head)
	}
	for _, kakao := range []string{"Mozilla/5.0 (Linux; Android 14) KAKAOTALK 10.4.3", "Mozilla/5.0 (iPhone) DaumApps/1.0", "CUBOT X18"} {
		if w := fetch(h, http.MethodGet, link, nil, "User-Agent", kakao); !strings.Contains(w.Body.String(), grouped) {
			t.Errorf("a holder with %q sees no number", kakao)
		}
	}
}

// TestAPageOpensAtOnceOnASlowTelephone adds up all that is fetched, with the worst picture that a product can have.
func TestAPageOpensAtOnceOnASlowTelephone(t *testing.T) {
	pictures := gallery{"/UPLOAD/a.png": noise(t, 1200)}
	pictures["/UPLOAD/b.png"] = pictures["/UPLOAD/a.png"]
	gifticon, star := gifticon(t), starCoupon()
	star.Campaign.Thumb, star.Line = "/UPLOAD/b.png", 2
	for _, item := range []gift.BoughtItem{gifticon, star} {
		h, _, links := newVoucherHandler(t, pictures, item)
		page := fetch(h, http.MethodGet, links.VoucherURL(&item), nil)
		weight := page.Body.Len() + fetch(h, http.MethodGet, voucherAssetsPath+voucherStyle, nil).Body.Len()
		for _, tag := range imageTag.FindAllStringSubmatch(page.Body.String(), -1) {
			w := fetch(h, http.MethodGet, tag[1], nil)
			if w.Code != 200 {
				t.Fatalf("%s: status %d", tag[1], w.Code)
			}
			weight += w.Body.Len()
		}
		if weight > 60<<10 || strings.Contains(page.Body.String(), "<script") {
			t.Errorf("the page and what belongs to it have %d bytes", weight)
		}
		t.Logf("%d bytes in all, %d of them the page", weight, page.Body.Len())
	}
}

func TestThumbsOfEveryKindOfPicture(t *testing.T) {
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 3000, 10)), nil); err != nil {
		t.Fatal(err)
	}
	bomb := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x02\x00\x00\x00\x1b\xd7\xd9\x8e")
	item := gifticon(t)
	for name, tc := range map[string]struct {
		picture     *media.Picture
		contentType string
		same        bool
	}{
		"small":           {&media.Picture{ContentType: "image/jpeg", Body: photo.Bytes()}, "image/jpeg", true},
		"drawn":           {&media.Picture{ContentType: "image/svg+xml", Body: []byte("<svg/>")}, "image/svg+xml", true},
		"none":            {nil, "image/jpeg", false},
		"not a picture":   {&media.Picture{ContentType: "text/html", Body: []byte("<script>")}, "image/jpeg", false},
		"large and wrong": {&media.Picture{ContentType: "image/png", Body: bytes.Repeat([]byte("x"), 30<<10)}, "image/jpeg", false},
		"a bomb":          {&media.Picture{ContentType: "image/png", Body: append(bomb, make([]byte, 30<<10)...)}, "image/jpeg", false},
	} {
		t.Run(name, func(t *testing.T) {
			pictures := gallery{}
			if tc.picture != nil {
				pictures["/UPLOAD/a.png"] = *tc.picture
			}
			h, _, links := newVoucherHandler(t, pictures, item)
			w := fetch(h, http.MethodGet, voucherThumbPath+links.previewToken(&item), nil)
			if w.Code != 200 || w.Header().Get("Content-Type") != tc.contentType {
				t.Fatalf("status %d, type %q", w.Code, w.Header().Get("Content-Type"))
			}
			if tc.picture != nil && bytes.Equal(w.Body.Bytes(), tc.picture.Body) != tc.same {
				t.Error("the picture is sent as it is, or is not, against what was expected")
			}
			if !tc.same {
				if p, err := jpeg.Decode(w.Body); err != nil || p.Bounds().Dx() != thumbSize {
					t.Error("no small picture:", err)
				}
			}
		})
	}
}

func TestARevokedLinkLeadsNowhereAndTheNewOneWorks(t *testing.T) {
	item := gifticon(t)
	h, c, links := newVoucherHandler(t, nil, item)
	before := []string{links.VoucherURL(&item), links.VoucherURL(&item) + pngSuffix, voucherThumbPath + links.previewToken(&item)}
	c.store.items[0].LinkSerial = 300
	item.LinkSerial = 300
	for _, target := range before {
		if w := fetch(h, http.MethodGet, target, nil); w.Code != 404 || !strings.Contains(w.Body.String(), "링크를 열 수 없습니다") {
			t.Errorf("status %d\n%s", w.Code, w.Body)
		}
	}
	if w := fetch(h, http.MethodGet, links.VoucherURL(&item), nil); w.Code != 200 {
		t.Errorf("the new link: status %d", w.Code)
	}
}

func TestUnknownVoucherLinksShowNothing(t *testing.T) {
	item := gifticon(t)
	h, _, links := newVoucherHandler(t, nil, item)
	elsewhere := item
	elsewhere.OrderID++
	bar := strings.TrimSuffix(path.Base(links.BarcodePath(order, 1)), pngSuffix)
	for name, target := range map[string]string{
		"made up": "/v/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "empty": "/v/", "of a bar code": "/v/" + bar,
		"of a redemption page": "/v/" + path.Base(links.PageURL(order, 1)), "of no order": links.VoucherURL(&elsewhere),
		"of no order, picture": links.VoucherURL(&elsewhere) + pngSuffix, "deeper": links.VoucherURL(&item) + "/x",
		"card as page": voucherCardPath + links.previewToken(&item), "other style sheet": voucherAssetsPath + "voucher.html",
		"redemption page of a voucher link": pagePath + path.Base(links.VoucherURL(&item)),
	} {
		if w := fetch(h, http.MethodGet, target, nil); w.Code != 404 {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	golden(t, "voucher-not-found.html", fetch(h, http.MethodGet, "/v/AAAA", nil).Body.String())
	golden(t, "voucher-not-found-english.html", fetch(h, http.MethodGet, "/v/AAAA", nil, "Accept-Language", "en").Body.String())
}

func TestAFaultShowsThatAllIsWellAndLogsNeitherLinkNorNumber(t *testing.T) {
	item, damaged := gifticon(t), gifticon(t)
	damaged.Line, damaged.Sealed = 2, []byte("damaged")
	h, c, links := newVoucherHandler(t, nil, item, damaged)
	w := fetch(h, http.MethodGet, links.VoucherURL(&damaged), nil)
	golden(t, "voucher-unavailable.html", w.Body.String())
	c.store.readErr = os.ErrDeadlineExceeded
	for _, target := range []string{links.VoucherURL(&item), links.VoucherURL(&item) + pngSuffix} {
		if again := fetch(h, http.MethodGet, target, nil); again.Code != 503 || again.Header().Get("Retry-After") == "" || w.Code != 503 {
			t.Errorf("status %d and %d", w.Code, again.Code)
		}
	}
	if log := c.log.String(); strings.Count(log, "\n") != 3 || strings.Contains(log, "/v/") || strings.Contains(log, number) ||
		strings.Contains(log, path.Base(links.VoucherURL(&item))) {
		t.Errorf("logged: %s", log)
	}
}

// TestOnlySoManyPicturesAreDrawnAtATime lets callers wait who never get their turn.
func TestOnlySoManyPicturesAreDrawnAtATime(t *testing.T) {
	item := gifticon(t)
	c := newCounterAt(item)
	links := NewLinks(c.keys, "https://gift.example")
	v := newVouchers(Config{Store: c.store, Links: links, Numbers: c.keys, Clock: c.clock, Logger: slog.New(slog.NewTextHandler(c.log, nil))})
	for range drawnAtOnce {
		if _, err := v.drawing.enter(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	for range drawWaiting {
		v.drawing.join(0)
	}
	mux := http.NewServeMux()
	v.routes(mux)
	if w := fetch(mux, http.MethodGet, links.VoucherURL(&item)+pngSuffix, nil); w.Code != 503 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("status %d, %v", w.Code, w.Header())
	}
	if w := fetch(mux, http.MethodGet, links.VoucherURL(&item), nil); w.Code != 200 {
		t.Errorf("the page waits for pictures: status %d", w.Code)
	}
}

func TestAHolderWhoLeavesIsNoFault(t *testing.T) {
	item := gifticon(t)
	h, c, links := newVoucherHandler(t, nil, item)
	c.store.readErr = context.Canceled
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, links.VoucherURL(&item), nil))
	if c.log.Len() > 0 {
		t.Error(c.log)
	}
}

func TestLinksHoldLineAndSerial(t *testing.T) {
	links := NewLinks(keysOnce(), "https://gift.example")
	seen := map[string]bool{}
	for _, line := range []int64{1, 2, 127, 128, 1000} {
		for _, serial := range []int64{0, 1, 127, 128, 1 << 40} {
			item := &gift.BoughtItem{OrderID: order, Line: line, LinkSerial: serial}
			token := path.Base(links.VoucherURL(item))
			got, ok := links.openVoucher(holderLink, token)
			if want := (voucher{order, line, serial}); !ok || got != want || seen[token] {
				t.Errorf("%+v, %v; want %+v", got, ok, want)
			}
			seen[token] = true
		}
	}
	for _, data := range [][]byte{nil, make([]byte, 9), make([]byte, 10), append(make([]byte, 8), 1, 0, 0), append(make([]byte, 8), 1, 0x80)} {
		if _, ok := links.openVoucher(holderLink, keysOnce().Capability(holderLink, data)); ok {
			t.Errorf("%v opens", data)
		}
	}
}

func TestNumbersAreGroupedInFours(t *testing.T) {
	for in, want := range map[string]string{
		number: grouped, "123456789012": "1234 5678 9012", "12345": "1234 5", "1": "1", "ABC-0001-9x": "ABC-0001-9x", "1234 5678": "1234 5678",
	} {
		if got := inGroups(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestDaysAndAmountsInWords(t *testing.T) {
	for days, want := range map[int64][2]string{0: {"오늘까지", "last day today"}, 1: {"1일 남음", "1 day left"}, 12: {"12일 남음", "12 days left"}} {
		if ko, en := koreanVoucher.DaysLeft(days), englishVoucher.DaysLeft(days); ko != want[0] || en != want[1] {
			t.Errorf("%d: %s, %s", days, ko, en)
		}
	}
	for amount, want := range map[gift.Won]string{5: "5원", 500: "500원", 5000: "5,000원", 1234567: "1,234,567원"} {
		if got := koreanVoucher.Won(amount); got != want {
			t.Errorf("%d: %s", amount, got)
		}
	}
}

// keep puts a picture where GIFTIMBIZ_SCREENSHOTS says, to be looked at.
func keep(t *testing.T, name string, p image.Image) {
	t.Helper()
	folder := os.Getenv("GIFTIMBIZ_SCREENSHOTS")
	if folder == "" {
		return
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder+"/voucher-"+name+".png", b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
