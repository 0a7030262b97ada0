package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/rehearsal"
)

// v2 calls the second version of the API with the same access token.
func (c *caller) v2(method, path, body string, more ...string) answer {
	c.s.t.Helper()
	return c.s.send(method, c.s.url+"/api/v2/"+path, c.v2Header(body, more...), body)
}

func (c *caller) v2Header(body string, more ...string) http.Header {
	h := http.Header{"Authorization": {"Bearer " + c.header.Get("Access-Token")}}
	if body != "" {
		h.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

// buyCoupon buys a free star coupon.
func (c *caller) buyCoupon() answer {
	c.s.t.Helper()
	return c.call("giftimbiz/buyStarcoupon", "md_idx", 1350, "msl_idx", 188, "msc_idx", 0, "cash", 0, "product", "김말이 3개").wants("0000")
}

// gives fails the test unless the status is this.
func (a answer) gives(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// setClock moves a sandbox's clock to a time in Seoul.
func (c *caller) setClock(day string) {
	c.s.t.Helper()
	c.v2("POST", "sandbox/clock", `{"now":"`+day+`+09:00"}`).gives(200)
}

// prices returns what the guide's first record costs in v1's list, v1's detail and v2.
func (c *caller) prices() string {
	c.s.t.Helper()
	var found []string
	for _, row := range c.call("giftimbiz/listAll", "site", "gift", "word", chocoName).wants("0000").rows("list") {
		if row["md_idx"] == chocoID {
			found = append(found, fmt.Sprint(row["disprice"]))
		}
	}
	if a := c.call("giftimbiz/giftDetail", "CODE", 27935, "DCODE", chocoID); a.code() == "0000" {
		found = append(found, fmt.Sprint(a.fields["detail"].(map[string]any)["disprice"]))
	}
	if a := c.v2("GET", "offers/"+chocoID, ""); a.status == 200 {
		found = append(found, fmt.Sprint(a.fields["price"]))
	}
	return strings.Join(found, " ")
}

// TestASandboxLivesByItsOwnClock: prices, expiry and states follow it in both versions of the API, on both nodes and on pages,
// for this partner alone.
func TestASandboxLivesByItsOwnClock(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		s.open(gift.Partner{Name: "other", Sandbox: true, DuplicateSec: 10}, 1_000_000)
		other := s.second()
		c, neighbour := s.as("devtest1"), s.as("other")
		elsewhere := *c
		elsewhere.s = other
		bought := order()(s, c).wants("0000").text("tid")
		c.header.Set("Idempotency-Key", "star")
		star := c.buyCoupon()

		sync := c.v2("GET", "offers?limit=1", "").gives(200).text("sync")

		c.setClock("2025-11-15T09:00:00")
		other.sync()
		sync = c.isTold(sync, "repriced", 930)
		for name, who := range map[string]*caller{"mine": c, "mine on another node": &elsewhere} {
			if got := who.prices(); got != "930 930 930" {
				t.Errorf("%s: %s", name, got)
			}
		}
		if got := neighbour.prices(); got != "940 940 940" {
			t.Errorf("a neighbour's: %s", got)
		}
		c.header.Set("Idempotency-Key", "old-price")
		order()(s, c).wants("PL")
		c.header.Set("Idempotency-Key", "new-price")
		order("cash", 930)(s, c).wants("0000")
		order()(s, neighbour).wants("0000")
		const now = `{"reference":"A-1","items":[{"offer_id":` + chocoID + `,"quantity":1}],"total":930}`
		c.v2("POST", "orders", now, "Idempotency-Key", "k").gives(201)

		c.v2("POST", "sandbox/clock", `{"advance_seconds":25920000}`).gives(200) // all is over by then
		other.sync()
		if got := c.prices(); got != "" {
			t.Errorf("expired, and on sale: %s", got)
		}
		c.header.Set("Idempotency-Key", "too-late")
		order("cash", 462)(s, c).wants("M2")
		sync = c.isTold(sync, "expired", 462)
		checkExpired(t, c, bought, star)
		checkExpired(t, &elsewhere, bought, star)
		if got := neighbour.prices(); got != "940 940 940" {
			t.Errorf("a neighbour's: %s", got)
		}

		if a := c.v2("POST", "sandbox/clock", `{"now":"2026-01-01T00:00:00+09:00"}`); a.status != 400 {
			t.Errorf("backwards: %d %s", a.status, a.body)
		}
		a := c.v2("POST", "sandbox/clock", `{"reset":true}`).gives(200)
		if a.text("now") != "2025-09-15T12:00:00+09:00" || a.fields["ahead_seconds"] != 0.0 {
			t.Errorf("%s", a.body)
		}
		if got := c.prices(); got != "940 940 940" {
			t.Errorf("back in the real time: %s", got)
		}
		c.isTold(sync, "restocked", 940)
	})
}

// isTold fails the test unless what changed since a state tells this of the guide's first record, and returns the new state.
func (c *caller) isTold(sync, change string, price int) string {
	c.s.t.Helper()
	found, cursor := "", ""
	for {
		a := c.v2("GET", "offers?limit=200&updated_since="+sync+cursor, "").gives(200)
		for _, row := range a.rows("data") {
			if fmt.Sprint(row["id"]) == chocoID {
				found = fmt.Sprint(row["change"], row["price"])
			}
		}
		if a.fields["next"] == nil {
			if want := fmt.Sprint(change, float64(price)); found != want {
				c.s.t.Errorf("told %q, want %q", found, want)
			}
			return a.text("sync")
		}
		cursor = "&cursor=" + a.text("next")
	}
}

// checkExpired fails the test unless a partner's gifticon and star coupon are expired wherever they are shown.
func checkExpired(t *testing.T, c *caller, gifticon string, star answer) {
	t.Helper()
	tid, coupon := star.text("tid"), star.text("msc_idx")
	for list, order := range map[string]string{"giftimbiz/buyGifticonList": gifticon, "giftimbiz/buyStarcouponList": tid} {
		a := c.call(list, "tid", order).wants("0000")
		if list == "giftimbiz/buyStarcouponList" {
			a.fields = a.fields["data"].(map[string]any)
		}
		row := a.rows("list")[0]
		if row["status"] != "expire" {
			t.Errorf("%s: %v", list, row["status"])
		}
		page := c.s.send("GET", c.s.url+pathOf(t, fmt.Sprint(row["voucher_url"])), nil, "")
		if page.status != 200 || !strings.Contains(string(page.body), "유효기간이 지") {
			t.Errorf("the voucher page: %d\n%s", page.status, page.body)
		}
	}
	if a := c.v2("GET", "vouchers/"+tid+".1", "").gives(200); a.fields["state"] != "expired" || a.fields["qr_url"] != nil {
		t.Errorf("%s", a.body)
	}
	c.call("gifticon/getQRImg", "msc_idx", coupon, "tid", tid).wants("M2")
	seller := c.s.made.Sellers[0]
	c.call("gifticon/setUseStarCoupon", "msc_idx", coupon, "msu_idx", seller.SellerID, "managecode", seller.ManagerCode).wants("M2")
	if a := c.v2("POST", "sandbox/redeem", `{"voucher_id":"`+tid+`.1"}`).gives(409); a.fields["code"] != "M2" {
		t.Errorf("%s", a.body)
	}
}

// pathOf returns the part of an address behind the host.
func pathOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}

