package console_test

import (
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
)

// orderDesk is a console over a database in which partners buy.
type orderDesk struct {
	*storagetest.House
	vault   *vault.Vault
	url     string
	file    string
	browser map[office.Role]*http.Client
}

// numberedOffer has vouchers that can be decrypted. The last digit of the n-th is n.
const numberedOffer = 2

func numberOf(n int) string { return fmt.Sprintf("9000111122%04d", 7650+n) }

func newOrderDesk(t *testing.T) *orderDesk {
	t.Helper()
	house, file := openHouse(t)
	d := &orderDesk{House: house, vault: newVault(t), file: file, browser: map[office.Role]*http.Client{}}
	d.Stock(1, 10)
	d.stockNumbered(9)
	server := httptest.NewServer(openConsole(house, d.vault, nil))
	t.Cleanup(server.Close)
	d.url = server.URL
	for _, role := range office.Roles() {
		d.browser[role] = d.signIn(role)
	}
	return d
}

func (d *orderDesk) stockNumbered(units int) {
	d.T.Helper()
	s := &storage.Stock{Offers: []gift.Offer{{
		ID: numberedOffer, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462},
		LastDay: gift.DateOf(2025, 12, 31),
	}}}
	for n := 1; n <= units; n++ {
		id := int64(numberedOffer*100_000 + n)
		sealed, err := d.vault.Seal(id, numberOf(n))
		if err != nil {
			d.T.Fatal(err)
		}
		s.Units = append(s.Units, storage.NewUnit{
			ID: id, OfferID: numberedOffer, Position: int64(n), Sealed: sealed,
			NumberHash: d.vault.Lookup("voucher", numberOf(n)), TailHash: d.vault.Tail(numberOf(n)),
		})
	}
	if err := d.DB.Load(d.T.Context(), s); err != nil {
		d.T.Fatal(err)
	}
}

// signIn returns a browser in which an operator of the role has signed in.
func (d *orderDesk) signIn(role office.Role) *http.Client {
	d.T.Helper()
	hash, err := d.vault.HashCode("secret")
	if err != nil {
		d.T.Fatal(err)
	}
	o := office.Operator{Email: string(role) + "@giftimbiz.local", Name: string(role), Role: role, PasswordHash: hash}
	if err := d.DB.SetOperator(d.T.Context(), o, d.Clock.Now()); err != nil {
		d.T.Fatal(err)
	}
	jar, _ := cookiejar.New(nil) // never fails without options
	d.browser[role] = &http.Client{Jar: jar}
	if a := d.post(role, "/console/sign-in", "email", o.Email, "password", "secret"); a.status != http.StatusOK {
		d.T.Fatal(a.status)
	}
	return d.browser[role]
}

// answer is what a browser shows.
type answer struct {
	status int
	path   string // after redirects
	header http.Header
	body   string
}

func (d *orderDesk) get(role office.Role, address string) answer {
	d.T.Helper()
	return d.send(role, http.MethodGet, address, nil)
}

func (d *orderDesk) post(role office.Role, address string, pairs ...string) answer {
	d.T.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return d.send(role, http.MethodPost, address, form)
}

func (d *orderDesk) send(role office.Role, method, address string, form url.Values) (a answer) {
	req, err := http.NewRequestWithContext(context.Background(), method, d.url+address, strings.NewReader(form.Encode()))
	if err != nil {
		d.T.Error(err)
		return a
	}
	req.Header.Set("Accept-Language", "en")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := d.browser[role].Do(req)
	if err != nil {
		d.T.Error(err)
		return a
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.T.Error(err)
	}
	return answer{res.StatusCode, res.Request.URL.RequestURI(), res.Header, string(body)}
}

