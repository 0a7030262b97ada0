package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/demo"
)

// storyPartner is whom the operator opens.
const storyPartner = "shopping-mall"

// bought is what the partner bought, as the API told it.
type bought struct {
	tid    string   // of two gifticons
	pins   []string // their numbers
	coupon string   // the order of a star coupon, which was redeemed
}

// openPartner makes mistakes first, and gets keys, once.
func (o *operator) openPartner() {
	o.Go("/console/partners")
	o.Check("partners-empty")
	o.Press("a[href='/console/partners/new']")
	o.Check("partner-new")
	o.Fill("[name=name]", storyPartner)
	o.Fill("[name=title]", o.in("쇼핑몰", "Shopping Mall"))
	o.Fill("[name=limit]", "many")
	o.Refused(http.StatusUnprocessableEntity, "main form button")
	o.Check("partner-new-refused")
	o.Fill("[name=limit]", "0")
	o.Press("main form button")
	o.Check("partner-keys")
	made := demo.Partner{Credentials: client.Credentials{
		PartnerID: o.Text("#partner-id"), PartnerKey: o.Text("#partner-key"), PartnerToken: o.Text("#partner-token"),
		RefreshToken: o.Text("#refresh-token"),
	}}
	o.Shows("#env", "PARTNERKEY="+made.PartnerKey)
	o.Shows("#curl", made.RefreshToken)
	o.s.made.Partners = append(o.s.made.Partners, made)
	o.Go("/console/partners/" + storyPartner)
	if text := o.Text("main"); strings.Contains(text, made.PartnerKey) || strings.Contains(text, made.RefreshToken) {
		o.s.t.Error("the keys are shown again")
	}
	o.Check("partner")
}

// topUp brings money in, and sends the same reference twice.
func (o *operator) topUp() {
	for _, press := range []func(string){o.Press, func(s string) { o.Refused(http.StatusUnprocessableEntity, s) }} {
		o.Go("/console/partners/" + storyPartner)
		o.Fill("form[action$='/topup'] [name=amount]", "1000000")
		o.Fill("form[action$='/topup'] [name=reference]", "BANK-1")
		o.Fill("form[action$='/topup'] [name=memo]", o.in("첫 충전", "the first one"))
		press("form[action$='/topup'] button")
	}
	o.Check("partner-topup-refused")
	o.Go("/console/partners")
	o.Fill("[name=search]", storyPartner)
	o.Press("form.filter button")
	o.Shows("tbody", storyPartner)
	o.Shows("tbody", o.in("1,000,000원", "₩1,000,000"))
	o.Check("partners")
}

// letPartnerBuy is the partner's program, with the keys that the page showed.
func (o *operator) letPartnerBuy() {
	o.s.sync() // or wait a second
	c := o.s.as(storyPartner)
	offer := c.call("giftimbiz/listAll", "site", "gift", "word", "아메리카노").wants("0000").rows("list")[0]
	price, err := strconv.Atoi(fmt.Sprint(offer["disprice"]))
	if err != nil {
		o.s.t.Fatal(err)
	}
	id, name := fmt.Sprint(offer["md_idx"]), templateProduct
	o.bought.tid = c.call("giftimbiz/buyGifticoupon", "md_idx", id+"|"+id, "cash", 2*price, "product", name+"|"+name).
		wants("0000").text("tid")
	for _, row := range c.call("giftimbiz/buyGifticonList", "tid", o.bought.tid).wants("0000").rows("list") {
		o.bought.pins = append(o.bought.pins, fmt.Sprint(row["pin"]))
	}
	o.letPartnerRedeem(c)
	o.s.clock.Advance(time.Minute)
}

// letPartnerRedeem buys a star coupon, which a seller of the shop takes.
func (o *operator) letPartnerRedeem(c *caller) {
	star := c.call("giftimbiz/starListAll", "site", "gift", "word", "아메리카노").wants("0000").rows("list")[0]
	a := c.call("giftimbiz/buyStarcoupon", "md_idx", star["md_idx"], "msl_idx", star["msl_idx"], "msc_idx", star["msc_idx"],
		"cash", star["ms_price"], "product", star["ms_product"]).wants("0000")
	o.bought.coupon = a.text("tid")
	const firstSeller = 1
	c.call("gifticon/setUseStarCoupon", "msu_idx", firstSeller, "msc_idx", a.text("msc_idx"), "managecode", templateCode).wants("0000")
}

// findOrder finds the order by each thing that somebody may call about: its number, which leads to it, and the end of a
// voucher's.
func (o *operator) findOrder() {
	pin := o.bought.pins[0]
	o.Go("/console/orders")
	o.Check("orders")
	o.Fill("[name=q]", o.bought.tid)
	o.Press("form.filter button")
	o.Shows("h1", o.bought.tid)
	o.Go("/console/orders")
	o.Fill("[name=q]", pin[len(pin)-4:])
	o.Fill("[name=partner]", storyPartner)
	o.Press("form.filter button")
	o.Shows("tbody", o.bought.tid)
	o.Check("orders-found")
	o.Press("tbody a[href*='" + o.bought.tid + "']")
	o.Shows("h1", o.bought.tid)
	o.Check("order")
	for _, pin := range o.bought.pins {
		if strings.Contains(o.Text("main"), pin) {
			o.s.t.Error("a number is shown that nobody asked for")
		}
	}
}

func (o *operator) revealNumber() {
	o.Go("/console/orders/" + o.bought.tid)
	o.Press("form[action$='/reveal'] button")
	shown := o.Text("tbody")
	if strings.Contains(shown, o.bought.pins[0]) == strings.Contains(shown, o.bought.pins[1]) {
		o.s.t.Errorf("one number was asked for, shown is %q", shown)
	}
	o.Check("order-revealed")
	o.Go("/console/orders/" + o.bought.tid)
	if strings.Contains(o.Text("main"), o.bought.pins[0]) {
		o.s.t.Error("the number stays")
	}
}

// refund pays one voucher back, then the other, while a colleague has the page open.
func (o *operator) refund() {
	page := "/console/orders/" + o.bought.tid
	colleague := &operator{Tab: o.browser.Open(o.s.t, o.s.url, o.look), s: o.s, english: o.english}
	colleague.enter("colleague@gift.example")
	o.Go(page)
	o.fillRefund()
	o.Fill("[name=line][value='1']", "on")
	o.Press("#refund button:not([name])")
	o.Shows("[role=status]", o.in("환불", "Refunded"))
	o.Check("order-partly-refunded")
	colleague.Go(page)
	for _, each := range []*operator{o, colleague} {
		each.fillRefund()
	}
	o.Press("#refund button[name=all]")
	o.Check("order-refunded")
	if o.Has("#refund button") {
		o.s.t.Error("what is refunded can be refunded")
	}
	colleague.Refused(http.StatusConflict, "#refund button[name=all]")
	colleague.Shows("[role=alert]", o.in("이미 환불", "refunded already"))
}

func (o *operator) fillRefund() {
	o.Fill("#refund [name=reason]", o.in("고객이 취소함", "the customer cancelled"))
	o.Fill("#refund [name=confirm]", "on")
}

func (o *operator) readStatement() {
	o.Go("/console/partners/" + storyPartner + "/statement")
	o.Shows("main", "BANK-1")
	o.Check("partner-statement")
	o.Go("/console/partners/" + storyPartner + "/calls")
	o.Check("partner-calls")
}
