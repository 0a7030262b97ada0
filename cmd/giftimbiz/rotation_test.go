package main

import (
	"database/sql"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"giftimbiz/client"
	"giftimbiz/internal/office"
)

// readers read what the buyers bought, again and again, and remember each voucher's number.
type readers struct {
	b       *buyers
	numbers sync.Map // of vouchers, by order
	wg      sync.WaitGroup
	stop    chan struct{}
}

// at has a reader at a server, until that is killed or all are stopped.
func (r *readers) at(url string) {
	ask := r.b.client(url)
	r.wg.Go(func() {
		for {
			select {
			case <-r.stop:
				return
			default:
			}
			answer, err := ask.Call(r.b.t.Context(), "giftimbiz/buyGifticonList", map[string][]string{"limit": {"50"}})
			if err != nil && client.Code(err) == "" {
				return // killed
			}
			if err != nil {
				r.b.t.Errorf("the history is answered %v", err)
				return
			}
			r.note(answer)
		}
	})
}

func (r *readers) note(answer json.RawMessage) {
	var page struct {
		List []struct {
			TID    string `json:"tid"`
			Number string `json:"pin"`
		} `json:"list"`
	}
	if err := json.Unmarshal(answer, &page); err != nil {
		r.b.t.Error(err)
	}
	for _, item := range page.List {
		if first, known := r.numbers.LoadOrStore(item.TID, item.Number); item.Number == "" || known && first != item.Number {
			r.b.t.Errorf("the voucher of order %s has another number than before", item.TID)
		}
	}
}

// TestADataKeyIsReplacedUnderLoadAlthoughNodesAreKilled has buyers and readers at two nodes, replaces the key, and kills in the middle
// of it the command and one node; the other, and the command when it is run again, go on.
func TestADataKeyIsReplacedUnderLoadAlthoughNodesAreKilled(t *testing.T) {
	eachDatabase(t, func(t *testing.T, data, database string) {
		made := demoData(t, data, database, "--offers", "400")
		who := made.Partners[0]
		where := []string{"--data", data, "--database", database}
		serve := append([]string{"serve"}, where...)
		runProgram(t, append([]string{"topup", "demo", "1000000000"}, where...)...)
		who.Balance += 1_000_000_000
		one := startProgram(t, serve...)
		living := number(t, database, `SELECT MAX(number) FROM node_leases WHERE token <> ''`)
		two := startProgram(t, serve...)
		b := newBuyers(t, one.url, who.Credentials)
		r := &readers{b: b, stop: make(chan struct{})}
		for _, node := range []*program{one, two} {
			r.at(node.url)
			r.wg.Go(func() { b.run(2, node.url, r.stop) })
		}
		eventually(t, "there are purchases", func() bool { return b.answers.Load() > 20 })
		command := launchCommand(t, append([]string{"keys", "rotate"}, where...)...)
		eventually(t, "the new key seals", func() bool { return strings.Contains(runProgram(t, append([]string{"keys", "show"}, where...)...), "leaving") })
		command.kill()
		two.kill()
		// The others need not wait until the leases of the dead are over.
		alter(t, database, `UPDATE node_leases SET expires_at = 1 WHERE token <> '' AND number <> $1`, living)
		alter(t, database, `UPDATE jobs SET leased_until = 0 WHERE name = $1`, office.JobReseal)
		if said := runProgram(t, append([]string{"keys", "rotate"}, where...)...); !strings.Contains(said, "data key 2 seals everything") {
			t.Errorf("it went on to: %s", said)
		}
		close(r.stop)
		r.wg.Wait()
		shown := runProgram(t, append([]string{"keys", "show"}, where...)...)
		if strings.Contains(shown, "data 1") || !strings.Contains(shown, "data 2") {
			t.Errorf("left are\n%s", shown)
		}
		checkBooks(t, b, one, &who, data, database)
	})
}

// number returns what a query finds.
func number(t *testing.T, database, query string) (n int64) {
	t.Helper()
	driver, dsn := "pgx", database
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it only read
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// launchCommand starts a command that the test kills.
func launchCommand(t *testing.T, args ...string) *program {
	t.Helper()
	return start(t, builtProgram(t), args...)
}
