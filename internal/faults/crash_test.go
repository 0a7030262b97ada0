package faults_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"giftimbiz/internal/demo"
	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

const (
	crashBuyers    = 24
	answersPerLife = 120 // a server is killed after so many
)

// TestAKilledServerLosesNoAcknowledgedPurchaseAndDoublesNone kills servers under load and starts them again. Whoever asks
// again under the same key afterwards is told what really happened.
func TestAKilledServerLosesNoAcknowledgedPurchaseAndDoublesNone(t *testing.T) {
	programtest.EachDatabase(t, func(t *testing.T, data, database string) {
		made := programtest.DemoData(t, data, database, "--offers", "400")
		demo := made.Partners[0]
		args := []string{"serve", "--data", data, "--database", database}
		rounds := faults.Rounds(3, 100)
		var b *faults.Buyers
		for range rounds {
			s := programtest.StartChecked(t, args...)
			if b == nil {
				b = faults.NewBuyers(t, s.URL, demo.Credentials)
			}
			killAfter(t, b, s, nil)
		}
		checkBooks(t, b, programtest.StartChecked(t, args...), &demo, data, database, faults.Row{
			Fault: "kill -9 of the node", On: programtest.EngineOf(database), Rounds: rounds,
		})
	})
}

// TestWhenANodeDiesItsBuyersAreServedByAnother kills one of two nodes on one database, again and again.
func TestWhenANodeDiesItsBuyersAreServedByAnother(t *testing.T) {
	data, database := t.TempDir(), programtest.Postgres(t)
	made := programtest.DemoData(t, data, database, "--offers", "400")
	demo := made.Partners[0]
	args := []string{"serve", "--data", data, "--database", database}
	survivor := programtest.StartChecked(t, args...)
	b := faults.NewBuyers(t, survivor.URL, demo.Credentials)
	rounds := faults.Rounds(3, 100)
	for range rounds {
		killAfter(t, b, programtest.StartChecked(t, args...), survivor)
	}
	checkBooks(t, b, survivor, &demo, data, database, faults.Row{
		Fault: "kill -9 of one of two nodes", On: programtest.EngineOf(database), Rounds: rounds,
	})
}

// killAfter has buyers at a server, and at a second one if there is one, and kills the first in the middle of it.
func killAfter(t *testing.T, b *faults.Buyers, victim, other *programtest.Program) {
	t.Helper()
	before := b.Answers()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { b.Run(crashBuyers, victim.URL, stop) })
	if other != nil {
		wg.Go(func() { b.Run(crashBuyers, other.URL, stop) })
	}
	programtest.Eventually(t, "enough purchases are answered", func() bool { return b.Answers()-before >= answersPerLife })
	victim.Kill()
	close(stop)
	wg.Wait()
}

// checkBooks asks everything again, compares what the buyers were told with the history and the balance, stops the
// server and has the doctor look.
func checkBooks(t *testing.T, b *faults.Buyers, s *programtest.Program, who *demo.Partner, data, database string, row faults.Row) {
	t.Helper()
	unknown := b.Unknown()
	b.Settle(s.URL)
	row.Acknowledged, row.Lost, row.Doubled = b.Books(s.URL)
	spent := int64(0)
	for _, price := range b.Orders() {
		won, err := strconv.ParseInt(price, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		spent += won
	}
	if err := s.Terminate(); err != nil {
		t.Errorf("the server did not stop in order: %v", err)
	}
	where := []string{"--data", data, "--database", database}
	shown := programtest.Do(t, append([]string{"partner", "show", who.PartnerID}, where...)...)
	if want := strconv.FormatInt(int64(who.Balance)-spent, 10); !strings.Contains(shown, want) {
		t.Errorf("%d won were spent, so %s are left; but\n%s", spent, want, shown)
	}
	if said := programtest.Do(t, append([]string{"doctor"}, where...)...); !strings.Contains(said, "healthy") {
		t.Errorf("the doctor says %s", said)
	}
	t.Logf("%d of the purchases were answered only when asked again", unknown)
	faults.Report(t, row)
}
