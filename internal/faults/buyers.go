package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
)

const (
	unansweredPause = 100 * time.Millisecond // before another purchase by whoever got no answer
	settling        = 8                      // who ask again at a time
	pagesOfOffers   = 5                      // of 1000 at most, to choose from
	priceChanged    = "PL"
)

// Buyers make purchases at random under keys of their own and remember what they were told. Their methods may be called from
// any goroutine.
type Buyers struct {
	t        testing.TB
	who      client.Credentials
	offers   []listed // what they choose from
	day      gift.Day // on which they looked: prices are others on another
	refusals []string // the codes with which they may be refused
	keys     atomic.Int64
	rest     atomic.Int64 // nanoseconds that each waits between purchases

	mu      sync.Mutex
	made    map[string]listed          // guarded by mu: what each key was used for
	told    map[string]json.RawMessage // guarded by mu: final answers, refusals too
	answers atomic.Int64
	latest  atomic.Int64 // when the newest call that got a final answer began, in nanoseconds since 1970
}

// listed is an offer as the list sends it.
type listed struct {
	OfferID string `json:"md_idx"`
	Price   string `json:"disprice"`
	Product string `json:"product"`
}

// NewBuyers reads the offers on sale from a running server. Nothing but that an offer is sold out is a reason to refuse them, or, when
// midnight has passed, that its price is another one.
func NewBuyers(t testing.TB, url string, who client.Credentials) *Buyers {
	t.Helper()
	b := &Buyers{t: t, who: who, refusals: []string{"PD"}, made: map[string]listed{}, told: map[string]json.RawMessage{}}
	b.Look(url)
	return b
}

// Bear has refusals with another code be answers like others.
func (b *Buyers) Bear(code string) { b.refusals = append(b.refusals, code) }

// Look reads the offers on sale anew, while nobody buys.
func (b *Buyers) Look(url string) {
	b.t.Helper()
	b.offers, b.day = nil, gift.DayOf(time.Now())
	c := b.reader(url)
	for page, more := 1, true; more && page <= pagesOfOffers; page++ {
		answer, err := c.Call(b.t.Context(), "giftimbiz/listAll", map[string][]string{
			"site": {"gift"}, "limit": {"1000"}, "price": {"20000"}, "page": {strconv.Itoa(page)},
		})
		if err != nil {
			b.t.Fatal(err)
		}
		var list struct {
			More string   `json:"isNext"`
			List []listed `json:"list"`
		}
		if err := json.Unmarshal(answer, &list); err != nil || len(list.List) == 0 {
			b.t.Fatalf("%v: %s", err, answer)
		}
		b.offers, more = append(b.offers, list.List...), list.More == "true"
	}
}

// Client makes connections that are never reused: a killed server cannot be mistaken for one that closed them in time. It
// asks once.
func (b *Buyers) Client(url string) *client.Client { return b.client(url, -1) }

// reader is a Client that asks again: who reads right after a fault may meet a connection that the fault has broken.
func (b *Buyers) reader(url string) *client.Client { return b.client(url, 0) }

func (b *Buyers) client(url string, retries int) *client.Client {
	return client.New(client.Options{BaseURL: url, Credentials: b.who, Retries: retries, HTTP: &http.Client{
		Timeout: programtest.Patience, Transport: &http.Transport{DisableKeepAlives: true},
	}})
}

// Run has n buyers buy at a server until it does not answer or stop is closed.
func (b *Buyers) Run(n int, url string, stop <-chan struct{}) {
	b.run(n, url, stop, false)
}

// RunOn has n buyers buy at a server until stop is closed. Who got no answer goes on with another purchase.
func (b *Buyers) RunOn(n int, url string, stop <-chan struct{}) {
	b.run(n, url, stop, true)
}

// Rest has each of the buyers wait so long between two purchases from now on, where a fault takes longer than its load matters.
func (b *Buyers) Rest(d time.Duration) { b.rest.Store(int64(d)) }

func (b *Buyers) run(n int, url string, stop <-chan struct{}, goOn bool) {
	var wg sync.WaitGroup
	c := b.Client(url)
	for range n {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				switch {
				case b.BuyAny(c):
					if rest := time.Duration(b.rest.Load()); rest > 0 {
						<-time.After(rest)
					}
				case !goOn:
					return
				default:
					<-time.After(unansweredPause) // or it would ask as often as it is refused
				}
			}
		})
	}
	wg.Wait()
}

// BuyAny buys an offer at random under a new key and tells whether there was a final answer.
func (b *Buyers) BuyAny(c *client.Client) bool {
	final, _ := b.Buy(c)
	return final
}

