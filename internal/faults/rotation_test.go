package faults_test

import (
	"database/sql"
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"giftimbiz/client"
	"giftimbiz/internal/faults"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
)

// readers read what the buyers bought, again and again, and remember each voucher's number.
type readers struct {
	t       *testing.T
	b       *faults.Buyers
	numbers sync.Map // of vouchers, by order
	wg      sync.WaitGroup
	stop    chan struct{}
}

// at has a reader at a server, until that is killed or all are stopped.
func (r *readers) at(url string) {
	ask := r.b.Client(url)
	r.wg.Go(func() {
		for {
			select {
			case <-r.stop:
				return
			default:
			}
			answer, err := ask.Call(r.t.Context(), "giftimbiz/buyGifticonList", map[string][]string{"limit": {"50"}})
			if err != nil && client.Code(err) == "" {
				return // killed
			}
			if err != nil {
				r.t.Errorf("the history is answered %v", err)
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
		r.t.Error(err)
	}
	for _, item := range page.List {
		if first, known := r.numbers.LoadOrStore(item.TID, item.Number); item.Number == "" || known && first != item.Number {
			r.t.Errorf("the voucher of order %s has another number than before", item.TID)
		}
	}
}

// TestADataKeyIsReplacedUnderLoadAlthoughNodesAreKilled has buyers and readers at two nodes, replaces the key, and kills in the middle
// of it the command and one node; the other, and the command when it is run again, go on.
func TestADataKeyIsReplacedUnderLoadAlthoughNodesAreKilled(t *testing.T) {
	programtest.EachDatabase(t, func(t *testing.T, data, database string) {
		if programtest.EngineOf(database) == "SQLite" {
			faults.OnlyAll(t, "on SQLite the tests of storage break rotations off")
		}
		made := programtest.DemoData(t, data, database, "--offers", "400")
		who := made.Partners[0]
		where := []string{"--data", data, "--database", database}
		serve := append([]string{"serve"}, where...)
		programtest.Do(t, append([]string{"topup", "demo", "1000000000"}, where...)...)
		who.Balance += 1_000_000_000
		one := programtest.Start(t, serve...)
		living := int64(0)
		numbers := programtest.Raw(t, database).QueryRowContext(t.Context(), `SELECT MAX(number) FROM node_leases WHERE token <> ''`)
		if err := numbers.Scan(&living); err != nil {
			t.Fatal(err)
		}
		two := programtest.Start(t, serve...)
		b := faults.NewBuyers(t, one.URL, who.Credentials)
		r := &readers{t: t, b: b, stop: make(chan struct{})}
		for _, node := range []*programtest.Program{one, two} {
			r.at(node.URL)
			r.wg.Go(func() { b.Run(2, node.URL, r.stop) })
		}
		programtest.Eventually(t, "there are purchases", func() bool { return b.Answers() > 20 })
		held := keepUnderOldKey(t, database)
		command := programtest.Run(t, exec.Command(programtest.Built(t), append([]string{"keys", "rotate"}, where...)...),
			syscall.SIGKILL, (*programtest.Program).Kill)
		programtest.Eventually(t, "the new key seals", func() bool {
			return strings.Contains(programtest.Do(t, append([]string{"keys", "show"}, where...)...), "leaving")
		})
		command.Kill()
		two.Kill()
		// The others need not wait until the leases of the dead are over.
		programtest.Alter(t, database, `UPDATE node_leases SET expires_at = 1 WHERE token <> '' AND number <> $1`, living)
		programtest.Alter(t, database, `UPDATE jobs SET leased_until = 0 WHERE name = $1`, office.JobReseal)
		again := programtest.Run(t, exec.Command(programtest.Built(t), append([]string{"keys", "rotate"}, where...)...),
			syscall.SIGKILL, (*programtest.Program).Kill)
		held.letGoBeside(again, living)
		<-again.Ended
		// It is 3 where the node was done before the command asked for a key.
		number := sealsEverything.FindStringSubmatch(again.Output.String())
		if number == nil {
			t.Fatalf("it went on to: %s, %v", again.Output, again.Err)
		}
		close(r.stop)
		r.wg.Wait()
		shown := programtest.Do(t, append([]string{"keys", "show"}, where...)...)
		if strings.Contains(shown, "data 1") || !strings.Contains(shown, "data "+number[1]) {
			t.Errorf("left are\n%s", shown)
		}
		books := &shop{t: t, data: data, database: database, made: made, who: &who, buyers: b}
		books.settle(one, faults.Row{Fault: "data key replaced, a node and the command killed", Rounds: 1})
	})
}

var sealsEverything = regexp.MustCompile(`data key ([23]) seals everything; the older keys are deleted`)

// oldRow is a voucher that is sold and locked, so that it is not sealed anew: a rotation is not over before it is let go, however fast the
// machine is. SQLite has no such locks; there it is nil.
type oldRow struct {
	t    *testing.T
	db   *sql.DB
	lock *sql.Tx
}

func keepUnderOldKey(t *testing.T, database string) *oldRow {
	t.Helper()
	if programtest.EngineOf(database) == "SQLite" {
		return nil
	}
	o := &oldRow{t: t, db: programtest.Raw(t, database)}
	var err error
	if o.lock, err = o.db.BeginTx(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	const sold = `SELECT u.id FROM units u JOIN offers o ON o.id = u.offer_id WHERE u.position < o.next_position LIMIT 1 FOR UPDATE OF u`
	if err := o.lock.QueryRowContext(t.Context(), sold).Scan(new(int64)); err != nil {
		t.Fatal(err)
	}
	return o
}

// letGoBeside lets the row go once a command takes part beside the living node.
func (o *oldRow) letGoBeside(command *programtest.Program, living int64) {
	if o == nil {
		return
	}
	o.t.Helper()
	const others = `SELECT number FROM node_leases WHERE token <> '' AND expires_at > 1 AND number <> $1 LIMIT 1`
	programtest.Eventually(o.t, "the command takes part", func() bool {
		select {
		case <-command.Ended:
			return true // which its output tells why
		default:
			return o.db.QueryRowContext(o.t.Context(), others, living).Scan(new(int64)) == nil
		}
	})
	if err := o.lock.Rollback(); err != nil {
		o.t.Error(err)
	}
}
