package redeem

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/gift"
)

// phone is a browser: it keeps cookies, and sends forms as its pages have them.
type phone struct {
	t       *testing.T
	h       http.Handler
	cookies map[string]*http.Cookie
	page    *httptest.ResponseRecorder
}

func newPhone(t *testing.T, h http.Handler) *phone {
	t.Helper()
	return &phone{t: t, h: h, cookies: map[string]*http.Cookie{}}
}

func (p *phone) do(method, target string, body url.Values) *httptest.ResponseRecorder {
	p.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range p.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	p.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || !c.Secure || c.Path != "/r/" {
			p.t.Errorf("the cookie %s is open: %v", c.Name, c)
		}
		p.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(p.cookies, c.Name)
		}
	}
	p.page = w
	return w
}

func (p *phone) get(target string) { p.do(http.MethodGet, target, nil) }

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// send fills the page's hidden fields in.
func (p *phone) send(target string, pairs ...string) *httptest.ResponseRecorder {
	p.t.Helper()
	body := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(p.page.Body.String(), -1) {
		body.Set(m[1], m[2])
	}
	for i := 0; i < len(pairs); i += 2 {
		body.Set(pairs[i], pairs[i+1])
	}
	return p.do(http.MethodPost, target, body)
}

// shows fails unless the last answer has the status and all texts; those that begin with "!" it must not have.
func (p *phone) shows(status int, texts ...string) {
	p.t.Helper()
	if p.page.Code != status {
		p.t.Errorf("status %d, want %d", p.page.Code, status)
	}
	for _, text := range texts {
		rest, not := strings.CutPrefix(text, "!")
		if strings.Contains(p.page.Body.String(), rest) == not {
			p.t.Errorf("want %q in\n%s", text, p.page.Body)
		}
	}
}

// signedIn is a phone on which the seller signed in at its own address.
func signedIn(t *testing.T, h http.Handler, links *Links) *phone {
	t.Helper()
	p := newPhone(t, h)
	address := links.SellerURL(Seller{ID: seller, CodeHash: codeHash()})
	p.get(address)
	p.shows(200, "매장 기기 로그인", "김점장")
	p.send(address, "code", code)
	p.get("/r/counter")
	p.shows(200, "쿠폰 받기", "너랑나랑분식 · 김점장")
	return p
}

func undoOfPage(links *Links) string { return strings.Replace(pageOf(links), "/r/", "/r/undo/", 1) }

func TestASignedInDeviceTakesACouponWithOneTap(t *testing.T) {
	h, c, links := newTestHandler(t, starCoupon())
	p := signedIn(t, h, links)
	p.get(pageOf(links))
	p.shows(200, "사용 가능", "쿠폰 사용하기", `!name="code"`)
	p.send(pageOf(links))
	p.shows(200, "사용 처리되었습니다", "12:00:00", "다음 손님", "방금 사용 취소")
	if len(c.store.uses) != 1 || c.store.uses[0].Via != ViaShift || c.store.uses[0].SellerID != seller {
		t.Errorf("uses %+v", c.store.uses)
	}
	if got := c.keys.checked.Load(); got != 1 {
		t.Errorf("%d codes were checked, want that of the sign-in", got)
	}
	p.send(pageOf(links))
	p.shows(200, "사용 처리되었습니다") // the answer was lost: the same device asks again
	if len(c.store.uses) != 1 {
		t.Errorf("%d uses", len(c.store.uses))
	}
	c.clock.Advance(UndoFor + time.Second)
	p.get(pageOf(links))
	p.shows(200, "사용 완료", "12:00:00 · 너랑나랑분식 · 김점장", "!사용 처리되었습니다", "!방금 사용 취소")
}

func TestAnotherDeviceIsToldWhoWasFirst(t *testing.T) {
	h, _, links := newTestHandler(t, starCoupon())
	first, second := newPhone(t, h), newPhone(t, h)
	first.get(pageOf(links))
	second.get(pageOf(links))
	first.send(pageOf(links), "code", code)
	first.shows(200, "사용 처리되었습니다")
	second.send(pageOf(links), "code", code)
	second.shows(409, "사용 완료", "12:00:00 · 너랑나랑분식 · 김점장", "!사용 처리되었습니다", "!방금 사용 취소")
	first.send(pageOf(links), "code", code)
	first.shows(200, "사용 처리되었습니다")
	newPhone(t, h).get(pageOf(links))
}

