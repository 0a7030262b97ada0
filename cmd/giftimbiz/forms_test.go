package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"giftimbiz/internal/partnerapi/wiretest"
	"giftimbiz/internal/programtest"
)

// TestEveryEndpointTakesItsParametersInEveryForm calls each endpoint with the same parameters in every form a partner's
// client may choose, rightly and wrongly labelled.
func TestEveryEndpointTakesItsParametersInEveryForm(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	c := s.as("demo")
	tid, coupon := buyCoupon(c)
	seller := s.seller(37)
	c.call("gifticon/setUseStarCoupon", "msu_idx", seller.SellerID, "msc_idx", coupon, "managecode", seller.ManagerCode).wants("0000")
	c.header.Set("X-Refresh-Token", c.header.Get("Refresh-Token"))
	for endpoint, params := range map[string]map[string]any{
		"common/getAccessToken":       {},
		"giftimbiz/cateGift":          {"CODE": 6, "BCODE": 4},
		"giftimbiz/listAll":           {"site": "gift", "word": "초코", "limit": 3, "orderby": "priceL", "page": 1, "price": "5000"},
		"giftimbiz/giftDetail":        {"CODE": 2576, "DCODE": 14560},
		"giftimbiz/buyGifticoupon":    {"md_idx": "18411|18411", "cash": 1880, "product": chocoName},
		"giftimbiz/buyGifticonList":   {"sdate": "2025-09-15", "limit": 2},
		"giftimbiz/cateStar":          {"CODE": 15},
		"giftimbiz/starListAll":       {"site": "gift", "si": "서울", "word": "너랑나랑", "page": "1"},
		"giftimbiz/starDetail":        {"CODE": 1587, "CCODE": 224},
		"giftimbiz/buyStarcoupon":     {"md_idx": 1350, "msl_idx": 188, "msc_idx": 0, "cash": 0, "product": "김말이 3개"},
		"giftimbiz/buyStarcouponList": {"msl": 188, "md": 1350},
		"gifticon/getQRImg":           {"tid": tid, "msc_idx": coupon},
		"gifticon/setUseStarCoupon":   {"msu_idx": seller.SellerID, "msc_idx": coupon, "managecode": seller.ManagerCode},
	} {
		t.Run(endpoint, func(t *testing.T) {
			values := url.Values{"partner_id": {c.id}}
			for name, value := range params {
				values.Set(name, fmt.Sprint(value))
			}
			forms, err := wiretest.EveryForm(values)
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			for name, form := range forms {
				header := c.header.Clone()
				header.Set("Idempotency-Key", endpoint) // so that buying again is safe
				if form.ContentType != "" {
					header.Set("Content-Type", form.ContentType)
				}
				got := s.in(t).send(http.MethodPost, s.url+"/api/v1/"+endpoint+"?"+form.Query, header, form.Body)
				if code := got.code(); code != "0000" && code != "0" && code != "M1" {
					t.Fatalf("%s: %s", name, got.body)
				}
				text := changing.ReplaceAllString(string(got.body), `"$1":…`)
				if want == "" {
					want = text
				}
				if text != want {
					t.Errorf("%s: %s\nwant %s", name, text, want)
				}
			}
		})
	}
}

// changing are the fields that differ from call to call: the token, and the free coupon that a list names.
var changing = regexp.MustCompile(`"(token|msc_idx)":("[^"]*"|\d+)`)

// TestParametersAreForgivenWhatMeansNothing sends one search with decorations that a client may make.
func TestParametersAreForgivenWhatMeansNothing(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	c := s.as("demo")
	want := c.call("giftimbiz/listAll", "site", "gift", "word", "초코", "limit", 3).wants("0000")
	if len(want.rows("list")) == 0 {
		t.Fatal("the search finds nothing")
	}
	for name, body := range map[string]string{
		"leading zeros and spaces": `{"site":" gift ","word":"초코","limit":" 003 "}`,
		"numbers as numbers":       `{"site":"gift","word":"초코","limit":3}`,
		"null is absent":           `{"site":"gift","word":"초코","limit":3,"BCODE":null}`,
		"decomposed Korean":        `{"site":"gift","word":"\u110e\u1169\u110f\u1169","limit":3}`,
		"strangers":                `{"site":"gift","word":"초코","limit":3,"utm_source":"x","DEBUG":true}`,
	} {
		got := s.in(t).send(http.MethodPost, s.url+"/api/v1/giftimbiz/listAll?partner_id="+c.id, c.header, body)
		if string(got.body) != string(want.body) {
			t.Errorf("%s: %s\nwant %s", name, got.body, want.body)
		}
	}
	s.send(http.MethodPost, s.url+"/api/v1/giftimbiz/listAll?limit=3&site=gift&partner_id="+c.id, c.header, "limit=4").wants("Q")
}

// TestTheGuidesOwnPHPSampleWorks runs the guide's sample, its typing errors mended and partner_id added, with PHP's own
// curl. It sends multipart under the label of JSON.
func TestTheGuidesOwnPHPSampleWorks(t *testing.T) {
	if out, err := exec.Command("php", "-r", "exit(function_exists('curl_init') ? 0 : 1);").CombinedOutput(); err != nil {
		t.Skipf("skipped: no php with curl (Debian: apt-get install php-cli php-curl): %v %s", err, out)
	}
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		c := s.as("demo")
		cmd := exec.Command("php", "testdata/guide.php")
		cmd.Env = append(os.Environ(), "BASE_URL="+s.url, "PARTNER_ID="+c.id,
			"ACCESS_TOKEN="+c.header.Get("Access-Token"), "REFRESH_TOKEN="+c.header.Get("Refresh-Token"),
			"PARTNERKEY="+c.header.Get("Partnerkey"), "PARTNERTOKEN="+c.header.Get("Partnertoken"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var got struct {
			Result string           `json:"result"`
			Cate   []map[string]any `json:"cate"`
			Brand  []map[string]any `json:"brand"`
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got.Result != "0000" || len(got.Cate) == 0 || len(got.Brand) == 0 || !strings.Contains(string(out), "커피음료") {
			t.Errorf("PHP got %s", out)
		}
	})
}