// want fails the test unless the page has the status and all the texts; one with "!" before it must not be there.
func (d *orderDesk) want(a answer, status int, texts ...string) {
	d.T.Helper()
	if a.status != status {
		d.T.Errorf("%s: status %d, want %d", a.path, a.status, status)
	}
	plain := strings.Join(strings.Fields(tags.ReplaceAllString(a.body, " ")), " ")
	for _, text := range texts {
		if rest, not := strings.CutPrefix(text, "!"); not == strings.Contains(a.body+plain, strings.TrimPrefix(rest, "!")) {
			d.T.Errorf("%s: want %q in %s", a.path, text, plain)
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

func (d *orderDesk) buy(partner int64, key string, offers ...int64) (gift.ID, string) {
	d.T.Helper()
	out := d.Buy(partner, key, offers...)
	if out.Refusal != nil {
		d.T.Fatal(out.Refusal)
	}
	d.Clock.Advance(time.Second)
	return out.OrderID, "/console/orders/" + string(out.Ref)
}

func TestOrdersAreFoundInTheSearchBox(t *testing.T) {
	d := newOrderDesk(t)
	demo := d.Partner(gift.Partner{Name: "demo", Title: "데모"}, 100_000)
	_, first := d.buy(demo, "key-1", numberedOffer, numberedOffer)
	_, second := d.buy(d.Partner(gift.Partner{Name: "other"}, 100_000), "7653", 1)
	_, third := d.buy(demo, "", numberedOffer) // ends in 7653
	ref := func(address string) string { return strings.TrimPrefix(address, "/console/orders/") }

	d.want(d.get(office.Viewer, "/console/orders"), 200, ref(first), ref(second), ref(third), storagetest.Voucher, "₩1,880")
	for _, spelling := range []string{ref(first), " " + strings.ToLower(ref(first)) + " "} {
		if a := d.get(office.Viewer, "/console/orders?q="+url.QueryEscape(spelling)); a.path != first {
			t.Errorf("%q leads to %s", spelling, a.path)
		}
	}
	d.want(d.get(office.Viewer, "/console/orders?q=key-1"), 200, ref(first), "!"+ref(second), "!"+ref(third))
	d.want(d.get(office.Viewer, "/console/orders?q=7653"), 200, "!"+ref(first), ref(second), ref(third)+"?q=7653")
	d.want(d.get(office.Viewer, third+"?q=7653"), 200, "••••7653", "!"+numberOf(3))
	d.want(d.get(office.Viewer, "/console/orders?q=7653&partner=demo"), 200, "!"+ref(second), ref(third))
	d.want(d.get(office.Viewer, "/console/orders?kind=star"), 200, "No such order")
	d.want(d.get(office.Viewer, "/console/orders?from=2025-09-15&to=2025-09-15&kind=gifticon"), 200, ref(first))
	d.want(d.get(office.Viewer, "/console/orders?from=2025-09-16"), 200, "!"+ref(first))
	d.want(d.get(office.Viewer, "/console/orders?from=yesterday"), 422, "Write it like")
	d.want(d.get(office.Viewer, "/console/orders?from=2025-09-16&to=2025-09-15"), 422, "before the first day")
	d.want(d.get(office.Viewer, "/console/orders?state=refunded"), 200, "No such order")
}

func TestOrdersAreListedByPagesAndExportedWhole(t *testing.T) {
	d := newOrderDesk(t)
	d.want(d.get(office.Viewer, "/console/orders"), 200, "No orders yet")
	p := d.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 1_000_000)
	const orders = 120
	seen := map[string]bool{}
	for i := range orders {
		d.buy(p, fmt.Sprint(i), 1)
	}
	next := "/console/orders?partner=devtest1"
	pages := 0
	for ; next != ""; pages++ {
		a := d.get(office.Viewer, next)
		d.want(a, 200)
		for _, ref := range regexp.MustCompile(`/console/orders/(TEST-[0-9A-Z-]+)`).FindAllStringSubmatch(a.body, -1) {
			if seen[ref[1]] {
				t.Errorf("%s is on two pages", ref[1])
			}
			seen[ref[1]] = true
		}
		next = ""
		if m := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(a.body); m != nil {
			next = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(seen) != orders || pages != 3 {
		t.Errorf("%d orders on %d pages", len(seen), pages)
	}
	a := d.get(office.Viewer, "/console/orders?partner=devtest1&format=csv")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != orders+1 || rows[0][0] != "Order" || !seen[rows[orders][0]] || rows[1][8] != "940" {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestUnknownOrdersAreNotFound(t *testing.T) {
	d := newOrderDesk(t)
	id, address := d.buy(d.Partner(gift.Partner{Name: "demo"}, 100_000), "", 1)
	for _, ref := range []string{"x", string(id.Ref(true)), string((id + 1).Ref(false)), "x/refund/y"} {
		d.want(d.get(office.Admin, "/console/orders/"+ref), 404)
		d.want(d.post(office.Admin, "/console/orders/"+ref+"/refund", "line", "1", "reason", "r", "confirm", "yes"), 404)
		d.want(d.post(office.Admin, "/console/orders/"+ref+"/reveal", "line", "1"), 404)
	}
	for _, form := range []string{"/refund", "/reveal", "/link"} { // a browser that reloads where a form was sent
		if a := d.get(office.Viewer, address+form); a.status != 200 || a.path != address {
			t.Errorf("%s: %d at %s", form, a.status, a.path)
		}
	}
	d.want(d.post(office.Admin, address+"/reveal", "line", "2"), 404)
	d.want(d.post(office.Admin, address+"/link", "line", "2", "serial", "0"), 404)
	d.want(d.post(office.Admin, address+"/refund", "line", "2", "reason", "r", "confirm", "yes"), 404)
}

func TestAnOrderIsRefundedInPartAndThenTheRest(t *testing.T) {
	d := newOrderDesk(t)
	_, address := d.buy(d.Partner(gift.Partner{Name: "demo"}, 10_000), "", numberedOffer, numberedOffer, 1)
	d.want(d.get(office.Clerk, address), 200, "3 items, ₩2,820", "Bought demo", "purchase", "do not go on sale again")

	d.want(d.post(office.Clerk, address+"/refund", "reason", " "), 422, "Choose what", "Give a reason", "Tick the box")
	d.want(d.post(office.Clerk, address+"/refund", "line", "2", "confirm", "yes", "reason", strings.Repeat("가", 201)), 422,
		"200 characters", `value="2" aria-label="Refund item 2" checked`, "!Tick the box")
	d.want(d.post(office.Clerk, address+"/refund", "line", "2", "confirm", "yes", "reason", "typo <b>"), 200,
		"Refunded ₩940 (items: 1).", "Refunded: item 2 operator@giftimbiz.local · ₩940 · typo &lt;b&gt;", "2 items, ₩1,880",
		"refunds (off sales)", "prepaid · demo")
	d.want(d.post(office.Finance, address+"/refund", "line", "2", "line", "1", "confirm", "yes", "reason", "again"), 409,
		"Item 2 was refunded already", "Nothing was refunded now", "2 items, ₩1,880")
	// "All that is left" is what the page showed: item 2 was still there.
	d.want(d.post(office.Finance, address+"/refund", "all", "yes", "shown", "1", "shown", "2", "shown", "3", "confirm", "yes", "reason", "r"),
		409, "Item 2 was refunded already")
	if got := d.Balance("demo"); got != 10_000-2*940 {
		t.Errorf("balance %d", got)
	}
	d.want(d.post(office.Finance, address+"/refund", "all", "yes", "shown", "1", "shown", "3", "confirm", "yes", "reason", "r"), 200,
		"Refunded ₩1,880 (items: 2).", "Nothing is left that could be refunded")
	if got := d.Balance("demo"); got != 10_000 {
		t.Errorf("balance %d", got)
	}
	d.want(d.get(office.Viewer, "/console/orders?state=refunded"), 200, "refunded")
}

func TestASandboxOrderIsRefundedWithoutMoney(t *testing.T) {
	d := newOrderDesk(t)
	_, address := d.buy(d.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000), "", numberedOffer)
	d.want(d.get(office.Viewer, address), 200, "sandbox order", "TEST2", "This order moved no money", "!Show", "!"+numberOf(1))
	d.want(d.post(office.Clerk, address+"/refund", "line", "1", "confirm", "yes", "reason", "r"), 200, "No money moved")
	d.want(d.post(office.Clerk, address+"/reveal", "line", "1"), 404)
	if got := d.Balance("devtest1"); got != 10_000 {
		t.Errorf("balance %d", got)
	}
}

func TestAUsedCouponIsShownAndNotRefunded(t *testing.T) {
	d := newOrderDesk(t)
	p := d.Partner(gift.Partner{Name: "demo"}, 10_000)
	out, err := d.Engine.Buy(t.Context(), storagetest.StarRequest(p, "", 0))
	if err != nil || out.Refusal != nil {
		t.Fatal(out.Refusal, err)
	}
	use := redeem.Use{OrderID: out.OrderID, Line: 1, SellerID: 1, ShopID: 37, Via: "page", At: d.Clock.Now().Add(time.Minute)}
	if won, err := d.DB.MarkUsed(t.Context(), use); err != nil || !won {
		t.Fatal(won, err)
	}
	address := "/console/orders/" + string(out.Ref)
	d.want(d.get(office.Clerk, address), 200, "Used: item 1 너랑나랑분식 점장 · on the shop&#39;s page", "Nothing is left")
	d.want(d.post(office.Clerk, address+"/refund", "line", "1", "confirm", "yes", "reason", "r"), 409, "Coupon 1 was used at 2025-09-15 12:01")
}

func TestOfOperatorsWhoRefundTheSameAtOnceOneWins(t *testing.T) {
	d := newOrderDesk(t)
	_, address := d.buy(d.Partner(gift.Partner{Name: "demo"}, 10_000), "", numberedOffer, numberedOffer)
	const operators = 12
	answers := make([]answer, operators)
	var wg sync.WaitGroup
	for i := range operators {
		wg.Go(func() {
			role := []office.Role{office.Clerk, office.Finance, office.Admin}[i%3]
			answers[i] = d.post(role, address+"/refund", "line", "1", "line", "2", "confirm", "yes", "reason", "at once")
		})
	}
	wg.Wait()
	won := 0
	for _, a := range answers {
		switch a.status {
		case http.StatusOK:
			won++
		case http.StatusConflict:
			d.want(a, 409, "was refunded already", "Nothing was refunded now")
		default:
			t.Errorf("status %d", a.status)
		}
	}
	if got := d.Balance("demo"); won != 1 || got != 10_000 {
		t.Errorf("%d won, balance %d", won, got)
	}
}

func TestANumberIsRevealedForAMinuteAndLeavesATrace(t *testing.T) {
	d := newOrderDesk(t)
	_, address := d.buy(d.Partner(gift.Partner{Name: "demo"}, 10_000), "", numberedOffer, numberedOffer)
	number, other := numberOf(1), numberOf(2)
	d.want(d.get(office.Clerk, address), 200, "••••••••", "Show", "!"+number, "!"+other)
	a := d.post(office.Clerk, address+"/reveal", "line", "2")
	d.want(a, 200, number, "!"+other, "masked again after a minute", "Number shown: item 2 operator@giftimbiz.local · 192.0.2.7")
	if got := a.header.Get("Refresh"); got != "60; url="+address {
		t.Errorf("Refresh: %s", got)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %s", got)
	}
	d.want(d.get(office.Clerk, address), 200, "••••••••", "!"+number, "Number shown: item 2")

	raw, err := sql.Open("sqlite", "file:"+d.file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	var lines, leaks int
	err = raw.QueryRowContext(t.Context(), `SELECT COUNT(*), SUM(before_state || after_state || note || subject LIKE '%' || $1 || '%')
FROM audit WHERE action = 'voucher.reveal'`, number).Scan(&lines, &leaks)
	if err != nil || lines != 1 || leaks != 0 {
		t.Errorf("%d lines, %d with the number, %v", lines, leaks, err)
	}
}

func TestALinkIsRenewedOnceForEachTimeItWasSeen(t *testing.T) {
	d := newOrderDesk(t)
	_, address := d.buy(d.Partner(gift.Partner{Name: "demo"}, 10_000), "", numberedOffer, numberedOffer)
	d.want(d.get(office.Clerk, address), 200, `aria-label="New link for item 2"`, `name="serial" value="0"`)
	d.want(d.post(office.Clerk, address+"/link", "line", "2", "serial", "0"), 200, "Item 2 has a new link", "voucher_url",
		"New link: item 2 operator@giftimbiz.local · 192.0.2.7", `name="serial" value="1"`, "!/v/")
	d.want(d.post(office.Clerk, address+"/link", "line", "2", "serial", "0"), 409)
	for _, serial := range []string{"", "x", "-1"} {
		d.want(d.post(office.Clerk, address+"/link", "line", "1", "serial", serial), 409)
	}
	for _, role := range []office.Role{office.Viewer, office.Finance} {
		d.want(d.get(role, address), 200, "!New link for item")
		d.want(d.post(role, address+"/link", "line", "2", "serial", "1"), 403)
	}
}

func TestWhoMayNotRefundOrRevealCannot(t *testing.T) {
	d := newOrderDesk(t)
	_, address := d.buy(d.Partner(gift.Partner{Name: "demo"}, 10_000), "", numberedOffer)
	for role, may := range map[office.Role]struct{ refund, reveal bool }{
		office.Viewer: {}, office.Finance: {refund: true}, office.Clerk: {true, true}, office.Admin: {true, true},
	} {
		page := d.get(role, address)
		if got := strings.Contains(page.body, address+"/refund"); got != may.refund {
			t.Errorf("%s sees the refund form: %v", role, got)
		}
		if got := strings.Contains(page.body, "Show the number"); got != may.reveal {
			t.Errorf("%s sees the button to show a number: %v", role, got)
		}
		if a := d.post(role, address+"/reveal", "line", "1"); (a.status == 200) != may.reveal || strings.Contains(a.body, numberOf(1)) != may.reveal {
			t.Errorf("%s reveals: %d", role, a.status)
		}
	}
	d.want(d.post(office.Viewer, address+"/refund", "line", "1", "confirm", "yes", "reason", "r"), 403)
	if got := d.Balance("demo"); got != 10_000-940 {
		t.Errorf("balance %d", got)
	}
}
