package failover_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/child"
	"giftimbiz/internal/pgtest"
)

// patience bounds waits for a cluster on a busy machine: a server may have to be copied anew.
const patience = 4 * time.Minute

// cluster is three machines, and the balancer that stands beside a node.
type cluster struct {
	t        *testing.T
	machines []*machine
	waited   int // how often nobody could replace a primary
}

// database is where the nodes find the primary.
const database = "postgres://giftimbiz:replace-giftimbiz@127.0.0.1:5432/giftimbiz?sslmode=disable"

func newCluster(t *testing.T, dir string) *cluster {
	t.Helper()
	shell(t, `ip link add lan type bridge; ip link set lan up
for n in 1 21 22 23; do ip address add 10.20.0.$n/24 dev lan; done`)
	c := &cluster{t: t}
	t.Cleanup(func() {
		if t.Failed() {
			for _, m := range c.machines {
				t.Logf("Patroni of %s said:\n%s", m.name, m.said("patroni"))
			}
		}
	})
	for n := range 3 {
		c.machines = append(c.machines, newMachine(t, dir, n+1))
	}
	for _, m := range c.machines {
		m.startPatroni()
	}
	balance(t, deployed(t, "haproxy.cfg"), filepath.Join(dir, "haproxy.cfg"))
	c.await("three servers are one cluster", c.whole)
	write(t, dir+"/database.sql", deployed(t, "database.sql"))
	var said []byte
	c.await("the database is made", func() (ok bool) {
		psql := exec.Command("psql", "-v", "ON_ERROR_STOP=1", "-f", dir+"/database.sql",
			"postgres://postgres:replace-superuser@127.0.0.1:5432/postgres?sslmode=disable")
		var err error
		said, err = psql.CombinedOutput()
		return err == nil || strings.Contains(string(said), "already exists")
	})
	return c
}

func postgresBin(t *testing.T) string {
	t.Helper()
	path, err := pgtest.Bin("postgres")
	if err != nil {
		t.Skipf("skipped: %v", err)
	}
	return filepath.Dir(path)
}

// balance runs HAProxy with a configuration.
func balance(t *testing.T, text, path string) {
	t.Helper()
	write(t, path, text)
	cmd := exec.Command("haproxy", "-db", "-f", path)
	log := &strings.Builder{}
	cmd.Stderr = log
	ended, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone
		<-ended
		if t.Failed() {
			t.Logf("HAProxy said:\n%s", log)
		}
	})
}

// await polls until done says so.
func (c *cluster) await(what string, done func() bool) {
	c.t.Helper()
	for began := time.Now(); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > patience {
			c.t.Fatalf("not after %v: %s", patience, what)
		}
	}
}

var quick = &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// primary returns the machine whose server takes writes, other than one; nil = there is none.
func (c *cluster) primary(other *machine) *machine {
	for _, m := range c.machines {
		if m == other {
			continue
		}
		resp, err := quick.Get("http://" + m.address + ":8008/primary")
		if err != nil {
			continue
		}
		_ = resp.Body.Close() // only its status matters
		if resp.StatusCode == http.StatusOK {
			return m
		}
	}
	return nil
}

// whole tells whether there is one primary, and two standbys that follow it, one of them as closely as a commit – as all
// three machines see it: one that was cut off believes in what was for a while.
func (c *cluster) whole() bool {
	primary := c.primary(nil)
	if primary == nil || c.primary(primary) != nil {
		return false
	}
	for _, m := range c.machines {
		if m.seesRoles() != primary.name+" leads, and map[replica:1 sync_standby:1]" {
			return false
		}
	}
	return true
}

// nobodyMay tells whether the machines but one, which is away, know of no standby that had all of its commits.
func (c *cluster) nobodyMay(away *machine) bool {
	for _, m := range c.machines {
		if m == away {
			continue
		}
		members := m.members()
		noted := func(other member) bool { return other.Role == "sync_standby" || other.Role == "leader" }
		if len(members) == 0 || slices.ContainsFunc(members, noted) {
			return false
		}
	}
	return true
}

// member is a machine as Patroni on another one knows it.
type member struct {
	Name, Role, State string
	Timeline          int
	Lag               any // bytes, or "unknown"
}

// members returns the cluster as the machine knows it, nil when it does not answer.
func (m *machine) members() []member {
	resp, err := quick.Get("http://" + m.address + ":8008/cluster")
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	var answer struct{ Members []member }
	if json.NewDecoder(resp.Body).Decode(&answer) != nil {
		return nil
	}
	return answer.Members
}

// seesRoles returns who leads by what a machine knows, and the roles of the others, if all of them run on one timeline.
func (m *machine) seesRoles() (seen string) {
	members, leader, others := m.members(), "", map[string]int{}
	for _, other := range members {
		runs := other.State == "running" || other.State == "streaming"
		if !runs || other.Timeline != members[0].Timeline || other.Lag == "unknown" {
			return ""
		}
		if other.Role == "leader" {
			leader = other.Name
		} else {
			others[other.Role]++
		}
	}
	return leader + " leads, and " + fmt.Sprint(others)
}