func TestTheCodeMayKeepTheDeviceSignedIn(t *testing.T) {
	second := starCoupon()
	second.Line, second.UnitID = 2, coupon+1
	h, c, links := newTestHandler(t, starCoupon(), second)
	p := newPhone(t, h)
	p.get(pageOf(links))
	p.send(pageOf(links), "code", code, "keep", "yes")
	p.shows(200, "사용 처리되었습니다", "다음 손님")
	p.get(links.PageURL(order, 2))
	p.shows(200, `!name="code"`)
	p.send(links.PageURL(order, 2))
	p.shows(200, "사용 처리되었습니다")
	c.clock.Advance(ShiftFor)
	p.get("/r/counter")
	p.shows(200, "매장 기기 로그인", "김점장", "!너랑나랑분식 · 김점장") // its seller is remembered, and the code asked for
}

func TestAShiftEndsWithItsCodeAndWhenItIsEnded(t *testing.T) {
	h, c, links := newTestHandler(t, starCoupon())
	p := signedIn(t, h, links)
	p.send("/r/counter/sign-out")
	p.get(pageOf(links))
	p.shows(200, `name="code"`)
	p = signedIn(t, h, links)
	c.store.sellers[0].CodeHash = "another"
	p.get(pageOf(links))
	p.shows(200, `name="code"`)
	p.get("/r/counter")
	p.shows(200, "!김점장") // the address to sign in at went with the code
	p.get(links.SellerURL(Seller{ID: seller, CodeHash: codeHash()}))
	p.shows(404, "운영자에게 새 주소를 받으세요")
}

func TestASignedInDeviceOfAnotherShopNeedsTheCode(t *testing.T) {
	other := starCoupon()
	other.Shop = gift.Shop{ID: 38, Name: "연남만두"}
	h, c, links := newTestHandler(t, other)
	p := signedIn(t, h, links)
	p.get(pageOf(links))
	p.shows(200, "다른 매장의 쿠폰입니다", `name="code"`)
	p.send(pageOf(links), "seal", "x")
	p.shows(422)
	refusal := func() *gift.Refusal {
		s := &Shift{SellerID: seller, ShopID: 37}
		_, r, err := c.RedeemInShift(t.Context(), s, gift.Place{OrderID: order, Line: 1}, ViaShift)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}()
	if refusal == nil || refusal.Reason != otherShop || len(c.store.uses) != 0 {
		t.Errorf("refusal %+v, %d uses", refusal, len(c.store.uses))
	}
}

// TestASignedInDeviceSendsOnlyItsOwnPagesForms: an old browser sends cookies with whatever another site makes it send.
func TestASignedInDeviceSendsOnlyItsOwnPagesForms(t *testing.T) {
	h, c, links := newTestHandler(t, starCoupon())
	p := signedIn(t, h, links)
	p.do(http.MethodPost, pageOf(links), url.Values{})
	p.shows(422, "매니저 코드를 입력하세요")
	p.do(http.MethodPost, pageOf(links), url.Values{"seal": {"AAAA"}})
	p.shows(422)
	p.do(http.MethodPost, "/r/counter/sign-out", nil)
	p.get("/r/counter")
	p.shows(200, "너랑나랑분식 · 김점장")
	if len(c.store.uses) != 0 {
		t.Errorf("%d uses", len(c.store.uses))
	}
}

func TestAShopUndoesWithinAMinute(t *testing.T) {
	cases := []struct {
		name   string
		signed bool
		after  time.Duration
		code   string
		status int
		says   string
	}{
		{"signed in", true, 59 * time.Second, "", 200, "사용을 취소했습니다"},
		{"signed in, on its way", true, 63 * time.Second, "", 200, "사용을 취소했습니다"},
		{"signed in, too late", true, 66 * time.Second, "", 409, "60초가 지나"},
		{"with the code", false, time.Second, code, 200, "사용을 취소했습니다"},
		{"without the code", false, time.Second, "", 422, "매니저 코드를 입력하세요"},
		{"with a wrong code", false, time.Second, "000000", 422, "맞지 않습니다"},
		{"with the code, too late", false, 2 * time.Minute, code, 409, "60초가 지나"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			h, c, links := newTestHandler(t, starCoupon())
			p := newPhone(t, h)
			if tc.signed {
				p = signedIn(t, h, links)
			}
			p.get(pageOf(links))
			p.send(pageOf(links), "code", map[bool]string{false: code}[tc.signed])
			p.shows(200, "사용 처리되었습니다")
			c.clock.Advance(tc.after)
			p.send(undoOfPage(links), "code", tc.code)
			p.shows(tc.status, tc.says)
			if (len(c.store.undone) == 1) != (tc.status == 200) {
				t.Errorf("%d undone", len(c.store.undone))
			}
			if tc.status == 200 {
				p.send(undoOfPage(links), "redemption", "1", "code", tc.code)
				p.shows(409, "이미 취소되었거나")
			}
		})
	}
}

