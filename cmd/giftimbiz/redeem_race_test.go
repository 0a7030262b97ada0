package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing/qrcode"

	"giftimbiz/internal/demo"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/redeem"
)

// TestOfManyRedemptionsAtOnceExactlyOneSucceeds uses one coupon 200 times at once, through the API, the shop's page, its
// signed-in devices and by operators, on two nodes. Whoever is told that too many are at it asks again, as the answer says.
func TestOfManyRedemptionsAtOnceExactlyOneSucceeds(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		first := startServer(t, database)
		callers := []*caller{first.as("demo"), first.second().as("demo")}
		tid, coupon := buyCoupon(callers[0])
		seller := first.seller(37)
		qr := callers[0].call("gifticon/getQRImg", "tid", tid, "msc_idx", coupon).wants("0000").text("data")
		page := strings.TrimPrefix(first.scan(qr, qrcode.NewQRCodeReader()), first.cfg.PublicURL)

		throughAPI := func(c *caller) string {
			a := c.call("gifticon/setUseStarCoupon", "msu_idx", seller.SellerID, "msc_idx", coupon, "managecode", seller.ManagerCode)
			return map[string]string{"0000": "used", "M1": "already used", "GPLF": "busy"}[a.code()]
		}
		throughPage := func(c *caller) string {
			form := url.Values{"seller": {fmt.Sprint(seller.SellerID)}, "code": {seller.ManagerCode}}
			header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
			a := c.s.send(http.MethodPost, c.s.url+page, header, form.Encode())
			return map[int]string{200: "used", 409: "already used", 503: "busy"}[a.status]
		}
		desk := &walk{s: first}
		desk.hire(office.Admin)
		throughConsole := func(c *caller) string {
			form := url.Values{"choice": {fmt.Sprint("1.", seller.SellerID)}, "reason": {"at once"}}
			a := (&walk{s: c.s}).send(http.MethodPost, "/console/orders/"+tid+"/use", form,
				"Cookie", desk.cookies[office.Admin], "Origin", consoleOrigin, "Sec-Fetch-Site", "same-origin")
			return map[int]string{303: "used", 409: "already used", 503: "busy"}[a.status]
		}
		const attempts, devices = 200, 20
		tries := []func(*caller) string{throughAPI, throughPage, throughConsole}
		told := make(chan string, attempts)
		var wg sync.WaitGroup
		for i := range attempts {
			c, try := callers[i/3%2], tries[i%3]
			if i < devices {
				device := c.s.signedIn(seller)
				try = func(c *caller) string { return device.tap(c.s.url + page) }
			}
			wg.Go(func() { told <- untilTold(t, func() string { return try(c) }) })
		}
		wg.Wait()
		close(told)
		count := map[string]int{}
		for outcome := range told {
			count[outcome]++
		}
		if count["used"] != 1 || count["already used"] != attempts-1 {
			t.Errorf("outcomes: %v", count)
		}
	})
}

// device is a shop's browser that is signed in.
type device struct {
	t      testing.TB
	client *http.Client
	cookie string
}

// signedIn signs a new browser in.
func (s *testServer) signedIn(seller demo.Seller) *device {
	s.t.Helper()
	d := &device{t: s.t, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	found, err := s.node.DB.Seller(s.t.Context(), seller.SellerID)
	if err != nil {
		s.t.Fatal(err)
	}
	address := strings.TrimPrefix(redeem.NewLinks(s.node.Vault, "").SellerURL(*found), s.cfg.PublicURL)
	answer, _ := d.send(http.MethodPost, s.url+address, url.Values{"code": {seller.ManagerCode}})
	for _, c := range answer.Cookies() {
		d.cookie += c.Name + "=" + c.Value + ";"
	}
	return d
}

func (d *device) send(method, target string, form url.Values) (*http.Response, string) {
	req, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Error(err)
		return nil, ""
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", d.cookie)
	answer, err := d.client.Do(req)
	if err != nil {
		d.t.Error(err)
		return nil, ""
	}
	defer func() { _ = answer.Body.Close() }() // read to its end
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Error(err)
	}
	return answer, string(body)
}

var sealField = regexp.MustCompile(`name="seal" value="([^"]+)"`)

// tap opens the coupon and uses it, with the form that the page has; of a used coupon it has that of signing out.
func (d *device) tap(page string) string {
	_, body := d.send(http.MethodGet, page, nil)
	seal := sealField.FindStringSubmatch(body)
	if seal == nil {
		return "not signed in"
	}
	answer, _ := d.send(http.MethodPost, page, url.Values{"seal": {seal[1]}})
	if answer == nil {
		return "no answer"
	}
	return map[int]string{200: "used", 409: "already used", 503: "busy"}[answer.StatusCode]
}

// untilTold tries until the answer is not "busy".
func untilTold(t *testing.T, try func() string) string {
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		outcome := try()
		if outcome != "busy" {
			return outcome
		}
		if time.Since(began) > time.Minute {
			t.Error("busy for a minute")
			return outcome
		}
	}
}
