package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestTheSameParametersInEveryFormGiveTheSameAnswer sends one search in every way a partner's client may choose, rightly
// and wrongly labelled.
func TestTheSameParametersInEveryFormGiveTheSameAnswer(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	c := s.as("demo")
	params := map[string]string{"site": "gift", "word": "초코", "limit": "3", "orderby": "priceL", "page": "1"}
	form := url.Values{"partner_id": {c.id}}
	for name, value := range params {
		form.Set(name, value)
	}
	flat := map[string]any{"partner_id": c.id, "limit": 3, "page": 1, "BCODE": nil}
	for _, name := range []string{"site", "word", "orderby"} {
		flat[name] = params[name]
	}
	object, err := json.Marshal(flat)
	if err != nil {
		t.Fatal(err)
	}
	multi, multiType := multipartBody(t, form)

	want := c.call("giftimbiz/listAll", "site", "gift", "word", "초코", "limit", 3, "orderby", "priceL", "page", 1).wants("0000")
	if len(want.rows("list")) == 0 {
		t.Fatal("the search finds nothing")
	}
	const formType, jsonType = "application/x-www-form-urlencoded", "application/json"
	for name, test := range map[string]struct{ query, contentType, body string }{
		"query":                      {form.Encode(), "", ""},
		"form":                       {"", formType, form.Encode()},
		"form labelled JSON":         {"", jsonType, form.Encode()},
		"form without a label":       {"", "", form.Encode()},
		"multipart":                  {"", multiType, multi},
		"multipart labelled JSON":    {"", jsonType, multi},
		"multipart labelled form":    {"", formType, multi},
		"JSON":                       {"", jsonType, string(object)},
		"JSON labelled form":         {"", formType, string(object)},
		"JSON without a label":       {"", "", string(object)},
		"query and form, both whole": {form.Encode(), formType, form.Encode()},
		"query and JSON, half each":  {url.Values{"partner_id": {c.id}, "site": {"gift"}}.Encode(), jsonType, `{"word":"초코","limit":"3","orderby":"priceL"}`},
		"numbers with spaces and 0s": {"", jsonType, `{"partner_id":"` + c.id + `","site":"gift","word":"초코","limit":" 003 ","orderby":"priceL"}`},
		"decomposed Korean":          {"", jsonType, `{"partner_id":"` + c.id + `","site":"gift","word":"\u110e\u1169\u110f\u1169","limit":3,"orderby":"priceL"}`},
	} {
		t.Run(name, func(t *testing.T) {
			sub := *c
			sub.s = s.in(t)
			header := c.header.Clone()
			if test.contentType != "" {
				header.Set("Content-Type", test.contentType)
			}
			got := sub.s.send(http.MethodPost, s.url+"/api/v1/giftimbiz/listAll?"+test.query, header, test.body)
			if string(got.body) != string(want.body) {
				t.Errorf("got  %s\nwant %s", got.body, want.body)
			}
		})
	}
	t.Run("different values in query and body do nothing", func(t *testing.T) {
		a := s.in(t).send(http.MethodPost, s.url+"/api/v1/giftimbiz/listAll?"+form.Encode(), c.header, "limit=4")
		a.wants("Q")
	})
}

func multipartBody(t *testing.T, form url.Values) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	var errs []error
	for name := range form {
		errs = append(errs, w.WriteField(name, form.Get(name)))
	}
	if err := errors.Join(append(errs, w.Close())...); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// TestTheGuidesOwnPHPSampleWorks runs the guide's sample, its typing errors mended and partner_id added, with PHP's own
// curl. It sends multipart under the label of JSON.
func TestTheGuidesOwnPHPSampleWorks(t *testing.T) {
	if out, err := exec.Command("php", "-r", "exit(function_exists('curl_init') ? 0 : 1);").CombinedOutput(); err != nil {
		t.Skipf("skipped: no php with curl (Debian: apt-get install php-cli php-curl): %v %s", err, out)
	}
	onEachEngine(t, func(t *testing.T, database string) {
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