func TestWrongCodesForUndoingLockTheSellerToo(t *testing.T) {
	h, _, links := newTestHandler(t, starCoupon())
	p := newPhone(t, h)
	p.get(pageOf(links))
	p.send(pageOf(links), "code", code)
	for range MaxWrong {
		p.send(undoOfPage(links), "redemption", "1", "code", "000000")
	}
	p.shows(429, "10분")
}

func TestWrongCodesForSigningInLockWhoKnowsTheAddress(t *testing.T) {
	h, c, links := newTestHandler(t, starCoupon())
	p := newPhone(t, h)
	address := links.SellerURL(Seller{ID: seller, CodeHash: codeHash()})
	p.get(address)
	for range MaxWrong {
		p.send(address, "code", "000000")
	}
	p.shows(429, "10분")
	p.send(address, "code", code)
	p.shows(429, "10분")
	if _, refusal, err := c.Redeem(t.Context(), attempt()); err != nil || refusal != nil {
		t.Errorf("a partner: refusal %+v, error %v", refusal, err)
	}
}

// TestWhoGuessesAtACouponsPageLocksNobodyElseOut has the holder of a coupon give wrong codes until it is locked. The shop goes on: on a
// device that was signed in before, by signing in, and through partners.
func TestWhoGuessesAtACouponsPageLocksNobodyElseOut(t *testing.T) {
	second := starCoupon()
	second.UnitID, second.Line = coupon+1, 2
	h, c, links := newTestHandler(t, starCoupon(), second)
	shops := signedIn(t, h, links)
	shops.send("/r/counter/sign-out") // what it knows is the seller, no more
	holder := newPhone(t, h)
	holder.get(pageOf(links))
	for range MaxWrong {
		holder.send(pageOf(links), "code", "000000")
	}
	holder.shows(429, "10분")
	holder.send(pageOf(links), "code", code)
	holder.shows(429, "10분")
	api := attempt()
	api.UnitID = coupon + 1
	if _, refusal, err := c.Redeem(t.Context(), api); err != nil || refusal != nil {
		t.Errorf("a partner: refusal %+v, error %v", refusal, err)
	}
	signedIn(t, h, links)
	shops.get(pageOf(links))
	shops.send(pageOf(links), "code", code)
	shops.shows(200, "사용 처리되었습니다")
}

// TestAPartnerThatGuessesLocksItselfOutOnly, but whoever tries sandbox coupons shares one count: else each lent sandbox would be five
// guesses more at a real seller's code.
func TestAPartnerThatGuessesLocksItselfOutOnly(t *testing.T) {
	c := newCounterAt(starCoupon())
	test := starCoupon()
	test.Sandbox = true
	for name, tc := range map[string]struct {
		item *gift.BoughtItem
		a    Attempt
		want Guesser
	}{
		"a partner":                 {ptr(starCoupon()), Attempt{PartnerID: partner}, Guesser(partner)},
		"a sandbox partner":         {&test, Attempt{PartnerID: partner}, Testers},
		"a sandbox coupon's page":   {&test, Attempt{Known: true}, Testers},
		"a stranger":                {ptr(starCoupon()), Attempt{}, Strangers},
		"a browser of the shop":     {ptr(starCoupon()), Attempt{Known: true}, OwnDevices},
		"a partner, as if a shop's": {ptr(starCoupon()), Attempt{PartnerID: partner, Known: true}, Guesser(partner)},
	} {
		if got := guesser(tc.item, tc.a); got != tc.want {
			t.Errorf("%s is counted for %d, want %d", name, got, tc.want)
		}
	}
	wrong := attempt()
	wrong.Code = "000000"
	for range MaxWrong {
		if _, _, err := c.Redeem(t.Context(), wrong); err != nil {
			t.Fatal(err)
		}
	}
	if _, refusal, err := c.Redeem(t.Context(), attempt()); err != nil || reasonOf(refusal) != gift.SellerLocked {
		t.Errorf("the partner itself: refusal %+v, error %v", refusal, err)
	}
	page := attempt()
	page.PartnerID, page.OrderID, page.Via = 0, order, ViaPage
	if _, refusal, err := c.Redeem(t.Context(), page); err != nil || refusal != nil {
		t.Errorf("the coupon's page: refusal %+v, error %v", refusal, err)
	}
}

func ptr(item gift.BoughtItem) *gift.BoughtItem { return &item }

