package faults_test

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

const pricesPath = "/console/catalogue/prices"

// TestAChangeOfPricesThatIsKilledIsFinishedOrNotBegun: what an operator decided goes on at the next start, to the last offer. Buyers
// pay what they were shown, or are refused.
func TestAChangeOfPricesThatIsKilledIsFinishedOrNotBegun(t *testing.T) {
	faults.OnlyAll(t, "it changes prices of thousands of offers, each time of all")
	eachShop(t, func(s *shop) {
		node := s.serve()
		s.buyers.Bear("PL") // the price is another one
		clerk := s.signIn(node)
		row := faults.Row{Fault: "kill -9 in a change of prices", Rounds: 15}
		for n := range row.Rounds {
			decided := s.count("repricings")
			digest := s.preparePrices(clerk, node, 60+n)
			stop := s.buying(4, node.URL)
			s.sold(4)
			var asked sync.WaitGroup
			asked.Go(func() { _, _ = clerk.send(node, pricesPath+"/apply", url.Values{"digest": {digest}}) }) // its server is killed
			soon(600 * time.Millisecond)
			node.Kill()
			asked.Wait()
			stop()
			if s.count("repricings") > 0 {
				programtest.Alter(s.t, s.database, `UPDATE repricings SET beat_at = 0`) // or the next one would wait for the killed one
			}
			node = s.serve()
			s.pricesAreWhole(clerk, node, decided, digest)
			s.buyers.Look(node.URL)
		}
		s.t.Logf("%d of %d changes were decided before the kill", s.count("repricings"), row.Rounds)
		s.settle(node, row)
	})
}

// preparePrices has the rule for all gifticons make prices of so many percent, and returns what its preview is confirmed with.
func (s *shop) preparePrices(clerk *operator, p *programtest.Program, percent int) (digest string) {
	s.t.Helper()
	rule := url.Values{"target": {"all:0"}}
	if page := clerk.page(s.t, p, pricesPath); strings.Contains(page, `name="version"`) {
		rule = url.Values{"id": {hidden(s.t, page, "id")}, "version": {hidden(s.t, page, "version")}}
	}
	for _, tier := range []string{"far", "mid", "near"} {
		rule.Set(tier, strconv.Itoa(percent))
	}
	if status, err := clerk.send(p, pricesPath, rule); err != nil || status != http.StatusOK {
		s.t.Fatal(status, err)
	}
	return hidden(s.t, clerk.page(s.t, p, pricesPath+"/preview"), "digest")
}

// pricesAreWhole waits until nobody is at the prices any more. If the change was decided, nothing is left to be changed; if not, all is.
func (s *shop) pricesAreWhole(clerk *operator, p *programtest.Program, decidedBefore int64, digest string) {
	s.t.Helper()
	programtest.Eventually(s.t, "the change of prices is over", func() bool { return s.count("repricing_parts") == 0 })
	page := clerk.page(s.t, p, pricesPath+"/preview")
	decided, left := s.count("repricings") > decidedBefore, strings.Contains(page, `name="digest"`)
	if decided == left {
		s.t.Errorf("that the change was decided is %t; that there is something to be changed as well", decided)
	} else if left && hidden(s.t, page, "digest") != digest {
		s.t.Error("a part of the change was made")
	}
}

// page returns a page of the console.
func (o *operator) page(t *testing.T, p *programtest.Program, path string) string {
	t.Helper()
	resp, err := o.browser.Get(p.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // it is only read
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: HTTP %d, %v", path, resp.StatusCode, err)
	}
	return string(text)
}

// hidden returns what a hidden field of a page holds.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, _ := strings.Cut(page, `name="`+name+`" value="`)
	value, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("no %s on the page", name)
	}
	return value
}
