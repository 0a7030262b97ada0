package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// listRequests is how many different requests the list jobs cycle through.
const listRequests = 2000

// listOrders are the orders that a list may be asked in (guide §4).
var listOrders = []string{"hit", "priceH", "priceL", "disH", "disL"}

// wares is what is asked for: what the server itself says is on sale.
type wares struct {
	brands   []brand
	products []product
}

type brand struct {
	ID       int64 `json:"mb_idx"`
	Category int64 `json:"mc_idx"`
}

type product struct {
	ID   int64  `json:"gm_idx,string"`
	Name string `json:"product"`
}

// look reads the brands and the products of some pages.
func look(addr string, buyer Buyer) (w wares, err error) {
	c, err := dial(addr)
	if err != nil {
		return w, err
	}
	defer c.close()
	ask := func(endpoint string, form url.Values, answer any) error {
		form.Set("partner_id", buyer.Name)
		body, err := c.fetch(post("giftimbiz/"+endpoint, buyer, form, ""))
		if err != nil {
			return err
		}
		return json.Unmarshal(body, answer)
	}
	var cate struct{ Brand []brand }
	if err := ask("cateGift", url.Values{}, &cate); err != nil {
		return w, err
	}
	w.brands = cate.Brand
	for page := 1; page <= 5; page++ {
		var list struct{ List []product }
		form := url.Values{"site": {"gift"}, "orderby": {"disL"}, "limit": {"100"}, "page": {strconv.Itoa(page)}}
		if err := ask("listAll", form, &list); err != nil {
			return w, err
		}
		w.products = append(w.products, list.List...)
	}
	if len(w.brands) == 0 || len(w.products) == 0 {
		return w, errors.New("nothing is on sale")
	}
	return w, nil
}

// prepareLists makes random requests, numbered for the bare handler.
func prepareLists(buyer Buyer, w wares) [][]byte {
	r := rand.New(rand.NewPCG(1, 2)) // the same requests in every run
	requests := make([][]byte, listRequests)
	for i := range requests {
		form := w.form(r)
		form.Set("partner_id", buyer.Name)
		requests[i] = post("giftimbiz/listAll", buyer, form, fmt.Sprintf("%s: %d\r\n", numberHeader, i))
	}
	return requests
}

// unasked makes random requests of which hardly two are the same: what was found before does not help.
func unasked(buyer Buyer, w wares) source {
	check := func(body []byte) error {
		if !bytes.Contains(body, success) {
			return fmt.Errorf("answered %.200s", body)
		}
		return nil
	}
	return func(conn int) func() request {
		r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(conn)))
		return func() request {
			form := w.form(r)
			form.Set("partner_id", buyer.Name)
			if form.Has("word") || r.IntN(4) == 0 {
				form.Set("price", fmt.Sprint(3000+r.IntN(50_000)))
			}
			return request{raw: post("giftimbiz/listAll", buyer, form, ""), check: check}
		}
	}
}

// form asks for something random: half of all forms name a category or a brand, a quarter words (well-known ones, and
// pieces of names on sale), a quarter a highest price, half a further page.
func (w *wares) form(r *rand.Rand) url.Values {
	form := url.Values{"site": {"gift"}, "orderby": {listOrders[r.IntN(len(listOrders))]}}
	b := w.brands[r.IntN(len(w.brands))]
	switch r.IntN(8) {
	case 0, 1:
		form.Set("CODE", fmt.Sprint(b.Category))
		form.Set("BCODE", fmt.Sprint(b.ID))
	case 2, 3:
		form.Set("CODE", fmt.Sprint(b.Category))
	case 4, 5:
		form.Set("word", w.word(r))
	}
	if r.IntN(4) == 0 {
		form.Set("price", fmt.Sprint(1000*(3+r.IntN(50))))
	}
	if r.IntN(2) == 0 {
		form.Set("page", fmt.Sprint(1+r.IntN(5)))
	}
	return form
}

// word makes something to search for.
func (w *wares) word(r *rand.Rand) string {
	known := []string{"초코", "스타벅스", "커피", "치킨", "CU", "아이스", "ㅅㅌㅂㅅ", "케이크", "세트", "아메리카노"}
	if r.IntN(2) == 0 {
		return known[r.IntN(len(known))]
	}
	words := strings.Fields(w.products[r.IntN(len(w.products))].Name)
	letters := []rune(words[r.IntN(len(words))])
	return string(letters[:min(len(letters), 2+r.IntN(2))])
}

// record asks the real server each request once.
func record(addr string, requests [][]byte) (answers, error) {
	c, err := dial(addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	all := make(answers, len(requests))
	for i, raw := range requests {
		body, err := c.fetch(raw)
		if err != nil {
			return nil, err
		}
		all[i] = bytes.Clone(body)
	}
	return all, nil
}

// describe says what was recorded, so that everybody sees whether it is worth comparing.
func (a answers) describe() string {
	full, empty, size := 0, 0, 0
	for _, body := range a {
		switch rows := bytes.Count(body, []byte(`"md_idx":`)); {
		case rows >= 20:
			full++
		case rows == 0:
			empty++
		}
		size += len(body)
	}
	return fmt.Sprintf("%d different requests, again and again; %d%% of the answers have 20 rows, %d%% none; %.1f KiB on average",
		len(a), 100*full/len(a), 100*empty/len(a), float64(size)/float64(len(a))/1024)
}

var errOtherAnswer = errors.New("an answer differs from the one recorded (at midnight in Seoul it may: prices change)")

// compare gives each connection the requests in an order of its own and compares every answer with the recording.
func compare(raws [][]byte, recorded answers) source {
	requests := make([]request, len(raws))
	for i := range raws {
		requests[i] = request{raw: raws[i], check: func(body []byte) error {
			if !bytes.Equal(body, recorded[i]) {
				return errOtherAnswer
			}
			return nil
		}}
	}
	return func(conn int) func() request {
		r := rand.New(rand.NewPCG(3, uint64(conn)))
		return func() request { return requests[r.IntN(len(requests))] }
	}
}