func TestOfSimultaneousUndosExactlyOneSucceeds(t *testing.T) {
	c := newCounterAt(starCoupon())
	if _, refusal, err := c.Redeem(t.Context(), attempt()); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			s := &Shift{ID: []byte("device"), SellerID: seller, ShopID: 37}
			refusal, err := c.Undo(t.Context(), UndoAttempt{Place: gift.Place{OrderID: order, Line: 1}, RedemptionID: 1, Shift: s})
			if err != nil {
				t.Error(err)
			}
			if refusal == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || c.seen.counts["shift undone"] != 1 || c.seen.counts["shift not_standing"] != 49 {
		t.Errorf("%d won, seen %v", won.Load(), c.seen.counts)
	}
}

func TestANumberOpensACouponOfTheShop(t *testing.T) {
	h, c, links := newTestHandler(t, starCoupon())
	p := signedIn(t, h, links)
	w := p.send("/r/counter", "number", fmt.Sprint(" ", coupon))
	if w.Code != 303 {
		t.Fatalf("status %d", w.Code)
	}
	address := w.Header().Get("Location")
	p.get(address)
	p.send(strings.TrimSuffix(address, "?by=number"))
	p.shows(200, "사용 처리되었습니다")
	if len(c.store.uses) != 1 || c.store.uses[0].Via != ViaNumber {
		t.Errorf("uses %+v", c.store.uses)
	}
	p.get("/r/counter")
	for range MaxMisses {
		p.send("/r/counter", "number", "999")
		p.shows(422, "이 매장에서 쓸 수 있는 쿠폰 번호가 아닙니다")
	}
	p.get("/r/counter")
	p.shows(200, "매장 기기 로그인") // guessing is over
}

func TestOnlyThePageThatScansMayUseTheCamera(t *testing.T) {
	h, _, links := newTestHandler(t, starCoupon())
	p := signedIn(t, h, links)
	if got := p.page.Header().Get("Permissions-Policy"); got != "camera=(self)" {
		t.Errorf("the counter: %q", got)
	}
	csp := p.page.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy %q", csp)
	}
	p.get(pageOf(links))
	if got := p.page.Header().Get("Permissions-Policy"); got != "camera=()" {
		t.Errorf("a coupon's page: %q", got)
	}
}

func TestTheShopsListIsItsOwn(t *testing.T) {
	h, _, links := newTestHandler(t, starCoupon())
	stranger := newPhone(t, h)
	for _, address := range []string{"/r/counter/list", "/r/counter/list.csv"} {
		stranger.get(address)
		stranger.shows(303, "!김말이")
	}
	p := signedIn(t, h, links)
	p.get(pageOf(links))
	p.send(pageOf(links))
	p.get("/r/counter/list")
	p.shows(200, "1장", "3,500원", "09-15 12:00:00 · 501 · 김점장 · 매장 기기")
	p.get("/r/counter/list?from=2025-09-01&to=2025-09-14")
	p.shows(200, "0장", "이 기간에 사용된 쿠폰이 없습니다")
	for _, bad := range []string{"from=x&to=y", "from=2025-09-02&to=2025-09-01", "from=2020-01-01&to=2025-09-01"} {
		p.get("/r/counter/list?" + bad)
		p.shows(200, "기간을 다시 고르세요", "1장")
	}
	p.get("/r/counter/list.csv?from=2025-09-15&to=2025-09-15")
	want := "\ufeff정산일,일시,쿠폰,쿠폰 번호,판매자,방법,액면가,정산 금액,비고\n" +
		"2025-09-15,2025-09-15 12:00:00,'=김말이,501,김점장,매장 기기,4000,3500,\n"
	if got := p.page.Body.String(); got != want || !strings.Contains(p.page.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%q\n%v", got, p.page.Header())
	}
}

func TestScriptsAreSentSmallToWhoTakesThem(t *testing.T) {
	h, _, _ := newTestHandler(t)
	plain, small := fetch(h, http.MethodGet, assetsPath+"jsQR.js", nil), fetch(h, http.MethodGet, assetsPath+"jsQR.js", nil, "Accept-Encoding", "gzip")
	if small.Header().Get("Content-Encoding") != "gzip" || small.Body.Len() > 70_000 || plain.Body.Len() < 200_000 {
		t.Errorf("%d bytes plain, %d small", plain.Body.Len(), small.Body.Len())
	}
	if w := fetch(h, http.MethodGet, assetsPath+"jsQR.LICENSE", nil); w.Code != 200 {
		t.Errorf("the licence: %d", w.Code)
	}
}
