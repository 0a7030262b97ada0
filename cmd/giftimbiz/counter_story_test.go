package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing/qrcode"

	"giftimbiz/internal/browsertest"
	"giftimbiz/internal/programtest"
)

// TestAClerkTakesCouponsInABrowser is a shop's day on a telephone and on a tablet, on an old one with a bad network too.
func TestAClerkTakesCouponsInABrowser(t *testing.T) {
	t.Parallel()
	film := filepath.Join(t.TempDir(), "film.mjpeg")
	browser := browsertest.Start(t, browsertest.Camera(film)...)
	phone, tablet := browsertest.Phone(), browsertest.Tablet()
	looks := map[string]browsertest.Look{"sqlite": phone.In("ko"), "postgres": tablet.In("en").InDark()}
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		look := looks[strings.TrimPrefix(t.Name(), t.Name()[:strings.LastIndex(t.Name(), "/")+1])]
		c := &clerk{Tab: browser.Open(t, s.url, look), s: s, browser: browser, look: look, film: film, english: look.Language == "en"}
		if look.Width < 400 {
			c.Slow()
		}
		c.tellTheDay()
	})
}

// TestACouponIsTakenWithoutScripts is for browsers that know too little for the page's own, or may run none.
func TestACouponIsTakenWithoutScripts(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	look := browsertest.Phone().In("ko").WithoutScript()
	c := &clerk{Tab: browser.Open(t, s.url, look), s: s, browser: browser, look: look}
	page, _, number := c.coupon()
	code := s.seller(37).ManagerCode
	c.Go(page)
	c.Fill("#code", code)
	c.Press("main form [type=submit]")
	c.Shows("h1", "사용 처리되었습니다")
	c.Check("counter-plain-done")
	c.Click("summary")
	c.Fill("#code", code)
	c.Press(".undo [type=submit]")
	c.Shows("h1", "사용을 취소했습니다")
	c.Fill("#code", code)
	c.Fill("[name=keep]", "on")
	c.Press("main form [type=submit]")
	c.Press(".next a")
	c.Fill("#number", number)
	c.Press("form [type=submit].quiet")
	c.Shows("h1", "사용 처리되었습니다") // by this very device, a moment ago
	c.Press(".undo [type=submit]")
	c.Press("form .large")
	c.Shows("h1", "사용 처리되었습니다")
}

// TestALostAnswerIsAskedForAgain: the server uses the coupon, and the network loses what it says.
func TestALostAnswerIsAskedForAgain(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	var lost atomic.Int64
	routes := s.node.Routes()
	badNetwork := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && lost.Add(1) <= 2 {
			routes.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		routes.ServeHTTP(w, r)
	}))
	t.Cleanup(badNetwork.Close)
	look := browsertest.Phone().In("ko")
	c := &clerk{Tab: browser.Open(t, badNetwork.URL, look), s: s, browser: browser, look: look}
	page, _, _ := c.coupon()
	c.Excuse("ERR_EMPTY_RESPONSE")
	c.Go(page)
	c.Fill("#code", s.seller(37).ManagerCode)
	c.Expect("main form [type=submit]", "body.done", 0)
	if lost.Load() != 3 {
		t.Errorf("sent %d times", lost.Load())
	}
}

// clerk stands at a shop's counter.
type clerk struct {
	*browsertest.Tab
	s       *testServer
	browser *browsertest.Browser
	look    browsertest.Look
	film    string
	english bool
	bought  int
}

func (c *clerk) in(korean, english string) string {
	if c.english {
		return english
	}
	return korean
}

func (c *clerk) tellTheDay() {
	c.takeFirstWithCode()
	c.scanAndUndo()
	c.letTwoPhonesTryAtOnce()
	c.readAPhoto()
	c.typeANumber()
	c.readTheList()
	c.endTheShift()
}

// coupon buys a coupon and returns its page, the picture of its QR code and its number.
func (c *clerk) coupon() (page string, qr []byte, number string) {
	c.s.t.Helper()
	buyer := c.s.as("demo")
	c.bought++
	buyer.header.Set("Idempotency-Key", fmt.Sprint(c.s.t.Name(), c.bought))
	c.s.clock.Advance(time.Minute)
	c.s.sync() // the list must not name the coupon that was bought before
	star := buyer.call("giftimbiz/starListAll", "site", "gift", "word", "너랑나랑").wants("0000").rows("list")[0]
	a := buyer.call("giftimbiz/buyStarcoupon", "md_idx", star["md_idx"], "msl_idx", star["msl_idx"],
		"msc_idx", star["msc_idx"], "cash", star["ms_price"], "product", star["ms_product"]).wants("0000")
	path := buyer.call("gifticon/getQRImg", "tid", a.text("tid"), "msc_idx", a.text("msc_idx")).wants("0000").text("data")
	page = strings.TrimPrefix(c.s.scan(path, qrcode.NewQRCodeReader()), c.s.cfg.PublicURL)
	return page, c.s.send(http.MethodGet, c.s.url+path, http.Header{}, "").body, a.text("msc_idx")
}

