package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"sync/atomic"
)

// hotShare is how many of 100 requests of a mix buy the hot offer.
const hotShare = 5

// mix is the traffic of a market: partners who list, look, buy, repeat a purchase whose answer they missed, read what
// they bought, renew their tokens, and make mistakes. Every answer must be the right one.
type mix struct {
	arena  *arena
	bought atomic.Int64  // orders that must be stored
	seeds  atomic.Uint64 // of the connections of all runs, so that none asks for what one asked for before
}

func newMix(a *arena) *mix { return &mix{arena: a} }

// mixed is one connection of a mix.
type mixed struct {
	*mix
	r      *rand.Rand
	writer *purchaseWriter
	last   bought
}

// bought is a purchase that was answered, for asking again.
type bought struct{ raw, body []byte }

// source implements source.
func (m *mix) source(int) func() request {
	c := &mixed{mix: m, r: rand.New(rand.NewPCG(7, m.seeds.Add(1))), writer: newPurchaseWriter(m.arena.sale)}
	return c.next
}

// next is what the connection does next. The shares add up to 100.
func (c *mixed) next() request {
	cold := firstColdOffer + c.r.IntN(c.arena.coldOffers)
	buyer := c.arena.buyers[1+c.r.IntN(len(c.arena.buyers)-1)]
	dice := c.r.IntN(100)
	for _, kind := range []struct {
		share int
		make  func() request
	}{
		{40, func() request { return c.list(buyer) }},
		{15, func() request { return c.detail(buyer, cold) }},
		{20, func() request { return c.buy(buyer, cold) }},
		{hotShare, func() request { return c.buy(c.arena.buyers[0], hotOffer) }},
		{5, c.again},
		{8, func() request { return c.history(buyer) }},
		{3, func() request { return c.token(buyer) }},
		{4, func() request { return c.mistake(buyer, cold) }},
	} {
		if dice -= kind.share; dice < 0 {
			return kind.make()
		}
	}
	panic("bench: the shares of a mix do not add up to 100")
}

func (c *mixed) list(buyer Buyer) request {
	form := url.Values{
		"partner_id": {buyer.Name}, "site": {"gift"}, "orderby": {listOrders[c.r.IntN(len(listOrders))]},
		"page": {strconv.Itoa(1 + c.r.IntN(20))},
	}
	return request{raw: post("giftimbiz/listAll", buyer, form, ""), check: wants(`"result":"0000"`, `"list":[{`)}
}

func (c *mixed) detail(buyer Buyer, offer int) request {
	form := url.Values{"partner_id": {buyer.Name}, "CODE": {"1"}, "DCODE": {strconv.Itoa(offer)}}
	return request{
		raw:   post("giftimbiz/giftDetail", buyer, form, ""),
		check: wants(`"result":"0000"`, `"DCODE":`+strconv.Itoa(offer)+`,`),
	}
}

func (c *mixed) buy(buyer Buyer, offer int) request {
	raw := c.writer.write(buyer, offer, keys.Add(1))
	return request{raw: raw, check: func(body []byte) error {
		c.bought.Add(1)
		c.last = bought{append(c.last.raw[:0], raw...), append(c.last.body[:0], body...)}
		return completed(body)
	}}
}

// again repeats the connection's last purchase, key and all: the answer must be the same, byte for byte.
func (c *mixed) again() request {
	if c.last.raw == nil {
		return c.buy(c.arena.buyers[0], hotOffer)
	}
	return request{raw: c.last.raw, check: func(body []byte) error {
		if !bytes.Equal(body, c.last.body) {
			return fmt.Errorf("a purchase was answered %.200s first, then %.200s", c.last.body, body)
		}
		return nil
	}}
}

func (c *mixed) history(buyer Buyer) request {
	form := url.Values{"partner_id": {buyer.Name}}
	return request{raw: post("giftimbiz/buyGifticonList", buyer, form, ""), check: wants(`"result":"0000"`, `"list":[`)}
}

func (c *mixed) token(buyer Buyer) request {
	form := url.Values{"partner_id": {buyer.Name}}
	return request{raw: post("common/getAccessToken", buyer, form, ""), check: wants(`"result":0,`, `"token":"`)}
}

// mistake asks for what must be refused, with the code that says why.
func (c *mixed) mistake(buyer Buyer, offer int) request {
	form := url.Values{
		"partner_id": {buyer.Name}, "md_idx": {strconv.Itoa(offer)}, "cash": {strconv.FormatInt(c.arena.sale.Price, 10)},
		"product": {c.arena.sale.Product},
	}
	code := "PL"
	switch c.r.IntN(4) {
	case 0:
		form.Set("cash", "1")
	case 1:
		form.Set("md_idx", "999999999")
		code = "PD"
	case 2:
		form.Del("product")
		code = "Q"
	case 3:
		buyer.Header, code = "Partnerkey: nobody\r\nPartnertoken: nothing\r\n", "UP"
	}
	return request{raw: post("giftimbiz/buyGifticoupon", buyer, form, ""), check: wants(`"result":"` + code + `"`)}
}

// wants makes a check that an answer holds some texts.
func wants(texts ...string) func([]byte) error {
	return func(body []byte) error {
		for _, text := range texts {
			if !bytes.Contains(body, []byte(text)) {
				return fmt.Errorf("answered %.300s instead of %s", body, text)
			}
		}
		return nil
	}
}
