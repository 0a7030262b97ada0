package faults_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

const (
	networkBuyers  = 16
	longFaultsRest = 50 * time.Millisecond // of each buyer, where a fault takes seconds
)

// commitOfAPurchase is what a node sends to have a batch of purchases stored.
var commitOfAPurchase = []byte("COMMIT\x00")

// TestPurchasesAreMadeOverASlowNetworkToTheDatabase: they take longer, and that is all.
func TestPurchasesAreMadeOverASlowNetworkToTheDatabase(t *testing.T) {
	for what, c := range map[string]faults.Conditions{
		"50 to 100 ms to PostgreSQL": {Latency: 50 * time.Millisecond, Jitter: 50 * time.Millisecond},
		"64 kB/s to PostgreSQL":      {BytesPerSec: 64_000},
	} {
		t.Run(what, func(t *testing.T) {
			if c.BytesPerSec > 0 {
				faults.OnlyAll(t, "it is slow")
			}
			t.Parallel() // it waits most of the time
			s := postgresShop(t)
			database, proxy := s.proxied()
			node := s.serveAt(database)
			proxy.Set(c)
			stop := s.buying(networkBuyers, node.URL)
			s.sold(int64(faults.Rounds(100, 500)))
			if status, why := s.readiness(node); status != 200 {
				t.Errorf("not ready: %s", why)
			}
			stop()
			proxy.Set(faults.Conditions{})
			s.settle(node, faults.Row{Fault: what, Rounds: 1})
		})
	}
}

// TestACommitThatIsCutOffIsToldAsItIs cuts connections just before a COMMIT arrives, or behind it so that its answer is lost,
// or has the answer never come.
func TestACommitThatIsCutOffIsToldAsItIs(t *testing.T) {
	for what, c := range map[string]struct {
		fate   faults.Fate
		rounds int // 0 = only with all of them
	}{
		"cut before a COMMIT":      {faults.CutBefore, faults.Rounds(5, 200)},
		"cut behind a COMMIT":      {faults.CutAfter, faults.Rounds(5, 200)},
		"a COMMIT is not answered": {faults.Silence, faults.Rounds(0, 3)},
	} {
		t.Run(what, func(t *testing.T) {
			if c.rounds == 0 {
				faults.OnlyAll(t, "a node waits eight seconds for an answer")
			}
			t.Parallel() // it waits most of the time
			s := postgresShop(t)
			database, proxy := s.proxied()
			node := s.serveAt(database)
			stop := s.buying(networkBuyers, node.URL)
			row := faults.Row{Fault: what, Rounds: c.rounds}
			for range c.rounds {
				s.sold(1)
				s.sprung(proxy.Trap(faults.Trap{Way: faults.Up, Pattern: commitOfAPurchase, Then: c.fate}))
				row.Recovery = s.recovered(time.Now(), row.Recovery)
			}
			stop()
			s.settle(node, row)
			if said := node.Output.String(); strings.Contains(said, "panic") {
				t.Error("the node panicked")
			}
		})
	}
}

// TestConnectionsToTheDatabaseMayBreakAtAnyTime cuts one after the other under load.
func TestConnectionsToTheDatabaseMayBreakAtAnyTime(t *testing.T) {
	s := postgresShop(t)
	database, proxy := s.proxied()
	node := s.serveAt(database)
	stop := s.buying(networkBuyers, node.URL)
	row := faults.Row{Fault: "a connection to PostgreSQL is cut", Rounds: faults.Rounds(40, 1000)}
	for range row.Rounds {
		<-time.After(rand.N(20 * time.Millisecond))
		proxy.CutOne()
	}
	row.Recovery = s.recovered(time.Now(), 0)
	stop()
	s.ready(node)
	s.settle(node, row)
}

// TestANodeComesBackWithItsDatabase: while the database cannot be reached it says so, and then it serves by itself.
func TestANodeComesBackWithItsDatabase(t *testing.T) {
	for what, c := range map[string]struct {
		away   faults.Conditions
		says   string
		cut    bool
		rounds int // 0 = only with all of them
	}{
		"PostgreSQL refuses connections":          {faults.Conditions{Refuse: true}, "the database does not answer", true, faults.Rounds(1, 10)},
		"connections to PostgreSQL go silent":     {faults.Conditions{Swallow: faults.Both}, "was last read", false, faults.Rounds(0, 2)},
		"PostgreSQL hears nothing any more":       {faults.Conditions{Swallow: faults.Up}, "was last read", false, faults.Rounds(0, 1)},
		"nothing is heard of PostgreSQL any more": {faults.Conditions{Swallow: faults.Down}, "was last read", false, faults.Rounds(0, 1)},
	} {
		t.Run(what, func(t *testing.T) {
			if c.rounds == 0 {
				faults.OnlyAll(t, "it takes long until a connection is known to be silent")
			}
			t.Parallel() // it waits most of the time
			s := postgresShop(t)
			database, proxy := s.proxied()
			node := s.serveAt(database)
			stop := s.buying(networkBuyers, node.URL)
			s.buyers.Rest(longFaultsRest)
			row := faults.Row{Fault: what, Rounds: c.rounds}
			for range c.rounds {
				s.sold(50)
				proxy.Set(c.away)
				if c.cut {
					proxy.CutAll()
				}
				s.unready(node, c.says)
				programtest.Eventually(t, "a purchase fails", func() bool { return purchaseFailed.MatchString(node.Output.String()) })
				proxy.Set(faults.Conditions{})
				end := time.Now()
				row.Recovery = s.recovered(end, row.Recovery)
				s.ready(node)
				t.Logf("ready %v after the end of the fault", time.Since(end))
			}
			stop()
			s.settle(node, row)
			saysItOnceInAWhile(t, node, row.Rounds)
		})
	}
}

// purchaseFailed is in what a node says of purchases that its database kept from being made.
var purchaseFailed = regexp.MustCompile(`purchase (batch )?failed`)

// saysItOnceInAWhile expects of a node whose purchases failed for some seconds, so many times, that its log says so, and not for each of them.
func saysItOnceInAWhile(t *testing.T, node *programtest.Program, outages int) {
	t.Helper()
	said, failed := 0, 0
	for line := range strings.Lines(node.Output.String()) {
		if purchaseFailed.MatchString(line) {
			said++
		}
		if strings.Contains(line, "msg=call") && strings.Contains(line, "GPLF") {
			failed++
			if strings.Contains(line, "level=ERROR") {
				t.Errorf("a call that failed with many says %s", line)
			}
		}
	}
	if said == 0 || said > 1+outages+failed/5 {
		t.Errorf("%d calls failed; %d lines say why", failed, said)
	}
}
