package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"
)

const (
	listConnections = 16
	bareHandler     = "bare net/http, same bytes"
	warmUp          = 300 * time.Millisecond
)

// market is a server with many offers, beside the bare handler that sends what it sends.
type market struct {
	job          string
	database     string
	buyer        Buyer
	server, bare *process
	src          source
	product      int64 // one that is on sale
}

// openMarket fills a database, starts a server on it and records its answers for the bare handler.
func (s *suite) openMarket(ctx context.Context, name string, offers int) (m *market, err error) {
	data, err := s.folder(name)
	if err != nil {
		return nil, err
	}
	m = &market{job: fmt.Sprintf("listAll, 20 of %s offers", grouped(offers)), database: "sqlite:" + filepath.Join(data, "giftimbiz.db")}
	s.say("filling %s offers", grouped(offers))
	if m.buyer, err = s.House.FillLists(ctx, data, m.database, offers); err != nil {
		return nil, err
	}
	if m.server, err = startServer(ctx, data, m.database); err != nil {
		return nil, err
	}
	if err := s.recordMarket(ctx, m, data); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (s *suite) recordMarket(ctx context.Context, m *market, data string) error {
	found, err := look(m.server.addr, m.buyer)
	if err != nil {
		return err
	}
	m.product = found.products[0].ID
	requests := prepareLists(m.buyer, found)
	recorded, err := record(m.server.addr, requests)
	if err != nil {
		return err
	}
	s.note("%s: %s", m.job, recorded.describe())
	recording := filepath.Join(data, "answers")
	if err := recorded.save(recording); err != nil {
		return err
	}
	if m.bare, err = startYardstick(ctx, recording); err != nil {
		return err
	}
	m.src = compare(requests, recorded)
	for _, p := range []*process{m.server, m.bare} {
		if _, err := drive(p.addr, listConnections, warmUp, m.src); err != nil {
			return err
		}
	}
	return nil
}

func (m *market) close() {
	m.server.stop()
	if m.bare != nil {
		m.bare.stop()
	}
}

// round measures the server and then the bare handler.
func (s *suite) round(m *market, connections int) (ours, theirs Trial, err error) {
	load := func(p *process) func() (result, error) {
		return func() (result, error) { return drive(p.addr, connections, s.During, m.src) }
	}
	if ours, err = s.measure(m.job, connections, load(m.server), m.server); err != nil {
		return ours, theirs, err
	}
	theirs, err = s.measure(m.job+": "+bareHandler, connections, load(m.bare), m.bare)
	s.say("%s, %d connections: %.0f/s, bare handler %.0f/s", m.job, connections, ours.Rate, theirs.Rate)
	return ours, theirs, err
}

// lists measures listAll beside the bare handler that sends the same bytes.
func (s *suite) lists(ctx context.Context) error {
	m, err := s.openMarket(ctx, "lists", s.Offers)
	if err != nil {
		return err
	}
	defer m.close()
	var ours, theirs []Trial
	for range s.Rounds {
		our, their, err := s.round(m, listConnections)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, our), append(theirs, their)
	}
	beyond := minus(allocations(ours), allocations(theirs))
	s.add(
		ratio(m.job, "per second", bareHandler, atLeast(0.80, "×"), rates(ours), rates(theirs)),
		ratio(m.job, "server CPU per request, µs", bareHandler, atMost(1.3, "×"), cpus(ours), cpus(theirs)),
		bound(m.job, "allocations beyond the bare handler's", atMost(25, "a request"), beyond),
	)
	return nil
}

// listsLarge measures the same on a large catalogue, and what the size costs: memory, time to start, time until a change
// is seen.
func (s *suite) listsLarge(ctx context.Context) error {
	empty, err := s.emptyMemory(ctx)
	if err != nil {
		return err
	}
	m, err := s.openMarket(ctx, "lists-large", s.Large)
	if err != nil {
		return err
	}
	defer m.close()
	var ours, theirs, lone []Trial
	for range s.Rounds {
		our, their, err := s.round(m, listConnections)
		if err != nil {
			return err
		}
		one, err := s.measure(m.job, 1, func() (result, error) { return drive(m.server.addr, 1, s.During/2, m.src) }, m.server)
		if err != nil {
			return err
		}
		ours, theirs, lone = append(ours, our), append(theirs, their), append(lone, one)
	}
	memory := lone[len(lone)-1].Memory
	var changes []float64
	for round := range s.Rounds {
		took, err := s.changeSeen(ctx, m, round)
		if err != nil {
			return err
		}
		changes = append(changes, took.Seconds())
	}
	s.add(
		ratio(m.job, "per second", bareHandler, atLeast(0.70, "×"), rates(ours), rates(theirs)),
		bound(m.job, "p99 of a lone caller's round trip", atMost(2, "ms"), p99s(lone)),
		bound(m.job, "memory beyond an empty catalogue's", atMost(2048, "MiB"), []float64{memory - empty}),
		bound(m.job, "from process start to ready", atMost(20, "s"), []float64{m.server.ready.Seconds()}),
		bound(m.job, "from COMMIT to the list, another process's new offer", atMost(1, "s"), changes),
	)
	return nil
}

// emptyMemory tells how many MiB a server with an empty catalogue takes.
func (s *suite) emptyMemory(ctx context.Context) (float64, error) {
	data, err := s.folder("lists-empty")
	if err != nil {
		return 0, err
	}
	database := "sqlite:" + filepath.Join(data, "giftimbiz.db")
	if _, err := s.House.FillLists(ctx, data, database, 0); err != nil {
		return 0, err
	}
	server, err := startServer(ctx, data, database)
	if err != nil {
		return 0, err
	}
	defer server.stop()
	u, err := server.usage()
	return u.memory / mebibyte, err
}

// changeSeen puts another offer on sale from this process and measures how long after it is committed the server lists it.
// It is the cheapest: it comes first in a list of the whole market.
func (s *suite) changeSeen(ctx context.Context, m *market, round int) (time.Duration, error) {
	const firstID, patience = 1 << 40, 30 * time.Second
	id := int64(firstID + round)
	c, err := dial(m.server.addr)
	if err != nil {
		return 0, err
	}
	defer c.close()
	form := url.Values{"partner_id": {m.buyer.Name}, "site": {"gift"}, "orderby": {"priceL"}}
	cheapest := post("giftimbiz/listAll", m.buyer, form, "")
	shown := fmt.Appendf(nil, `"md_idx":"%d"`, id)
	used := m.server.cpu()
	if err := s.House.AddOffer(ctx, m.database, id, m.product, 1); err != nil {
		return 0, err
	}
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		body, err := c.fetch(cheapest)
		took := time.Since(began)
		if err != nil {
			return 0, err
		}
		if bytes.Contains(body, shown) {
			s.say("%s: a new offer is listed %v after its COMMIT, for %v of CPU", m.job, took, m.server.cpu()-used)
			return took, nil
		}
		if took > patience {
			return took, errors.New("a new offer is not listed")
		}
	}
}