// takeFirstWithCode mistypes once, then types the code on the page's keypad and stays signed in.
func (c *clerk) takeFirstWithCode() {
	c.Go("/r/counter") // nobody knows this device yet
	c.Shows(".detail", c.in("매니저 코드를 입력할 때", "tick"))
	c.Check("counter-how")
	page, _, _ := c.coupon()
	c.Go(page)
	c.Shows("h1", c.in("사용 가능", "Ready to use"))
	c.Check("counter-code")
	c.Fill("#code", "000000")
	c.Expect("main form [type=submit]", "[role=alert]", http.StatusUnprocessableEntity)
	c.Shows("[role=alert]", c.in("맞지 않습니다", "not right"))
	for _, digit := range c.s.seller(37).ManagerCode {
		c.Click(fmt.Sprintf(".keypad button:nth-child(%d)", keyOf(digit)))
	}
	c.Fill("[name=keep]", "on")
	c.Expect("main form [type=submit]", "body.done", 0)
	c.Shows(".clock", c.s.clock.Now().Format("15:04:05"))
	c.Shows(".shift", "너랑나랑분식")
	c.Check("counter-done")
	c.Go(page) // as after an answer that was lost
	c.Shows("h1", c.in("사용 처리되었습니다", "Redeemed"))
}

// keyOf returns the place of a digit on the keypad.
func keyOf(digit rune) int {
	if digit == '0' {
		return 11
	}
	return int(digit - '0')
}

// scanAndUndo scans a coupon, uses it, takes that back and uses it again; a colleague who scans it reads who was first.
func (c *clerk) scanAndUndo() {
	page, qr, _ := c.coupon()
	c.record(blank(c.s.t))
	c.Go("/r/counter") // the browser grants the camera without asking: it begins by itself
	c.Await(".stop:not([hidden])")
	c.Check("counter-scan")
	c.Go("/r/counter/list") // nobody films while the film changes
	c.record(qr)
	began := time.Now()
	c.Go("/r/counter")
	c.Await("form[data-send] .large")
	scanned := time.Since(began)
	c.Check("counter-signed")
	tapped := time.Now()
	c.Expect("form[data-send] .large", "body.done", 0)
	c.s.t.Logf("%s: %v from opening the scanner to the coupon, %v from the tap to the success screen", c.look.Name, scanned, time.Since(tapped))
	c.Check("counter-done-signed")
	c.Expect(".undo [type=submit]", "body.undone", 0)
	c.Check("counter-undone")
	c.Expect("form[data-send] .large", "body.done", 0)
	used := c.s.clock.Now()
	colleague := c.browser.Open(c.s.t, c.s.url, c.look)
	colleague.Go(page)
	colleague.Shows("h1", c.in("사용 완료", "Used"))
	colleague.Shows(".detail", used.Format("15:04:05"))
	colleague.Shows(".detail", "너랑나랑분식")
	colleague.Shows(".detail", "점장")
	c.s.clock.Advance(2 * time.Minute)
	c.Expect(".undo [type=submit]", "body.used", http.StatusConflict)
	c.Shows("[role=alert]", c.in("60초가 지나", "60 seconds are over"))
	colleague.Check("counter-used") // last: the page lets undo for a minute of the real time
}

func (c *clerk) letTwoPhonesTryAtOnce() {
	page, _, _ := c.coupon()
	other := c.browser.Open(c.s.t, c.s.url, c.look)
	c.Go(page)
	other.Go(page)
	other.Fill("#code", c.s.seller(37).ManagerCode)
	c.Expect("form[data-send] .large", "body.done", 0)
	other.Expect("main form [type=submit]", "body.used", http.StatusConflict)
	other.Shows(".detail", "너랑나랑분식")
}

func (c *clerk) readAPhoto() {
	_, qr, _ := c.coupon()
	photo := filepath.Join(c.s.t.TempDir(), "photo.jpg")
	c.write(photo, framed(c.s.t, qr, 1600, 1200))
	c.record(blank(c.s.t)) // the camera sees nothing
	c.Go("/r/counter")
	c.Upload("#photo", photo)
	c.Await("form[data-send] .large")
	c.Expect("form[data-send] .large", "body.done", 0)
}

func (c *clerk) typeANumber() {
	_, _, number := c.coupon()
	c.Go("/r/counter")
	c.Await(".stop:not([hidden])")
	c.Fill("#number", "77")
	c.Refused(http.StatusUnprocessableEntity, "form [type=submit].quiet")
	c.Shows("[role=alert]", c.in("이 매장에서 쓸 수 있는", "No coupon of this shop"))
	c.Check("counter-number")
	c.Fill("#number", number)
	c.Press("form [type=submit].quiet")
	c.Expect("form[data-send] .large", "body.done", 0)
}

func (c *clerk) readTheList() {
	c.Press("footer a[href='/r/counter/list']")
	c.Shows(".acts", c.in("번호 입력", "number typed"))
	c.Shows(".acts", c.in("사용 취소", "undo"))
	c.Check("counter-list")
}

func (c *clerk) endTheShift() {
	c.Press("footer form button")
	c.Shows("h1", c.in("매장 기기 로그인", "Sign in this device"))
	c.Check("counter-sign-in")
	c.Fill("#code", c.s.seller(37).ManagerCode)
	c.Press("main form [type=submit]")
	c.Shows(".shift", "너랑나랑분식")
}

// record makes a film of a picture.
func (c *clerk) record(qr []byte) { c.write(c.film, framed(c.s.t, qr, 640, 480)) }

func (c *clerk) write(file string, body []byte) {
	c.s.t.Helper()
	if err := os.WriteFile(file, body, 0o600); err != nil {
		c.s.t.Fatal(err)
	}
}

// framed is a photograph of a picture in the middle of a desk, as JPEG.
func framed(t testing.TB, picture []byte, width, height int) []byte {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	photo := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(photo, photo.Bounds(), image.NewUniform(color.RGBA{150, 130, 110, 255}), image.Point{}, draw.Src)
	at := img.Bounds().Add(image.Pt((width-img.Bounds().Dx())/2, (height-img.Bounds().Dy())/2))
	draw.Draw(photo, at, img, img.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, photo, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func blank(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
