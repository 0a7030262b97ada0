package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/programtest"
)

// vouchers are those of an order.
func (a answer) vouchers() []map[string]any { return a.rows("vouchers") }

// reach gets what stands at an absolute address of the server's.
func (c *caller) reach(address any) answer {
	c.s.t.Helper()
	path := strings.TrimPrefix(fmt.Sprint(address), c.s.cfg.PublicURL)
	return c.s.send(http.MethodGet, c.s.url+path, http.Header{}, "")
}

// TestOrdersOfTheSecondVersionOverTheRunningServer goes from a quote to its order, looks at it through both versions of the API
// and on two nodes, and takes coupons back.
func TestOrdersOfTheSecondVersionOverTheRunningServer(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		c := s.as("demo")
		elsewhere := *c
		elsewhere.s = s.second()

		quote := c.v2("POST", "quotes", `{"items":[{"offer_id":`+chocoID+`,"quantity":1}]}`).gives(201)
		body := `{"reference":"A-1","quote_id":"` + quote.text("id") + `"}`
		made := elsewhere.v2("POST", "orders", body, "Idempotency-Key", "k1").gives(201)
		if again := c.v2("POST", "orders", body, "Idempotency-Key", "k1").gives(201); string(again.body) != string(made.body) ||
			again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("again %v %s", again.header, again.body)
		}
		tid, voucher := made.text("id"), made.vouchers()[0]
		row := c.call("giftimbiz/buyGifticonList", "tid", tid).wants("0000").rows("list")[0]
		if row["pin"] != voucher["number"] || row["voucher_url"] != voucher["voucher_url"] || row["status"] != "buy" {
			t.Errorf("by version 1 %v, by version 2 %v", row, voucher)
		}
		if got := c.v2("GET", "quotes/"+quote.text("id"), "").gives(200); got.text("state") != "used" || got.text("order_id") != tid {
			t.Errorf("the quote %s", got.body)
		}
		c.reach(voucher["barcode_url"]).gives(200)
		c.reach(voucher["voucher_url"]).gives(200)
		renewed := c.v2("POST", "vouchers/"+fmt.Sprint(voucher["id"])+"/link", "").gives(200)
		c.reach(voucher["voucher_url"]).gives(404)
		c.reach(renewed.text("voucher_url")).gives(200)

		c.cancelsCoupons()
		c.keepsReferences(elsewhere.s)
	})
}

// cancelsCoupons buys star coupons and takes one of them back.
func (c *caller) cancelsCoupons() {
	t := c.s.t
	t.Helper()
	body := `{"reference":"S-1","items":[{"offer_id":1350,"quantity":2}],"total":0}`
	order := c.v2("POST", "orders", body, "Idempotency-Key", "s1").gives(201)
	first := order.vouchers()[0]
	c.reach(first["qr_url"]).gives(200)
	after := c.v2("POST", "orders/"+order.text("id")+"/cancel", `{"vouchers":["`+fmt.Sprint(first["id"])+`"]}`).gives(200)
	if got := fmt.Sprint(after.vouchers()[0]["state"], after.vouchers()[1]["state"]); got != "cancelledusable" {
		t.Errorf("after cancelling one: %s", got)
	}
	rows := c.call("giftimbiz/buyStarcouponList", "tid", order.text("id")).wants("0000").fields["data"].(map[string]any)["list"].([]any)
	if got := rows[0].(map[string]any)["status"]; got != "cancel" {
		t.Errorf("by version 1 it is %v", got)
	}
	c.call("gifticon/getQRImg", "tid", order.text("id"), "msc_idx", fmt.Sprint(first["coupon_id"])).wants("PD")
}

// keepsReferences closes a reference on another node, and finds orders by theirs.
func (c *caller) keepsReferences(other *testServer) {
	t := c.s.t
	t.Helper()
	elsewhere := *c
	elsewhere.s = other
	elsewhere.v2("DELETE", "orders/by-reference/A-2", "").gives(204)
	order := `{"reference":"A-2","items":[{"offer_id":` + chocoID + `,"quantity":1}],"total":` + chocoPrice + `}`
	if a := c.v2("POST", "orders", order, "Idempotency-Key", "k2").gives(409); a.text("type") != "urn:giftimbiz:problem:reference-closed" {
		t.Errorf("%s", a.body)
	}
	c.v2("GET", "orders/by-reference/A-2", "").gives(410)
	if a := elsewhere.v2("DELETE", "orders/by-reference/A-1", "").gives(409); a.text("order_id") == "" {
		t.Errorf("%s", a.body)
	}
	c.s.clock.Advance(time.Minute) // else it would count as the same purchase once more
	v1 := c.call("giftimbiz/buyGifticoupon", "md_idx", chocoID, "cash", chocoPrice, "product", chocoName).wants("0000").text("tid")
	list := elsewhere.v2("GET", "orders", "").gives(200).rows("data")
	if len(list) != 3 || list[0]["id"] != v1 || list[0]["reference"] != nil || list[1]["reference"] != "S-1" || list[2]["reference"] != "A-1" {
		t.Errorf("the list: %v", list)
	}
	if got := elsewhere.v2("GET", "vouchers?kind=star", "").gives(200).rows("data"); len(got) != 2 {
		t.Errorf("coupons: %v", got)
	}
}
