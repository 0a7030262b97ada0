package bench

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

const nodeConnections = buyConnections / 2

// nodes measures two servers on one database beside one of them alone, with as many connections together: of one hot
// account, whose row both want, and of many. In the end it counts what was sold against what was answered, and has the
// doctor look at the books.
func (s *suite) nodes(ctx context.Context) error {
	a, err := s.openArena(ctx, "nodes", s.stockFor(s.total(1), s.total(1)))
	if err != nil {
		return err
	}
	defer a.close()
	n := &nodesRun{
		suite: s, arena: a,
		hot:  nodesFigures{name: hotPurchases, src: a.buyingHot()},
		many: nodesFigures{name: a.manyPurchases(), src: a.buyingMany()},
	}
	defer n.stop()
	for range 2 {
		server, err := a.serve(ctx)
		if err != nil {
			return err
		}
		n.servers = append(n.servers, server)
	}
	for round := range s.Rounds {
		for _, f := range []*nodesFigures{&n.hot, &n.many} {
			if err := n.round(round, f); err != nil {
				return err
			}
		}
	}
	n.stop() // what they counted of deadlocks is known when they are gone
	return n.finish(ctx)
}

// nodesRun is what the job measures.
type nodesRun struct {
	suite     *suite
	arena     *arena
	servers   []*process
	answered  int
	hot, many nodesFigures
}

// nodesFigures are those of one kind of purchase.
type nodesFigures struct {
	name          string
	src           source
	one, together figures
	shares        []float64 // of the node that sold less, in percent
}

func (n *nodesRun) stop() {
	for _, server := range n.servers {
		server.stop()
	}
	n.servers = nil
}

// round runs one node, another one each time, and both.
func (n *nodesRun) round(round int, f *nodesFigures) error {
	s, during := n.suite, n.suite.During/2
	var alone result
	t, err := s.measure(f.name+", one node", buyConnections, func() (r result, err error) {
		alone, err = drive(n.servers[round%2].addr, buyConnections, during, f.src)
		return alone, err
	}, n.servers...)
	if err != nil {
		return err
	}
	f.one.add(t)
	var each [2]result
	t, err = s.measure(f.name+", two nodes", 2*nodeConnections, func() (result, error) {
		var errs [2]error
		var wg sync.WaitGroup
		for i, server := range n.servers {
			wg.Go(func() { each[i], errs[i] = drive(server.addr, nodeConnections, during, f.src) })
		}
		wg.Wait()
		return merged(each[0], each[1]), errors.Join(errs[:]...)
	}, n.servers...)
	if err != nil {
		return err
	}
	f.together.add(t)
	sold := each[0].requests + each[1].requests
	n.answered += alone.requests + sold
	f.shares = append(f.shares, 100*float64(min(each[0].requests, each[1].requests))/float64(max(1, sold)))
	s.say("nodes, round %d: %s: one %.0f/s, two together %.0f/s, the slower has %.0f %%", round+1, f.name,
		f.one.rates[round], f.together.rates[round], f.shares[round])
	return nil
}

// merged is what two load generators saw at the same time.
func merged(a, b result) result {
	r := result{
		requests: a.requests + b.requests, took: max(a.took, b.took), unsent: a.unsent + b.unsent,
		latencies: slices.Concat(a.latencies, b.latencies), refusals: slices.Concat(a.refusals, b.refusals),
	}
	slices.Sort(r.latencies)
	slices.Sort(r.refusals)
	return r
}

// finish looks at what the nodes left and adds the rows.
func (n *nodesRun) finish(ctx context.Context) error {
	var orders, deadlocks float64
	err := withPostgres(ctx, n.arena.ours, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT (SELECT COUNT(*) FROM orders),
(SELECT deadlocks FROM pg_stat_database WHERE datname = current_database())`).Scan(&orders, &deadlocks)
	})
	if err != nil {
		return err
	}
	for _, f := range []nodesFigures{n.hot, n.many} {
		n.suite.add(
			ratio(f.name+", two nodes", "per second", "one node", atLeast(1, "×"), f.together.rates, f.one.rates).missedFor(
				"Each node has half of the connections, so its batches are half as large, and a batch costs some 0.4 ms of CPU whatever its "+
					"size. On machines of their own the nodes would have more CPU; here they share what one had."),
			bound(f.name+", two nodes", "% sold by the slower", atLeast(40, "%"), f.shares))
	}
	n.suite.add(
		bound("two nodes", "deadlocks", atMost(0, ""), []float64{deadlocks}),
		bound("two nodes", "orders lost or not answered", atMost(0, ""), []float64{math.Abs(orders - float64(n.answered))}))
	return doctor(ctx, n.arena.data, n.arena.ours)
}
