package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"giftimbiz/client"
)

// listed is an offer as the list sends it.
type listed struct {
	OfferID string `json:"md_idx"`
	Price   string `json:"disprice"`
	Product string `json:"product"`
}

// buyers make purchases at random under keys of their own and remember what they were told.
type buyers struct {
	t      testing.TB
	who    client.Credentials
	offers []listed
	keys   atomic.Int64

	mu      sync.Mutex
	made    map[string]listed          // guarded by mu: what each key was used for
	told    map[string]json.RawMessage // guarded by mu: final answers, refusals too
	answers atomic.Int64
}

// newBuyers reads the offers on sale from a running server.
func newBuyers(t testing.TB, url string, who client.Credentials) *buyers {
	t.Helper()
	b := &buyers{t: t, who: who, made: map[string]listed{}, told: map[string]json.RawMessage{}}
	answer, err := b.client(url).Call(t.Context(), "giftimbiz/listAll", map[string][]string{
		"site": {"gift"}, "limit": {"1000"}, "price": {"20000"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		List []listed `json:"list"`
	}
	if err := json.Unmarshal(answer, &list); err != nil || len(list.List) == 0 {
		t.Fatalf("%v: %s", err, answer)
	}
	b.offers = list.List
	return b
}

// client makes a connection that is never reused: a killed server cannot be mistaken for one that closed it in time.
func (b *buyers) client(url string) *client.Client {
	return client.New(client.Options{BaseURL: url, Credentials: b.who, Retries: -1, HTTP: &http.Client{
		Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true},
	}})
}

// run has n buyers buy at a server until it does not answer or stop is closed.
func (b *buyers) run(n int, url string, stop <-chan struct{}) {
	var wg sync.WaitGroup
	c := b.client(url)
	for range n {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprintf("key-%d", b.keys.Add(1))
				offer := b.offers[rand.IntN(len(b.offers))]
				b.mu.Lock()
				b.made[key] = offer
				b.mu.Unlock()
				if !b.buy(c, key, offer) {
					return
				}
			}
		})
	}
	wg.Wait()
}

// buy asks once and tells whether there was a final answer. A later answer to the same key must be the same.
func (b *buyers) buy(c *client.Client, key string, offer listed) bool {
	answer, err := c.Call(context.Background(), "giftimbiz/buyGifticoupon", url.Values{
		"md_idx": {offer.OfferID}, "cash": {offer.Price}, "product": {offer.Product},
	}, client.IdempotencyKey(key))
	if code := client.Code(err); (err != nil && code == "") || code == "GPLF" {
		return false // unknown: to be asked again
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if first, ok := b.told[key]; ok && string(first) != string(answer) {
		b.t.Errorf("%s was first answered %s, then %s", key, first, answer)
	}
	b.told[key] = answer
	b.answers.Add(1)
	return true
}

// settle asks everything again: what was answered must be answered alike, what was not gets its answer now.
func (b *buyers) settle(url string) {
	b.t.Helper()
	c := b.client(url)
	for key, offer := range b.made {
		if !b.buy(c, key, offer) {
			b.t.Errorf("%s has no answer", key)
		}
	}
}

// orders returns the order numbers that the buyers were told, with the prices they paid.
func (b *buyers) orders() (paid map[string]string) {
	b.t.Helper()
	paid = map[string]string{}
	for key, answer := range b.told {
		var a struct {
			Result string `json:"result"`
			TID    string `json:"tid"`
		}
		if err := json.Unmarshal(answer, &a); err != nil {
			b.t.Fatalf("%s: %v: %s", key, err, answer)
		}
		switch {
		case a.Result == "0000" && paid[a.TID] == "":
			paid[a.TID] = b.made[key].Price
		case a.Result == "0000":
			b.t.Errorf("two keys were told the order %s", a.TID)
		case a.Result != "PD": // sold out
			b.t.Errorf("%s was answered %s", key, answer)
		}
	}
	return paid
}

// history returns the orders of the partner's whole history, with the prices paid. No voucher may be in it twice.
func (b *buyers) history(url string) (paid map[string]string) {
	b.t.Helper()
	c := b.client(url)
	paid = map[string]string{}
	numbers := map[string]bool{}
	for after, more := "", "true"; more == "true"; {
		params := map[string][]string{"limit": {"1000"}}
		if after != "" {
			params["after"] = []string{after}
		}
		answer, err := c.Call(b.t.Context(), "giftimbiz/buyGifticonList", params)
		if err != nil {
			b.t.Fatal(err)
		}
		var page struct {
			More string `json:"isNext"`
			List []struct {
				TID    string `json:"tid"`
				Number string `json:"pin"`
				Paid   string `json:"buy_price"`
			} `json:"list"`
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			b.t.Fatal(err)
		}
		for _, item := range page.List {
			if numbers[item.Number] || paid[item.TID] != "" {
				b.t.Errorf("order %s or its voucher is there twice", item.TID)
			}
			numbers[item.Number], paid[item.TID] = true, item.Paid
			after = item.TID
		}
		more = page.More
	}
	return paid
}
