package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"giftimbiz/internal/programtest"
)

// documented is a server beside its own OpenAPI document of a version.
type documented struct {
	*testServer
	doc *openapi3.T
}

func documentOf(t *testing.T, s *testServer, version string) *documented {
	t.Helper()
	a := s.send(http.MethodGet, s.url+"/docs/openapi/"+version+".json?lang=en", http.Header{}, "")
	doc, err := openapi3.NewLoader().LoadFromData(a.body)
	if err != nil {
		t.Fatal(err)
	}
	return &documented{s.in(t), doc}
}

// route finds an operation by its id.
func (d *documented) route(operationID string) *routers.Route {
	d.t.Helper()
	for name, item := range d.doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.OperationID == operationID {
				return &routers.Route{Spec: d.doc, Path: name, PathItem: item, Method: method, Operation: o}
			}
		}
	}
	d.t.Fatalf("no operation %s is described", operationID)
	return nil
}

// ask sends a request and fails the test unless request and answer are as described.
func (d *documented) ask(route *routers.Route, pathParams map[string]string, target string, header http.Header, body string) answer {
	d.t.Helper()
	a := d.send(route.Method, target, header, body)
	req, err := http.NewRequestWithContext(d.t.Context(), route.Method, target, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header = header
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: pathParams, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true,
		},
	}
	if err := openapi3filter.ValidateRequest(d.t.Context(), in); err != nil {
		d.t.Errorf("%s: the request is not as described: %v", route.Operation.OperationID, err)
	}
	d.check(route, a)
	return a
}

// check fails the test unless an answer is as described.
func (d *documented) check(route *routers.Route, a answer) {
	d.t.Helper()
	err := openapi3filter.ValidateResponse(d.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Route: route, Request: &http.Request{Method: route.Method}},
		Status:                 a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		d.t.Errorf("%s: the answer %d is not as described: %v\n%s", route.Operation.OperationID, a.status, err, a.body)
	}
}

// requestExamples returns the bodies that a document shows of an operation; none = it has no body.
func requestExamples(o *openapi3.Operation) (contentType string, list []any) {
	if o.RequestBody == nil {
		return "", nil
	}
	for kind, media := range o.RequestBody.Value.Content {
		contentType = kind
		if media.Example != nil {
			list = append(list, media.Example)
		}
		for _, name := range []string{"gifticon", "star", "quote", "day", "back"} {
			if e := media.Examples[name]; e != nil {
				list = append(list, e.Value.Value)
			}
		}
	}
	return contentType, list
}

func formOf(example any) url.Values {
	form := url.Values{}
	fields, _ := example.(map[string]any)
	for name, value := range fields {
		form.Set(name, fmt.Sprint(value))
		if n, ok := value.(float64); ok {
			form.Set(name, fmt.Sprintf("%.0f", n))
		}
	}
	return form
}

// TestVersion1AnswersAsItsDocumentSays sends the document's own examples to all 13 endpoints, and what is refused.
func TestVersion1AnswersAsItsDocumentSays(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		d := documentOf(t, s, "v1")
		c := s.in(t).as("demo")
		c.header.Set("X-Refresh-Token", c.header.Get("Refresh-Token"))
		c.header.Set("Content-Type", "application/x-www-form-urlencoded")
		post := func(operation string, change url.Values) answer {
			route := d.route(operation)
			_, examples := requestExamples(route.Operation)
			form := url.Values{}
			if len(examples) > 0 {
				form = formOf(examples[0])
			}
			for name, value := range change {
				form[name] = value
			}
			return d.ask(route, nil, s.url+route.Path+"?partner_id="+c.id, c.header, form.Encode())
		}
		done := func(operation string, change url.Values) answer {
			t.Helper()
			a := post(operation, change)
			if a.code() != "0000" && a.code() != "0" {
				t.Errorf("%s: %s", operation, a.body)
			}
			return a
		}
		for _, operation := range []string{
			"getAccessToken", "cateGift", "listAll", "giftDetail", "buyGifticoupon", "buyGifticonList", "cateStar", "starListAll", "starDetail",
		} {
			done(operation, nil)
		}
		coupon := done("buyStarcoupon", nil)
		seller := s.seller(37)
		bought := url.Values{"tid": {coupon.text("tid")}, "msc_idx": {coupon.text("msc_idx")}}
		done("getQRImg", bought)
		used := url.Values{"msc_idx": bought["msc_idx"], "msu_idx": {fmt.Sprint(seller.SellerID)}, "managecode": {seller.ManagerCode}}
		done("setUseStarCoupon", used)
		done("buyStarcouponList", nil)

		for operation, refused := range map[string]struct {
			change url.Values
			code   string
		}{
			"setUseStarCoupon": {used, "M1"},
			"getQRImg":         {bought, "M1"},
			"buyGifticoupon":   {url.Values{"cash": {"1"}}, "PL"},
			"buyStarcoupon":    {url.Values{"md_idx": {"999999999"}}, "PD"},
			"giftDetail":       {url.Values{"CODE": {"1"}}, "M"},
			"starListAll":      {url.Values{"si": {"없는도"}}, "L"},
			"listAll":          {url.Values{"site": {"gift"}, "limit": {"1000"}, "page": {"2000"}}, "0000"},
		} {
			if a := post(operation, refused.change); a.code() != refused.code {
				t.Errorf("%s: want %s: %s", operation, refused.code, a.body)
			}
		}
		post("buyGifticoupon", nil).wants("PPA")
		c.header.Set("Partnertoken", "wrong")
		for _, item := range d.doc.Paths.Map() {
			post(item.Post.OperationID, nil).wants("TOKEN06")
		}
	})
}

