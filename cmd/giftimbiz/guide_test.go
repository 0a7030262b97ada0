package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"testing"

	"giftimbiz/internal/programtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// guidePublicURL is where the guide's samples have their pictures.
const guidePublicURL = "https://www.giftiexchange.com"

// TestEveryAnswerIsTheGuidesSample calls all 13 endpoints in the samples' time. Each answer holds all that the guide's
// sample of it holds, value by value and type by type, and is as a whole what it was before (testdata/golden).
func TestEveryAnswerIsTheGuidesSample(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database, func(cfg *config) { cfg.PublicURL = guidePublicURL })
		c := s.as("demo")
		check := func(endpoint string, params ...any) answer {
			t.Helper()
			a := c.call(endpoint, params...)
			name := path.Base(endpoint) + ".json"
			matchesSample(t, name, a.body)
			matchesGolden(t, name, a.body)
			return a
		}
		c.header.Set("X-Refresh-Token", c.header.Get("Refresh-Token"))
		check("common/getAccessToken")
		check("giftimbiz/cateGift", "CODE", 1)
		check("giftimbiz/listAll", "site", "gift", "CODE", 6, "BCODE", 4, "limit", 5, "orderby", "priceL")
		check("giftimbiz/giftDetail", "CODE", 2576, "DCODE", 14560)
		check("giftimbiz/buyGifticoupon", "md_idx", "18411|14560", "cash", 940+1680, "product", chocoName+" 외 1건")
		check("giftimbiz/buyGifticonList")
		check("giftimbiz/cateStar")
		check("giftimbiz/starListAll", "site", "gift", "si", "서울", "CODE", 15, "word", "너랑나랑")
		check("giftimbiz/starDetail", "CODE", 1587, "CCODE", 224)
		bought := check("giftimbiz/buyStarcoupon", "md_idx", 1350, "msl_idx", 188, "msc_idx", 0, "cash", 0, "product", "김말이 3개")
		tid, coupon := bought.text("tid"), bought.text("msc_idx")
		check("gifticon/getQRImg", "tid", tid, "msc_idx", coupon)
		seller := s.seller(37)
		check("gifticon/setUseStarCoupon", "msu_idx", seller.SellerID, "msc_idx", coupon, "managecode", seller.ManagerCode)
		check("giftimbiz/buyStarcouponList", "msl", 188)
	})
}

// matchesSample compares an answer with the guide's. "<text>" and "<number>" in the sample stand for any of that type.
func matchesSample(t *testing.T, name string, body []byte) {
	t.Helper()
	sample, err := os.ReadFile(filepath.Join("testdata", "guide", name))
	if err != nil {
		t.Fatal(err)
	}
	want, got := decoded(t, sample), decoded(t, body)
	for _, fault := range lacks("", want, got) {
		t.Errorf("%s: %s\n%s", name, fault, body)
	}
}

func decoded(t *testing.T, text []byte) (value any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// lacks says what of the sample is missing or different in the answer. Of a list, each member of the sample must be
// somewhere in the answer's.
func lacks(at string, want, got any) (faults []string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return []string{at + " is no object"}
		}
		for name, value := range want {
			member, there := object[name]
			if !there {
				faults = append(faults, at+"."+name+" is missing")
				continue
			}
			faults = append(faults, lacks(at+"."+name, value, member)...)
		}
	case []any:
		list, ok := got.([]any)
		if !ok {
			return []string{at + " is no list"}
		}
		for i, member := range want {
			if !isIn(member, list) {
				faults = append(faults, fmt.Sprintf("%s lacks the sample's member %d", at, i))
			}
		}
	default:
		if !alike(want, got) {
			faults = append(faults, fmt.Sprintf("%s is %#v, the guide has %#v", at, got, want))
		}
	}
	return faults
}

func isIn(member any, list []any) bool {
	for _, other := range list {
		if len(lacks("", member, other)) == 0 {
			return true
		}
	}
	return false
}

func alike(want, got any) bool {
	switch want {
	case "<text>":
		text, ok := got.(string)
		return ok && text != ""
	case "<number>":
		_, ok := got.(json.Number)
		return ok
	}
	return want == got
}

// volatile is what differs from run to run: tokens, order numbers and addresses that keys are in.
var volatile = []struct {
	text *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`"token": "[^"]+"`), `"token": "TOKEN"`},
	{regexp.MustCompile(`20250915-[0-9A-Z]{13}`), `20250915-ORDER`},
	{regexp.MustCompile(`(/UPLOAD/(?:qr|barcode)/)[^"]+\.png`), `${1}CAPABILITY.png`},
	{regexp.MustCompile(`(/v/)[0-9A-Za-z_-]+`), `${1}CAPABILITY`},
}

func matchesGolden(t *testing.T, name string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	got := append(b.Bytes(), '\n')
	for _, v := range volatile {
		got = v.text.ReplaceAll(got, []byte(v.with))
	}
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not as before (see -update):\n%s", name, got)
	}
}
