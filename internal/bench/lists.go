package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
)

// listRequests is how many different requests the list job cycles through.
const (
	listRequests    = 2000
	listConnections = 16
)

// lists measures listAll beside the bare handler that sends the same bytes.
func (s *suite) lists(ctx context.Context) error {
	data, err := s.folder("lists")
	if err != nil {
		return err
	}
	database := "sqlite:" + filepath.Join(data, "giftimbiz.db")
	s.say("filling %d offers", s.Offers)
	buyer, err := s.House.FillLists(ctx, data, database, s.Offers)
	if err != nil {
		return err
	}
	server, err := startServer(ctx, data, database)
	if err != nil {
		return err
	}
	defer server.stop()
	requests := prepareLists(buyer)
	recorded, err := record(server.addr, requests)
	if err != nil {
		return err
	}
	recording := filepath.Join(data, "answers")
	if err := recorded.save(recording); err != nil {
		return err
	}
	bareServer, err := startYardstick(ctx, recording)
	if err != nil {
		return err
	}
	defer bareServer.stop()
	src := compare(requests, recorded)
	var ours, theirs []float64
	name := fmt.Sprintf("listAll, 20 of %d offers", s.Offers)
	for round := range s.Rounds {
		before := server.cpu()
		run, err := drive(server.addr, listConnections, s.During, src)
		if err != nil {
			return err
		}
		s.addTrial(run.trial(name, listConnections, server.cpu()-before))
		bareRun, err := drive(bareServer.addr, listConnections, s.During, src)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, run.rate()), append(theirs, bareRun.rate())
		s.say("%s, round %d: %.0f/s, bare handler %.0f/s", name, round+1, run.rate(), bareRun.rate())
	}
	s.add(ratio(name, "per second", "bare net/http, same bytes", atLeast(0.80, "×"), ours, theirs))
	return nil
}

// prepareLists makes random filters, orders, pages and searches.
func prepareLists(buyer Buyer) [][]byte {
	r := rand.New(rand.NewPCG(1, 2)) // the same requests in every run
	words := []string{"초코", "스타벅스", "커피", "치킨", "CU", "아이스", "ㅅㅌㅂㅅ", "케이크"}
	orders := []string{"hit", "priceH", "priceL", "disH", "disL"}
	categories := []string{"1", "2", "3", "4", "5", "6", "7", "8", "28", "32"}
	requests := make([][]byte, listRequests)
	for i := range requests {
		form := url.Values{"partner_id": {buyer.Name}, "site": {"gift"}, "orderby": {orders[r.IntN(len(orders))]}}
		if r.IntN(2) == 0 {
			form.Set("CODE", categories[r.IntN(len(categories))])
		}
		if r.IntN(4) == 0 {
			form.Set("word", words[r.IntN(len(words))])
		}
		if r.IntN(4) == 0 {
			form.Set("price", fmt.Sprint(1000*(1+r.IntN(50))))
		}
		if r.IntN(2) == 0 {
			form.Set("page", fmt.Sprint(1+r.IntN(5)))
		}
		requests[i] = post("giftimbiz/listAll", buyer, form, fmt.Sprintf("%s: %d\r\n", numberHeader, i))
	}
	return requests
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
		body, err := c.do(raw)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(body, success) {
			return nil, fmt.Errorf("answered %.200s", body)
		}
		all[i] = bytes.Clone(body)
	}
	return all, nil
}

var errOtherAnswer = errors.New("an answer differs from the one recorded")

// compare gives each connection the requests in an order of its own and compares every answer with the recording.
func compare(requests [][]byte, recorded answers) source {
	return func(conn int) func() request {
		r := rand.New(rand.NewPCG(3, uint64(conn)))
		return func() request {
			i := r.IntN(len(requests))
			return request{raw: requests[i], check: func(body []byte) error {
				if !bytes.Equal(body, recorded[i]) {
					return errOtherAnswer
				}
				return nil
			}}
		}
	}
}
