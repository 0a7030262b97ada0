package failover_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

const (
	backWithin = 15 * time.Second // of the new primary's being there
	buyersEach = 4                // at each node
	buyEvery   = 500 * time.Millisecond
	rounds     = 20
	hasty      = 2  // in which the old primary comes back when the new one dies
	before     = 24 // purchases answered in a round before its fault
	topUp      = 1_000_000_000

	// Patroni knows for a moment now and then of no standby that has all commits: for seconds after one became primary, and when a
	// standby did not report in time. Whoever dies then has to come back, as docs/operations.md tells.
	undecided  = time.Minute // after which a standby would have been made primary
	mostWaited = 3           // times in all rounds
)

// TestAPrimaryThatDiesTakesNothingAlong kills the primary, or cuts it off, while two nodes sell.
func TestAPrimaryThatDiesTakesNothingAlong(t *testing.T) {
	faults.OnlyAll(t, "twelve minutes of failovers")
	dir, here := inWorldOfItsOwn(t)
	if !here {
		return
	}
	c := newCluster(t, dir)
	data := filepath.Join(dir, "data")
	made := programtest.DemoData(t, data, database, "--offers", "4000")
	who := made.Partners[0]
	where := []string{"--data", data, "--database", database}
	programtest.Do(t, append([]string{"topup", who.PartnerID, strconv.Itoa(topUp)}, where...)...)
	settings := edit(t, deployed(t, "giftimbiz.env"), "/var/lib/giftimbiz", data, "/etc/giftimbiz", data)
	nodes := []*programtest.Program{
		node(t, "10.20.0.21:8080", settings),
		node(t, "10.20.0.22:8080", edit(t, settings, "LISTEN=10.20.0.21", "LISTEN=10.20.0.22")),
	}
	b := faults.NewBuyers(t, nodes[0].URL, who.Credentials)

	row := faults.Row{Fault: "failover of PostgreSQL", On: "Patroni", Rounds: rounds + hasty}
	for n := range rounds {
		row.Recovery = max(row.Recovery, c.round(b, nodes, n%2 == 1))
	}
	for range hasty {
		c.comeBack(b, nodes)
	}
	unknown := b.Unknown()
	b.Settle(nodes[0].URL)
	row.Acknowledged, row.Lost, row.Doubled = b.Books(nodes[1].URL)
	spent := int64(0)
	for _, price := range b.Orders() {
		won, err := strconv.ParseInt(price, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		spent += won
	}
	shown := programtest.Do(t, append([]string{"partner", "show", who.PartnerID}, where...)...)
	if want := strconv.FormatInt(int64(who.Balance)+topUp-spent, 10); !strings.Contains(shown, want) {
		t.Errorf("%d won were spent, so %s are left; but\n%s", spent, want, shown)
	}
	for _, n := range nodes {
		if err := n.Terminate(); err != nil {
			t.Errorf("the node did not stop in order: %v", err)
		}
	}
	if said := programtest.Do(t, append([]string{"doctor"}, where...)...); !strings.Contains(said, "healthy") {
		t.Errorf("the doctor says %s", said)
	}
	t.Logf("%d of the purchases were answered only when asked again", unknown)
	faults.Report(t, row)
}

// node runs one of ours that serves at an address, by settings as systemd reads them, or by flags, and waits until it is
// ready.
func node(t *testing.T, address, settings string, flags ...string) *programtest.Program {
	t.Helper()
	program := programtest.Built(t)
	if faults.All() { // make test has other tests for races, and no time to link the program once more
		program = programtest.Checked(t)
	}
	cmd := exec.Command(program, append([]string{"serve"}, flags...)...)
	cmd.Env = os.Environ()
	for line := range strings.Lines(settings) {
		if !strings.HasPrefix(line, "#") {
			cmd.Env = append(cmd.Env, strings.TrimSpace(line))
		}
	}
	p := programtest.Run(t, cmd, syscall.SIGKILL, (*programtest.Program).Kill)
	p.URL = "http://" + address
	programtest.Eventually(t, "the node is ready", func() bool { return get(p.URL+"/readyz") == http.StatusOK })
	return p
}

// get returns the status of an answer, 0 = none.
func get(url string) int {
	resp, err := quick.Get(url)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close() // only its status matters
	return resp.StatusCode
}

// load has buyers at all nodes, and returns when they were answered so often.
func (c *cluster) load(b *faults.Buyers, nodes []*programtest.Program) (stop func()) {
	c.t.Helper()
	over := make(chan struct{})
	var wg sync.WaitGroup
	for _, n := range nodes {
		for range buyersEach {
			wg.Go(func() { buyNowAndThen(b, b.Client(n.URL), over) })
		}
	}
	sold := b.Answers()
	c.await("enough is sold before the fault", func() bool { return b.Answers()-sold >= before })
	return func() {
		close(over)
		wg.Wait()
	}
}

// next waits until there is a primary other than one, which is away: nil = there will be none before that one is back.
func (c *cluster) next(other *machine) (m *machine) {
	c.t.Helper()
	began := time.Now()
	c.await("there is another primary", func() bool {
		m = c.primary(other)
		return m != nil || time.Since(began) > undecided && c.nobodyMay(other)
	})
	if m == nil {
		c.t.Logf("without %s nobody becomes primary: when it went away Patroni had no standby noted", other.name)
		if c.waited++; c.waited > mostWaited {
			c.t.Errorf("%d times nobody replaced a primary", c.waited)
		}
	}
	return m
}

// again waits until there is a primary, whichever it is.
func (c *cluster) again() (m *machine) {
	c.t.Helper()
	c.await("there is a primary again", func() bool {
		m = c.primary(nil)
		return m != nil
	})
	return m
}

// comeBack cuts the primary off, and lets it come back in the moment in which the one that replaced it dies. It still believes
// in what was, and must not be believed. Nobody may become primary then before the dead one is back, if Patroni had not noted yet
// which standby had all of its commits.
func (c *cluster) comeBack(b *faults.Buyers, nodes []*programtest.Program) {
	c.t.Helper()
	stop := c.load(b, nodes)
	first := c.primary(nil)
	first.cut()
	second := c.next(first)
	if second == nil {
		first.heal()
		second = c.again()
	}
	sold := b.Answers()
	c.await("the new primary sells", func() bool { return b.Answers() > sold })
	first.heal()
	second.patroni.kill()
	died := time.Now()
	second.startPatroni()
	sold = b.Answers()
	c.await("something is sold again", func() bool { return b.Answers() > sold })
	took := time.Since(died).Round(time.Millisecond)
	c.t.Logf("%s came back when %s died, something is sold after %v", first.name, second.name, took)
	stop()
	c.await("all follow one primary", c.whole)
}

// round lets a primary die under load and returns how long it took, from when there was another, until something was sold.
func (c *cluster) round(b *faults.Buyers, nodes []*programtest.Program, cut bool) (recovery time.Duration) {
	c.t.Helper()
	stop := c.load(b, nodes)
	victim := c.primary(nil)
	if victim == nil {
		c.t.Fatal("there is no primary")
	}
	what, back := "killed", victim.startPatroni
	if cut {
		what, back = "cut off", victim.heal
		victim.cut()
	} else {
		victim.patroni.kill()
	}
	died := time.Now()
	next := c.next(victim)
	if next == nil {
		back()
		next, back = c.again(), func() {}
	}
	there := time.Now()
	sold := b.Answers()
	c.await("something is sold again", func() bool { return b.Answers() > sold })
	recovery = time.Since(there)
	c.await("both nodes are ready", func() bool {
		return get(nodes[0].URL+"/readyz") == http.StatusOK && get(nodes[1].URL+"/readyz") == http.StatusOK
	})
	ready := time.Since(there)
	stop()
	c.t.Logf("%s %s, %s is there after %v, sells after %v more, nodes ready after %v", victim.name, what, next.name,
		there.Sub(died).Round(time.Millisecond), recovery.Round(time.Millisecond), ready.Round(time.Millisecond))
	if recovery > backWithin || ready > backWithin {
		c.t.Errorf("it took %v to sell and %v to be ready with the new primary", recovery, ready)
	}
	back()
	c.await("the old primary follows the new one", c.whole)
	return recovery
}

// buyNowAndThen buys until stop is closed.
func buyNowAndThen(b *faults.Buyers, c *client.Client, stop <-chan struct{}) {
	tick := time.NewTicker(buyEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			b.BuyAny(c)
		}
	}
}
