package main

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/demo"
)

const (
	crashRounds    = 3
	crashBuyers    = 24
	answersPerLife = 120 // a server is killed after so many
)

// TestAKilledServerLosesNoAcknowledgedPurchaseAndDoublesNone kills servers under load and starts them again. Whoever asks
// again under the same key afterwards is told what really happened.
func TestAKilledServerLosesNoAcknowledgedPurchaseAndDoublesNone(t *testing.T) {
	eachDatabase(t, func(t *testing.T, data, database string) {
		made := demoData(t, data, database, "--offers", "400")
		demo := made.Partners[0]
		args := []string{"serve", "--data", data, "--database", database}
		var b *buyers
		for range crashRounds {
			s := startChecked(t, args...)
			if b == nil {
				b = newBuyers(t, s.url, demo.Credentials)
			}
			killAfter(t, b, s, nil)
		}
		checkBooks(t, b, startChecked(t, args...), &demo, data, database)
	})
}

// TestWhenANodeDiesItsBuyersAreServedByAnother kills one of two nodes on one database, again and again.
func TestWhenANodeDiesItsBuyersAreServedByAnother(t *testing.T) {
	data, database := t.TempDir(), postgresURL(t)
	made := demoData(t, data, database, "--offers", "400")
	demo := made.Partners[0]
	args := []string{"serve", "--data", data, "--database", database}
	survivor := startChecked(t, args...)
	b := newBuyers(t, survivor.url, demo.Credentials)
	for range crashRounds {
		killAfter(t, b, startChecked(t, args...), survivor)
	}
	checkBooks(t, b, survivor, &demo, data, database)
}

// killAfter has buyers at a server, and at a second one if there is one, and kills the first in the middle of it.
func killAfter(t *testing.T, b *buyers, victim, other *program) {
	t.Helper()
	before := b.answers.Load()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { b.run(crashBuyers, victim.url, stop) })
	if other != nil {
		wg.Go(func() { b.run(crashBuyers, other.url, stop) })
	}
	eventually(t, "enough purchases are answered", func() bool { return b.answers.Load()-before >= answersPerLife })
	victim.kill()
	close(stop)
	wg.Wait()
}

// checkBooks asks everything again, compares what the buyers were told with the history and the balance, stops the
// server and has the doctor look.
func checkBooks(t *testing.T, b *buyers, s *program, who *demo.Partner, data, database string) {
	t.Helper()
	unknown := len(b.made) - len(b.told)
	b.settle(s.url)
	told := b.orders()
	if diff := cmp.Diff(told, b.history(s.url)); diff != "" {
		t.Errorf("the history is not what the buyers were told (-told +history)\n%s", diff)
	}
	spent := int64(0)
	for _, price := range told {
		won, err := strconv.ParseInt(price, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		spent += won
	}
	if err := s.terminate(); err != nil {
		t.Errorf("the server did not stop in order: %v", err)
	}
	where := []string{"--data", data, "--database", database}
	shown := runProgram(t, append([]string{"partner", "show", who.PartnerID}, where...)...)
	if want := strconv.FormatInt(int64(who.Balance)-spent, 10); !strings.Contains(shown, want) {
		t.Errorf("%d won were spent, so %s are left; but\n%s", spent, want, shown)
	}
	if said := runProgram(t, append([]string{"doctor"}, where...)...); !strings.Contains(said, "healthy") {
		t.Errorf("the doctor says %s", said)
	}
	t.Logf("%d purchases answered, %d of them only when asked again; %d orders for %d won",
		len(b.told), unknown, len(told), spent)
}
