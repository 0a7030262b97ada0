package faults_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

const crashBuyers = 24

// TestAKilledServerLosesNoAcknowledgedPurchaseAndDoublesNone kills servers at random instants and starts them again. Whoever
// asks again under the same key afterwards is told what really happened.
func TestAKilledServerLosesNoAcknowledgedPurchaseAndDoublesNone(t *testing.T) {
	eachShop(t, func(s *shop) {
		l := newListener(t)
		l.register(t, s.data, s.database)
		life := newLives(s, l)
		row := faults.Row{Fault: "kill -9 of the node at any instant", Rounds: faults.Rounds(4, 100)}
		for n := range row.Rounds {
			row.Recovery = max(row.Recovery, life.end(n))
		}
		node := s.serve("--webhook-allow", "127.0.0.1")
		s.settle(node, row)
		if l.refused.Load() > 0 {
			t.Errorf("%d messages do not verify", l.refused.Load())
		}
	})
}

// lives are servers that are killed, one after the other, each at another moment of its life.
type lives struct {
	*shop
	listener *listener
	start    time.Duration // how long a start takes
	killed   time.Time     // when the last one was
}

func newLives(s *shop, l *listener) *lives {
	began := time.Now()
	s.serve("--webhook-allow", "127.0.0.1").Kill()
	return &lives{shop: s, listener: l, start: time.Since(began)}
}

// end kills a server at a random instant of one of four moments, and returns how long there was no answer before.
func (l *lives) end(n int) (recovery time.Duration) {
	if n%4 == 0 {
		l.whileStarting()
		return 0
	}
	programtest.Alter(l.t, l.database, `UPDATE endpoints SET leased_until = 0`) // instead of waiting for the killed one's
	node := l.serve("--webhook-allow", "127.0.0.1")
	l.listener.holds.Store(n%4 == 2)
	held := l.listener.held.Load()
	stop := l.buying(crashBuyers, node.URL)
	l.sold(1)
	if !l.killed.IsZero() {
		recovery = time.Since(l.killed)
	}
	switch n % 4 {
	case 1: // under load
		soon(500 * time.Millisecond)
	case 2: // while webhooks are told
		programtest.Eventually(l.t, "a webhook is being told", func() bool { return l.listener.held.Load() > held })
		soon(100 * time.Millisecond)
	case 3: // while it stops
		_ = node.Cmd.Process.Signal(syscall.SIGTERM) // it is there
		soon(100 * time.Millisecond)
	}
	node.Kill()
	l.killed = time.Now()
	stop()
	l.listener.holds.Store(false)
	return recovery
}

func (l *lives) whileStarting() {
	// It may come as far as telling: what it may not tell would be tried again minutes later.
	node := programtest.Launch(l.t, programtest.Checked(l.t), "serve", "--data", l.data, "--database", l.database, "--webhook-allow", "127.0.0.1")
	soon(l.start)
	node.Kill()
	l.killed = time.Time{} // nobody asked for anything
}

// soon waits until a random instant before so long.
func soon(before time.Duration) { <-time.After(rand.N(before)) }

// TestAServerKilledWhileItMakesItsDatabaseIsMadeUpForByTheNext: the schema, sample stock, partners and their keys.
func TestAServerKilledWhileItMakesItsDatabaseIsMadeUpForByTheNext(t *testing.T) {
	faults.OnlyAll(t, "filling a database takes long")
	programtest.EachDatabase(t, func(t *testing.T, data, database string) {
		args := []string{"demo", "--data", data, "--database", database, "--offers", "300"}
		row := faults.Row{Fault: "kill -9 while the database is made", Rounds: 8}
		for n := range row.Rounds {
			node := programtest.Launch(t, programtest.Built(t), args...)
			soon(time.Duration(n+1) * 300 * time.Millisecond) // so that some come further than those before
			node.Kill()
		}
		node := programtest.Start(t, args...)
		s := &shop{t: t, data: data, database: database, made: programtest.Credentials(t, data)}
		s.who = &s.made.Partners[0]
		s.meet(node.URL)
		stop := s.buying(1, node.URL)
		s.sold(10)
		stop()
		s.settle(node, row)
	})
}

// TestWhenANodeDiesItsBuyersAreServedByAnother kills one of two nodes on one database, again and again.
func TestWhenANodeDiesItsBuyersAreServedByAnother(t *testing.T) {
	s := postgresShop(t)
	survivor := s.serve()
	row := faults.Row{Fault: "kill -9 of one of two nodes", Rounds: faults.Rounds(2, 20)}
	for range row.Rounds {
		victim := s.serve()
		stops := []func(){s.buying(crashBuyers, victim.URL), s.buying(crashBuyers, survivor.URL)}
		s.sold(40)
		soon(300 * time.Millisecond)
		victim.Kill()
		row.Recovery = s.recovered(time.Now(), row.Recovery)
		for _, stop := range stops {
			stop()
		}
	}
	s.settle(survivor, row)
}

// TestPostgreSQLMayBeKilled kills the server's first process, which then has to be started again, or one of those that serve a
// connection, after which it starts again by itself. What it said was stored is on the disk.
func TestPostgreSQLMayBeKilled(t *testing.T) {
	faults.OnlyAll(t, "it needs a PostgreSQL of its own")
	cluster := ownCluster(t, "fsync=on")
	for what, c := range map[string]struct {
		kill   func(s *shop)
		rounds int
	}{
		"kill -9 of PostgreSQL": {func(s *shop) {
			cluster.Kill()
			soon(500 * time.Millisecond)
			if err := cluster.Restart(); err != nil {
				s.t.Fatal(err)
			}
		}, 10},
		"kill -9 of a process of PostgreSQL": {func(s *shop) { s.killBackend() }, 10},
	} {
		t.Run(what, func(t *testing.T) {
			database, err := cluster.CreateDatabase(strings.ReplaceAll(what, " ", "_"))
			if err != nil {
				t.Fatal(err)
			}
			s := openNew(t, t.TempDir(), database)
			node := s.serve()
			stop := s.buying(crashBuyers, node.URL)
			row := faults.Row{Fault: what, Rounds: c.rounds}
			for range row.Rounds {
				s.sold(40)
				soon(300 * time.Millisecond)
				c.kill(s)
				row.Recovery = s.recovered(time.Now(), row.Recovery)
			}
			stop()
			s.ready(node)
			s.settle(node, row)
		})
	}
}

// killBackend kills the process that serves one of the node's connections.
func (s *shop) killBackend() {
	s.t.Helper()
	var pid int
	db := programtest.Raw(s.t, s.database)
	programtest.Eventually(s.t, "PostgreSQL serves after the last time", func() bool {
		return db.QueryRowContext(context.Background(), `SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY state = 'active' DESC, random() LIMIT 1`).Scan(&pid) == nil
	})
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
}
