package faults_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

// TestADatabaseAtItsConnectionLimitIsSaidAndGotOver takes the node's connections away and lets it have none, or a few, again.
func TestADatabaseAtItsConnectionLimitIsSaidAndGotOver(t *testing.T) {
	t.Parallel() // it waits most of the time
	s := postgresShop(t)
	role := fmt.Sprintf("limited%d", time.Now().UnixNano())
	alter := func(statement string) {
		t.Helper()
		if _, err := programtest.Raw(t, s.database).ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	alter(`CREATE ROLE ` + role + ` LOGIN`)
	alter(`GRANT pg_read_all_data, pg_write_all_data TO ` + role)
	u, err := url.Parse(s.database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	node := s.serveAt(u.String())
	s.buyers.Rest(longFaultsRest)
	stop := s.buying(networkBuyers, node.URL)
	limit := func(n int) {
		alter(fmt.Sprintf(`ALTER ROLE %s CONNECTION LIMIT %d`, role, n))
		if n >= 0 { // else the connections that there are may stay
			alter(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '` + role + `'`)
		}
	}
	row := faults.Row{Fault: "PostgreSQL takes no more connections", Rounds: faults.Rounds(1, 10)}
	for range row.Rounds {
		s.sold(20)
		limit(0)
		s.refused(node)
		s.unready(node, "the database takes no more connections")
		limit(-1)
		row.Recovery = s.recovered(time.Now(), row.Recovery)
		s.ready(node)
	}
	limit(3) // fewer than it wants
	s.sold(50)
	limit(-1)
	stop()
	saysItOnceInAWhile(t, node, row.Rounds)
	s.settle(node, row)
}

// TestAReadOnlyDatabaseIsSaidAndGotOver: providers make a database read-only whose disk runs full.
func TestAReadOnlyDatabaseIsSaidAndGotOver(t *testing.T) {
	faults.OnlyAll(t, "it needs a PostgreSQL of its own")
	t.Parallel() // it waits most of the time
	cluster := ownCluster(t, "fsync=off")
	database, err := cluster.CreateDatabase("readonly")
	if err != nil {
		t.Fatal(err)
	}
	s := openNew(t, t.TempDir(), database)
	node := s.serve()
	s.buyers.Rest(longFaultsRest)
	stop := s.buying(networkBuyers, node.URL)
	alter := func(statement string) {
		t.Helper()
		raw := programtest.Raw(t, database)
		for _, text := range []string{statement, `SELECT pg_reload_conf()`} {
			if _, err := raw.ExecContext(context.Background(), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	row := faults.Row{Fault: "PostgreSQL is read-only", Rounds: 2}
	for range row.Rounds {
		s.sold(20)
		alter(`ALTER SYSTEM SET default_transaction_read_only = on`)
		s.refused(node)
		s.unready(node, "nothing can be written: the database is read-only")
		alter(`ALTER SYSTEM RESET default_transaction_read_only`)
		row.Recovery = s.recovered(time.Now(), row.Recovery)
		s.ready(node)
	}
	stop()
	saysItOnceInAWhile(t, node, row.Rounds)
	s.settle(node, row)
}

// TestANodeWithoutFileHandlesServesAgainOnceItHasSome: connections take all that it may have.
func TestANodeWithoutFileHandlesServesAgainOnceItHasSome(t *testing.T) {
	eachShopOrOne(t, "PostgreSQL", func(s *shop) {
		t := s.t
		const handles = 64
		limited := fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, handles)
		node := programtest.Launch(t, "/bin/sh", "-c", limited, programtest.Checked(t),
			"serve", "--data", s.data, "--database", s.database).Serving()
		s.meet(node.URL)
		stop := s.buying(networkBuyers, node.URL)
		row := faults.Row{Fault: "no file handles are left", Rounds: faults.Rounds(1, 5)}
		for range row.Rounds {
			s.sold(20)
			idle := connections(t, node.URL, 3*handles)
			programtest.Eventually(t, "there are no handles left", func() bool {
				return strings.Contains(node.Output.String(), "too many open files")
			})
			for _, conn := range idle {
				_ = conn.Close() // the node may have closed it
			}
			row.Recovery = s.recovered(time.Now(), row.Recovery)
			s.ready(node)
		}
		stop()
		s.settle(node, row)
	})
}

// connections makes so many connections to a server and says nothing on them.
func connections(t *testing.T, at string, n int) (made []net.Conn) {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		conn, err := net.DialTimeout("tcp", u.Host, programtest.Patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() }) // it may be closed
		made = append(made, conn)
	}
	return made
}
