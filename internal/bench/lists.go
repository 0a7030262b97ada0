package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"time"
)

const (
	listConnections = 16
	bareHandler     = "bare net/http, same bytes"
	warmUp          = 300 * time.Millisecond
)

// listing is a server with many offers, beside the bare handler that sends what it sends.
type listing struct {
	job          string
	database     string
	buyer        Buyer
	server, bare *process
	src          source
	wares        wares
}

// openListing fills a database, starts a server on it and records its answers for the bare handler.
func (s *suite) openListing(ctx context.Context, name string, offers int) (l *listing, err error) {
	data, err := s.folder(name)
	if err != nil {
		return nil, err
	}
	l = &listing{job: fmt.Sprintf("listAll, 20 of %s offers", grouped(offers)), database: "sqlite:" + filepath.Join(data, "giftimbiz.db")}
	s.say("filling %s offers", grouped(offers))
	if l.buyer, err = s.House.FillLists(ctx, data, l.database, offers); err != nil {
		return nil, err
	}
	debug.FreeOSMemory() // what filling took is not to be missing to the server
	if l.server, err = startServer(ctx, data, l.database); err != nil {
		return nil, err
	}
	if err := s.recordListing(ctx, l, data); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (s *suite) recordListing(ctx context.Context, l *listing, data string) error {
	found, err := look(l.server.addr, l.buyer)
	if err != nil {
		return err
	}
	l.wares = found
	requests := prepareLists(l.buyer, found)
	recorded, err := record(l.server.addr, requests)
	if err != nil {
		return err
	}
	s.note("%s: %s. The server keeps answers until anything changes; the requests of a lone caller are new ones.",
		l.job, recorded.describe())
	recording := filepath.Join(data, "answers")
	if err := recorded.save(recording); err != nil {
		return err
	}
	if l.bare, err = startYardstick(ctx, recording); err != nil {
		return err
	}
	if err := sameHeads(l.server.addr, l.bare.addr, requests[0]); err != nil {
		return err
	}
	l.src = compare(requests, recorded)
	for _, p := range []*process{l.server, l.bare} {
		if _, err := drive(p.addr, listConnections, warmUp, l.src); err != nil {
			return err
		}
	}
	return nil
}

// sameHeads makes sure that the bare handler's answers are as long as the server's, header lines included.
func sameHeads(server, bare string, request []byte) error {
	heads := make([]int, 2)
	for i, addr := range []string{server, bare} {
		c, err := dial(addr)
		if err != nil {
			return err
		}
		a, err := c.ask(request, time.Now())
		c.close()
		if err != nil {
			return err
		}
		heads[i] = a.head
	}
	if heads[0] != heads[1] {
		return fmt.Errorf("the bare handler sends header lines of %d bytes where the server sends %d", heads[1], heads[0])
	}
	return nil
}

func (l *listing) close() {
	l.server.stop()
	if l.bare != nil {
		l.bare.stop()
	}
}

// listRound measures the server and then the bare handler.
func (s *suite) listRound(l *listing, connections int) (ours, theirs Trial, err error) {
	load := func(p *process) func() (result, error) {
		return func() (result, error) { return drive(p.addr, connections, s.During, l.src) }
	}
	if ours, err = s.measure(l.job, connections, load(l.server), l.server); err != nil {
		return ours, theirs, err
	}
	theirs, err = s.measure(l.job+": "+bareHandler, connections, load(l.bare), l.bare)
	s.say("%s, %d connections: %.0f/s, bare handler %.0f/s", l.job, connections, ours.Rate, theirs.Rate)
	return ours, theirs, err
}

// lists measures listAll beside the bare handler that sends the same bytes.
func (s *suite) lists(ctx context.Context) error {
	l, err := s.openListing(ctx, "lists", s.Offers)
	if err != nil {
		return err
	}
	defer l.close()
	var ours, theirs []Trial
	for range s.Rounds {
		our, their, err := s.listRound(l, listConnections)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, our), append(theirs, their)
	}
	beyond := minus(allocations(ours), allocations(theirs))
	s.add(
		ratio(l.job, "per second", bareHandler, atLeast(0.80, "×"), rates(ours), rates(theirs)),
		ratio(l.job, "server CPU per request, µs", bareHandler, atMost(1.3, "×"), cpus(ours), cpus(theirs)),
		bound(l.job, "allocations beyond the bare handler's", atMost(25, "a request"), beyond),
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
	l, err := s.openListing(ctx, "lists-large", s.Large)
	if err != nil {
		return err
	}
	defer l.close()
	var ours, theirs, lone []Trial
	for range s.Rounds {
		our, their, err := s.listRound(l, listConnections)
		if err != nil {
			return err
		}
		one, err := s.measure(l.job+", each request a new one", 1, func() (result, error) {
			return drive(l.server.addr, 1, s.During/2, unasked(l.buyer, l.wares))
		}, l.server)
		if err != nil {
			return err
		}
		ours, theirs, lone = append(ours, our), append(theirs, their), append(lone, one)
	}
	memory := lone[len(lone)-1].Memory
	var changes []float64
	for round := range s.Rounds {
		took, err := s.changeSeen(ctx, l, round)
		if err != nil {
			return err
		}
		changes = append(changes, took.Seconds())
	}
	s.add(
		ratio(l.job, "per second", bareHandler, atLeast(0.70, "×"), rates(ours), rates(theirs)),
		bound(l.job, "p99 of a lone caller's round trip, each request a new one", atMost(2, "ms"), p99s(lone)),
		bound(l.job, "memory beyond an empty catalogue's", atMost(2048, "MiB"), []float64{memory - empty}),
		bound(l.job, "from process start to ready", atMost(20, "s"), []float64{l.server.ready.Seconds()}),
		bound(l.job, "from COMMIT to the list, another process's new offer", atMost(1, "s"), changes),
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
func (s *suite) changeSeen(ctx context.Context, l *listing, round int) (time.Duration, error) {
	const firstID, patience = 1 << 40, 30 * time.Second
	id := int64(firstID + round)
	c, err := dial(l.server.addr)
	if err != nil {
		return 0, err
	}
	defer c.close()
	form := url.Values{"partner_id": {l.buyer.Name}, "site": {"gift"}, "orderby": {"priceL"}}
	cheapest := post("giftimbiz/listAll", l.buyer, form, "")
	shown := fmt.Appendf(nil, `"md_idx":"%d"`, id)
	used := l.server.cpu()
	if err := s.House.AddOffer(ctx, l.database, id, l.wares.products[0].ID, 1); err != nil {
		return 0, err
	}
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		body, err := c.fetch(cheapest)
		took := time.Since(began)
		if err != nil {
			return 0, err
		}
		if bytes.Contains(body, shown) {
			s.say("%s: a new offer is listed %v after its COMMIT, for %v of CPU", l.job, took, l.server.cpu()-used)
			return took, nil
		}
		if took > patience {
			return took, errors.New("a new offer is not listed")
		}
	}
}