// heard returns the types of a sandbox partner's events.
func (c *caller) heard() (types []string) {
	c.s.t.Helper()
	c.s.clock.Advance(5 * time.Second) // younger ones are held back
	for _, e := range c.v2("GET", "events", "").gives(200).rows("events") {
		types = append(types, fmt.Sprint(e["type"]))
	}
	return types
}

func TestASandboxIsToldOfTheDaysThatItsClockPasses(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		c := s.as("devtest1")
		order()(s, c).wants("0000")
		want := []string{"order.completed"}
		if got := c.heard(); !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
		c.setClock("2025-12-25T09:00:00")
		want = append(want, "voucher.expiring", "voucher.expiring")
		if got := c.heard(); !slices.Equal(got, want) {
			t.Errorf("by Christmas: %v", got)
		}
		c.setClock("2026-01-02T09:00:00")
		want = append(want, "voucher.expiring", "voucher.expired")
		for range 2 {
			if got := c.heard(); !slices.Equal(got, want) {
				t.Errorf("in the new year: %v", got)
			}
			if _, err := s.node.DB.TellAhead(t.Context(), s.clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestASandboxRedeemsAndForgets(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		c := s.as("devtest1")
		star := c.buyCoupon()
		voucher := `{"voucher_id":"` + star.text("tid") + `.1"}`
		used := c.v2("POST", "sandbox/redeem", voucher).gives(200)
		if used.fields["state"] != "used" || used.fields["used"] == nil {
			t.Errorf("%s", used.body)
		}
		again := c.v2("POST", "sandbox/redeem", voucher).gives(409)
		if again.fields["code"] != "M1" || again.fields["type"] != "urn:giftimbiz:problem:not-redeemable" {
			t.Errorf("%s", again.body)
		}
		c.header.Set("Idempotency-Key", "another")
		back := c.buyCoupon().text("tid")
		c.v2("POST", "orders/"+back+"/cancel", "{}").gives(200)
		if a := c.v2("POST", "sandbox/redeem", `{"voucher_id":"`+back+`.1"}`).gives(409); a.fields["code"] != "PD" {
			t.Errorf("%s", a.body)
		}
		c.header.Del("Idempotency-Key")
		gifticon := order()(s, c).wants("0000").text("tid")
		for _, id := range []string{gifticon + ".2", star.text("tid") + ".2", "x"} {
			c.v2("POST", "sandbox/redeem", `{"voucher_id":"`+id+`"}`).gives(404)
		}
		a := c.v2("POST", "sandbox/redeem", `{"voucher_id":"`+gifticon+`.1"}`).gives(409)
		if a.fields["code"] != "PD" || a.fields["type"] != "urn:giftimbiz:problem:not-redeemable" {
			t.Errorf("of a gifticon: %s", a.body)
		}
		want := "order.completed coupon.redeemed order.completed order.refunded order.completed"
		if got := strings.Join(c.heard(), " "); got != want {
			t.Errorf("%v", got)
		}
		c.setClock("2026-01-02T09:00:00")
		if a := c.v2("POST", "sandbox/reset", "").gives(200); a.fields["orders"] != 3.0 {
			t.Errorf("%s", a.body)
		}
		if got := c.heard(); len(got) > 0 {
			t.Errorf("remembered: %v", got)
		}
		if a := c.call("giftimbiz/buyGifticonList").wants("0000"); len(a.rows("list")) > 0 || a.fields["total_count"] != 0.0 {
			t.Errorf("%s", a.body)
		}
		if a := order()(s, c).wants("0000"); a.header.Get("Idempotent-Replayed") != "" || a.text("tid") == gifticon {
			t.Errorf("the answer is remembered: %s", a.body)
		}
		for _, path := range []string{"sandbox/clock", "sandbox/reset", "sandbox/redeem"} {
			if a := s.as("demo").v2("POST", path, "{}").gives(403); a.fields["type"] != "urn:giftimbiz:problem:sandbox-only" {
				t.Errorf("%s of a live partner: %s", path, a.body)
			}
		}
		if a := c.v2("GET", "sandbox", "").gives(200); len(a.fields["outcomes"].([]any)) != len(rehearsal.Names()) {
			t.Errorf("%s", a.body)
		}
	})
}

// TestOutcomesOnRequest of both versions of the API.
func TestOutcomesOnRequest(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	const right = `{"reference":"%s","items":[{"offer_id":` + chocoID + `,"quantity":1}],"total":940}`
	for i, test := range []struct {
		outcome  string
		v1       string // result
		v1Status int
		status   int
		problem  string
	}{
		{"sold-out", "PD", 200, 409, "sold-out"},
		{"price-changed", "PL", 200, 409, "price-changed"},
		{"balance-low", "PC", 200, 402, "balance-low"},
		{"daily-limit", "M3", 200, 409, "daily-limit"},
		{"expired", "M2", 200, 409, "expired"},
		{"unavailable", "GPLF", 503, 503, "unavailable"},
		{"rate-limited", "Q", 429, 429, "rate-limited"},
		{"nonsense", "Q", 200, 400, "parameter-invalid"},
	} {
		t.Run(test.outcome, func(t *testing.T) {
			s := s.in(t)
			c := s.as("devtest1")
			c.header.Set(rehearsal.Header, test.outcome)
			if a := order()(s, c).wants(test.v1); a.status != test.v1Status || (a.status > 400) != (a.header.Get("Retry-After") != "") {
				t.Errorf("v1: %d, %v", a.status, a.header)
			}
			a := c.v2("POST", "orders", fmt.Sprintf(right, test.outcome), "Idempotency-Key", test.outcome, rehearsal.Header, test.outcome)
			if a.gives(test.status); a.fields["type"] != "urn:giftimbiz:problem:"+test.problem {
				t.Errorf("v2: %s", a.body)
			}
			listed := c.call("giftimbiz/listAll", "site", "gift")
			want := "Q" // an outcome of purchases only
			if test.v1Status > 200 {
				want = test.v1
			}
			if listed.code() != want || listed.status != test.v1Status {
				t.Errorf("of a list: %s", listed.body)
			}
			if i > 1 { // there are few of the offer
				return
			}
			live := s.as("demo")
			live.header.Set(rehearsal.Header, test.outcome)
			order()(s, live).wants("0000")
		})
	}
	if n := s.as("devtest1").call("giftimbiz/buyGifticonList").fields["total_count"]; n != 0.0 {
		t.Errorf("%v vouchers were bought", n)
	}
}

// TestALostAnswerIsFoundByItsKey: the purchase was made, and asking again gives it.
func TestALostAnswerIsFoundByItsKey(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		c := s.as("devtest1")
		form := url.Values{"partner_id": {c.id}, "md_idx": {chocoID}, "cash": {"940"}, "product": {chocoName}}.Encode()
		h := c.header.Clone()
		h.Set("Content-Type", "application/x-www-form-urlencoded")
		h.Set("Idempotency-Key", "lost")
		h.Set(rehearsal.Header, "answer-lost")
		s.cut("/api/v1/giftimbiz/buyGifticoupon", h, form)
		c.header.Set("Idempotency-Key", "lost")
		a := order()(s, c).wants("0000")
		if a.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("v1 has bought again: %s", a.body)
		}
		const body = `{"reference":"lost-2","items":[{"offer_id":` + chocoID + `,"quantity":1}],"total":940}`
		s.cut("/api/v2/orders", c.v2Header(body, "Idempotency-Key", "lost", rehearsal.Header, "answer-lost"), body)
		a = c.v2("POST", "orders", body, "Idempotency-Key", "lost").gives(201)
		if a.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("v2 has bought again: %s", a.body)
		}
		if n := len(c.call("giftimbiz/buyGifticonList").rows("list")); n != 2 {
			t.Errorf("%d vouchers", n)
		}
	})
}

