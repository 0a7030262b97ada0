package partnerv2_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestABodyThatCannotBeReadIsToldWhereAndWhy in the words of JSON, not of Go.
func TestABodyThatCannotBeReadIsToldWhereAndWhy(t *testing.T) {
	d := newDesk(t).stock()
	long := strings.Repeat("x", 5000)
	for body, want := range map[string]struct{ parameter, detail string }{
		`{"items":[{"offer_id":"1"}]}`:                              {"items[0].offer_id", "items[0].offer_id: want an integer."},
		`{"items":[{"offer_id":1,"quantity":1},{"quantity":1.5}]}`:  {"items[1].quantity", "items[1].quantity: want an integer."},
		`{"items":[{"offer_id":99999999999999999999}]}`:             {"items[0].offer_id", "items[0].offer_id: want an integer."},
		`{"items":[{"offer_id":{"id":[1]}}]}`:                       {"items[0].offer_id", "items[0].offer_id: want an integer."},
		` {"items": [{"quantity": 1}, 7]}`:                          {"items[1]", "items[1]: want an object."},
		`{"items":{"offer_id":1}}`:                                  {"items", "items: want an array."},
		`{"items":[],"reference":5}`:                                {"reference", "reference: want a string."},
		`{"reference":"A","items":[{"reference":"B"}]}`:             {"items[0].reference", "items[0].reference: there is no such member."},
		`{"reference":"A","items":[{"offer_id":1,"Coupon-Id":[]}]}`: {"items[0].Coupon-Id", "items[0].Coupon-Id: there is no such member."},
		`{"itemz":[[{}]]}`:                                          {"itemz", "itemz: there is no such member."},
		`{"ke\"y":1}`:                                               {`ke"y`, `ke"y: there is no such member.`},
		`{"` + long + `":1}`:                                        {long[:100] + "…", long[:100] + "…: there is no such member."},
		`{"items":[{"offer_id":1,"quantity":null}]}`:                {"items[0].quantity", "items[0].quantity: null means nothing here. Leave out what is not meant."},
		`{"items":[null]}`:                                          {"items[0]", "items[0]: null means nothing here. Leave out what is not meant."},
		`{"a":` + strings.Repeat("[", 9000) + `null` + strings.Repeat("]", 9000) + `}`: {"a", "a: there is no such member."},
		`{"a":` + strings.Repeat("[", 30_000):                                          {"", "The JSON is broken at byte 10005."},
		`null`:                                                                         {"", "The body must be a JSON object."},
		`{"items":[{"quantity":1,"quantity"2}]}`:                                       {"items[0].quantity", "items[0].quantity: it may be given once only."},
		`{"reference":"A",}`:                                                           {"", "The JSON is broken at byte 18."},
		`{"reference":"A"`:                                                             {"", "The JSON breaks off after byte 16."},
		`{"reference":'A'}`:                                                            {"", "The JSON is broken at byte 14."},
		`{"total":01}`:                                                                 {"", "The JSON is broken at byte 11."},
		`{} {}`:                                                                        {"", "There is something behind the JSON object."},
		`[]`:                                                                           {"", "The body must be a JSON object."},
		``:                                                                             {"", "A JSON body is needed."},
	} {
		var p struct{ Parameter, Detail string }
		d.place("demo", "k", body).refused(http.StatusBadRequest, "body-invalid", "Q").into(&p)
		if p.Parameter != want.parameter || p.Detail != want.detail {
			t.Errorf("%.80s: %+v", body, p)
		}
	}
	for _, call := range [][2]string{
		{http.MethodPost, "quotes"},
		{http.MethodPatch, "balance"},
		{http.MethodPost, "webhooks"},
		{http.MethodPost, "sandbox/clock"},
		{http.MethodPost, "sandbox/redeem"},
	} {
		a := d.call("devtest1", call[0], call[1], "").refused(http.StatusBadRequest, "body-invalid", "Q")
		if !strings.Contains(a.body, `"detail":"A JSON body is needed."`) {
			t.Errorf("%v: %s", call, a.body)
		}
	}
	d.call("demo", http.MethodPatch, "balance", `{"low_balance_threshold":true}`).refused(http.StatusBadRequest, "body-invalid", "Q")
	d.call("demo", http.MethodPost, "webhooks", `{"url":"https://shop.example/","events":["order.completed",7]}`).
		refused(http.StatusBadRequest, "body-invalid", "Q")
}
