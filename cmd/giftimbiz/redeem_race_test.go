package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing/qrcode"
)

// TestOfManyRedemptionsAtOnceExactlyOneSucceeds uses one coupon 200 times at once, half through the API and half through
// the shop's page, on two nodes. Whoever is told that too many are at it asks again, as the answer says.
func TestOfManyRedemptionsAtOnceExactlyOneSucceeds(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
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
		const attempts = 200
		told := make(chan string, attempts)
		var wg sync.WaitGroup
		for i := range attempts {
			try := []func(*caller) string{throughAPI, throughPage}[i%2]
			wg.Go(func() { told <- untilTold(t, func() string { return try(callers[i/2%2]) }) })
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