// cut sends a request whose connection must end before the first byte of an answer.
func (s *testServer) cut(target string, h http.Header, body string) {
	s.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // a kept connection's requests are repeated
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = h
	resp, err := client.Do(req)
	if err == nil {
		_ = resp.Body.Close()
		s.t.Fatalf("%s was answered: %s", target, resp.Status)
	}
	if !errors.Is(err, io.EOF) {
		s.t.Errorf("%s: %v", target, err)
	}
}

// TestAReaderOfTheDocsIsLentASandbox where the operator has it so: the keys work at once, in both versions of the API.
func TestAReaderOfTheDocsIsLentASandbox(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		lend := true
		s := startServer(t, database, func(c *config) { c.OpenSandboxes = &lend })
		borrow := func() (*caller, answer) {
			a := s.send("POST", s.url+"/docs/sandbox", http.Header{"Sec-Fetch-Site": {"same-origin"}}, "").gives(200)
			return &caller{s: s, id: a.text("partner_id"), header: http.Header{
				"Partnerkey": {a.text("partnerkey")}, "Partnertoken": {a.text("partnertoken")},
				"Refresh-Token": {a.text("refresh_token")}, "Access-Token": {a.text("access_token")},
			}}, a
		}
		one, _ := borrow()
		two, _ := borrow()
		for _, c := range []*caller{one, two} {
			order()(s, c).wants("0000")
			if a := c.v2("GET", "balance", "").gives(200); a.fields["balance"] != 1_000_000.0 {
				t.Errorf("%s", a.body)
			}
		}
		if one.id == two.id {
			t.Errorf("%s is lent twice", one.id)
		}
	})
	closed := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	closed.send("POST", closed.url+"/docs/sandbox", http.Header{"Sec-Fetch-Site": {"same-origin"}}, "").gives(404)
}