// Buy is BuyAny that also tells how the call ended: with nil, an *client.Error, or what kept it from an answer.
func (b *Buyers) Buy(c *client.Client) (final bool, err error) {
	key, offer := fmt.Sprintf("key-%d", b.keys.Add(1)), b.offers[rand.IntN(len(b.offers))]
	b.mu.Lock()
	b.made[key] = offer
	b.mu.Unlock()
	return b.ask(c, key, offer)
}

// ask asks once and tells whether there was a final answer. A later answer to the same key must be the same.
func (b *Buyers) ask(c *client.Client, key string, offer listed) (final bool, err error) {
	began := time.Now().UnixNano()
	answer, err := c.Call(context.Background(), "giftimbiz/buyGifticoupon", url.Values{
		"md_idx": {offer.OfferID}, "cash": {offer.Price}, "product": {offer.Product},
	}, client.IdempotencyKey(key))
	if code := client.Code(err); (err != nil && code == "") || code == "GPLF" {
		return false, err // unknown: to be asked again
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if first, ok := b.told[key]; ok && string(first) != string(answer) {
		b.t.Errorf("%s was first answered %s, then %s", key, first, answer)
	}
	b.told[key] = answer
	b.answers.Add(1)
	b.latest.Store(max(b.latest.Load(), began)) // others wait for mu
	return true, err
}

// Answers is how many final answers there were.
func (b *Buyers) Answers() int64 { return b.answers.Load() }

// Latest is when the newest call that got a final answer was begun.
func (b *Buyers) Latest() time.Time { return time.Unix(0, b.latest.Load()) }

// Unknown is how many purchases have no final answer yet.
func (b *Buyers) Unknown() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.made) - len(b.told)
}

// Settle asks everything again, when nobody buys any more: what was answered must be answered alike, what was not gets its
// answer now.
func (b *Buyers) Settle(url string) {
	b.t.Helper()
	c := b.reader(url)
	keys := make(chan string)
	var wg sync.WaitGroup
	for range settling {
		wg.Go(func() {
			for key := range keys {
				if final, err := b.ask(c, key, b.made[key]); !final {
					b.t.Errorf("%s has no answer: %v", key, err)
				}
			}
		})
	}
	for key := range b.made {
		keys <- key
	}
	close(keys)
	wg.Wait()
}

// Orders returns the order numbers that the buyers were told, with the prices they paid. Two keys with one order, and refusals
// that they do not bear, are errors.
func (b *Buyers) Orders() (paid map[string]string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	paid = map[string]string{}
	midnight := gift.DayOf(time.Now()) != b.day
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
		case midnight && a.Result == priceChanged:
		case !slices.Contains(b.refusals, a.Result):
			b.t.Errorf("%s was answered %s", key, answer)
		}
	}
	return paid
}

// Books compares what the buyers were told with the whole history of their partner, which bought nothing else: what was told
// and is not there is lost; what is there and was told to nobody, or another price, or a voucher there twice, is doubled.
func (b *Buyers) Books(url string) (acknowledged, lost, doubled int) {
	b.t.Helper()
	told := b.Orders()
	kept, twice := b.history(url)
	doubled = twice
	for order, price := range told {
		switch kept[order] {
		case price:
		case "":
			lost++
			b.t.Errorf("order %s for %s was told and is not there", order, price)
		default:
			doubled++
			b.t.Errorf("order %s was told to cost %s and is there for %s", order, price, kept[order])
		}
	}
	for order, price := range kept {
		if _, ok := told[order]; !ok {
			doubled++
			b.t.Errorf("order %s for %s was told to nobody", order, price)
		}
	}
	return len(told), lost, doubled
}

// Missing counts which of some orders the partner's history at a server does not have, at their prices.
func (b *Buyers) Missing(url string, orders map[string]string) (missing int) {
	b.t.Helper()
	kept, _ := b.history(url)
	for order, price := range orders {
		if kept[order] != price {
			missing++
			b.t.Errorf("order %s for %s is there for %q", order, price, kept[order])
		}
	}
	return missing
}

// history returns the orders of the partner's whole history, with the prices paid, and how many of its vouchers or orders are
// in it twice.
func (b *Buyers) history(url string) (paid map[string]string, twice int) {
	b.t.Helper()
	c := b.reader(url)
	paid = map[string]string{}
	numbers := map[string]bool{} // "" is a cancelled voucher's
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
			if item.Number != "" && numbers[item.Number] || paid[item.TID] != "" {
				b.t.Errorf("order %s or its voucher is there twice", item.TID)
				twice++
			}
			numbers[item.Number], paid[item.TID] = true, item.Paid
			after = item.TID
		}
		more = page.More
	}
	return paid, twice
}