// TestVersion2AnswersAsItsDocumentSays sends the document's own examples to every operation, in an order in which they make sense.
func TestVersion2AnswersAsItsDocumentSays(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	d := documentOf(t, s, "v2")
	p, err := s.made.Partner("devtest1")
	if err != nil {
		t.Fatal(err)
	}
	v := &version2{documented: d, token: s.as("devtest1").header.Get("Access-Token"), made: map[string]string{}}
	v.login = "Basic " + base64.StdEncoding.EncodeToString([]byte(p.PartnerKey+":"+p.PartnerToken))
	for _, operation := range []string{
		"createToken", "getPartner", "listCategories", "listBrands", "listOffers", "getOffer", "listCoupons", "getCoupon",
		"createQuote", "getQuote", "createOrder", "releaseQuote", "listOrders", "getOrder", "getOrderByReference", "closeReference",
		"listVouchers", "getVoucher", "renewVoucherLink", "redeemInSandbox", "cancelOrder", "getBalance", "setLowBalance", "getStatement",
		"listKeys", "createWebhook", "listWebhooks", "getWebhook", "changeWebhook", "rotateWebhookSecret", "testWebhook", "listDeliveries",
		"getDelivery", "replayDelivery", "deleteWebhook", "listEvents", "getSandbox", "moveClock", "resetSandbox", "rotateKeys",
	} {
		t.Run(operation, func(t *testing.T) { v.in(t).try(operation) })
	}
}

// version2 remembers what was made in place of what the document's examples name.
type version2 struct {
	*documented
	token, login string
	made         map[string]string // by what stands for it in examples
}

// refusedInExamples are the answers of operations whose examples are refused as they must be, after those before.
var refusedInExamples = map[string]int{
	"releaseQuote": http.StatusConflict, "closeReference": http.StatusConflict, "cancelOrder": http.StatusConflict,
}

func (v *version2) in(t *testing.T) *version2 {
	return &version2{&documented{v.testServer.in(t), v.doc}, v.token, v.login, v.made}
}

func (v *version2) try(operation string) {
	v.t.Helper()
	route := v.route(operation)
	contentType, examples := requestExamples(route.Operation)
	if len(examples) == 0 {
		examples = []any{nil}
	}
	for i, example := range examples {
		body := ""
		if contentType == "application/json" && example != nil {
			text, err := json.Marshal(example)
			if err != nil {
				v.t.Fatal(err)
			}
			body = string(text)
		} else if example != nil {
			body = formOf(example).Encode()
		}
		a := v.send2(route, i, contentType, v.put(body))
		want := refusedInExamples[operation]
		if ok := a.status/100 == 2; ok == (want != 0) || want != 0 && a.status != want {
			v.t.Errorf("%d %s", a.status, a.body)
		}
		v.remember(operation, i, a)
	}
}

// put puts what was made in the place of what examples name.
func (v *version2) put(text string) string {
	for example, real := range v.made {
		text = strings.ReplaceAll(text, example, real)
	}
	return text
}

func (v *version2) send2(route *routers.Route, i int, contentType, body string) answer {
	v.t.Helper()
	header := http.Header{"Authorization": {"Bearer " + v.token}}
	if route.Operation.OperationID == "createToken" {
		header.Set("Authorization", v.login)
	}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	target, pathParams, query := route.Path, map[string]string{}, url.Values{}
	parameters := append(append(openapi3.Parameters{}, route.PathItem.Parameters...), route.Operation.Parameters...)
	for _, p := range parameters {
		if p.Value.Example == nil {
			continue
		}
		value := v.put(fmt.Sprint(p.Value.Example))
		switch p.Value.In {
		case "path":
			pathParams[p.Value.Name] = value
			target = strings.ReplaceAll(target, "{"+p.Value.Name+"}", url.PathEscape(value))
		case "query":
			query.Set(p.Value.Name, value)
		case "header":
			header.Set(p.Value.Name, fmt.Sprint(value, i))
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return v.ask(route, pathParams, v.url+v.put(target), header, body)
}

// The names that the document's examples have for what the server makes.
const (
	exampleOrder = "20250915-0DJ8YJ6M9T4G1"
	exampleStar  = "TEST-20250915-0DJ8YJ6M9T4G2.1"
)

func (v *version2) remember(operation string, i int, a answer) {
	v.t.Helper()
	id := strings.TrimSpace(fmt.Sprint(a.fields["id"]))
	switch {
	case a.status/100 != 2:
	case operation == "createQuote":
		v.made["quo_0DJ8YJ6M9T4G0"] = id
	case operation == "createOrder" && i == 0:
		v.made[exampleOrder] = id
	case operation == "createOrder" && i == 1:
		v.made[exampleStar] = id + ".1"
	case operation == "createWebhook":
		v.made["/webhooks/1"] = "/webhooks/" + path.Base(a.header.Get("Location"))
	case operation == "testWebhook":
		v.made["evt_377702342656000000"] = a.text("event_id")
	}
}

// TestVersion2RefusesAsItsDocumentSays asks for what is refused: each answer is a problem that the document has for the operation.
func TestVersion2RefusesAsItsDocumentSays(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	d := documentOf(t, s, "v2")
	bearer := "Bearer " + s.as("demo").header.Get("Access-Token")
	for _, test := range []struct {
		operation, target, body string
		header                  http.Header
		status                  int
		problem                 string
	}{
		{"getPartner", "partner", "", http.Header{"Authorization": nil}, 401, "token-missing"},
		{"getPartner", "partner", "", http.Header{"Authorization": {"Bearer nothing"}}, 401, "token-invalid"},
		{"listOffers", "offers?limt=1", "", nil, 400, "parameter-invalid"},
		{"listOffers", "offers?limit=500", "", nil, 400, "parameter-invalid"},
		{"listCoupons", "coupons?province=%EC%97%86%EB%8A%94%EB%8F%84", "", nil, 400, "parameter-invalid"},
		{"getOffer", "offers/999999999", "", nil, 404, "offer-not-found"},
		{"getOrder", "orders/20250915-0DJ8YJ6M9T4G1", "", nil, 404, "not-found"},
		{"getOrderByReference", "orders/by-reference/none", "", nil, 404, "not-found"},
		{"createQuote", "quotes", `{"items":[{"offer_id":999999999,"quantity":1}]}`, nil, 409, "offer-unknown"},
		{"createQuote", "quotes", `{"itemz":[]}`, nil, 400, "body-invalid"},
		{"createQuote", "quotes", `{"items":[{"offer_id":18411,"quantity":1},{"offer_id":1350,"quantity":1}]}`, nil, 422, "kinds-mixed"},
		{"createOrder", "orders", `{"reference":"r-1","items":[{"offer_id":18411,"quantity":1}],"total":940}`, nil, 400, "idempotency-key-missing"},
		{"createOrder", "orders", `{"reference":"r-1","items":[{"offer_id":18411,"quantity":1}],"total":1}`, keyed("k-1"), 409, "price-changed"},
		{"createOrder", "orders", `{"reference":"r-1","items":[{"offer_id":18411,"quantity":1}],"total":940}`, keyed("k-1"), 422, "idempotency-key-reused"},
		{"createOrder", "orders", `{"reference":"r-2","items":[{"offer_id":18411,"quantity":100}],"total":94000}`, keyed("k-2"), 409, "too-few"},
		{"createOrder", "orders", `{"reference":"r-3","quote_id":"quo_0DJ8YJ6M9T4G0"}`, keyed("k-3"), 404, "not-found"},
		{"createOrder", "orders", `reference=r-1`, http.Header{"Content-Type": {"text/plain"}, "Idempotency-Key": {"k-4"}}, 415, "media-type"},
		{"createOrder", "orders", `{"reference":"` + strings.Repeat("x", 70_000) + `"}`, keyed("k-5"), 413, "body-too-large"},
		{"createWebhook", "webhooks", `{"url":"http://127.0.0.1/hooks"}`, nil, 400, "webhook-url-refused"},
		{"getWebhook", "webhooks/77", "", nil, 404, "not-found"},
		{"listEvents", "events", "", nil, 403, "sandbox-only"},
	} {
		t.Run(test.operation+"-"+test.problem, func(t *testing.T) {
			d := &documented{d.testServer.in(t), d.doc}
			header := http.Header{"Authorization": {bearer}}
			if test.body != "" {
				header.Set("Content-Type", "application/json")
			}
			for name, values := range test.header {
				header[name] = values
			}
			route := d.route(test.operation)
			a := d.send(route.Method, d.url+"/api/v2/"+test.target, header, test.body)
			d.check(route, a)
			if kind, _ := a.fields["type"].(string); a.status != test.status || kind != "urn:giftimbiz:problem:"+test.problem {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func keyed(key string) http.Header { return http.Header{"Idempotency-Key": {key}} }
