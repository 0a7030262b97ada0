// Package pgtest starts real PostgreSQL servers for tests and benchmarks: each in a temporary folder, on a free port of
// 127.0.0.1, stopped and removed when the test ends.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"giftimbiz/internal/child"
)

// ErrMissing says that no PostgreSQL server is installed.
var ErrMissing = errors.New("no PostgreSQL server in /usr/lib/postgresql/*/bin (Debian: apt-get install postgresql)")

var errEnded = errors.New("PostgreSQL ended at once")

// Cluster is a running server.
type Cluster struct {
	Port  int
	dir   string
	cmd   *exec.Cmd
	done  <-chan error
	admin *sql.DB // to the database postgres

	server     string   // the program
	args       []string // its arguments
	credential *syscall.SysProcAttr
}

// Bin returns the path of one of PostgreSQL's programs of the newest version installed.
func Bin(program string) (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("%s: %w", program, ErrMissing)
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) < version(found[j]) })
	return found[len(found)-1], nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4]) // an odd name sorts first
	return n
}

// Start makes a cluster with the given settings ("name=value") and waits until it answers.
func Start(settings ...string) (*Cluster, error) {
	initdb, err := Bin("initdb")
	if err != nil {
		return nil, err
	}
	server, err := Bin("postgres")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "giftimbiz-pg-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir}
	if err := c.start(initdb, server, settings); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if c.admin, err = sql.Open("pgx", c.URL("postgres")); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	c.admin.SetMaxOpenConns(1) // two copies of one database at once would disturb each other
	return c, nil
}

func (c *Cluster) start(initdb, server string, settings []string) error {
	credential, err := child.InsteadOfRoot("postgres", c.dir)
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	data := filepath.Join(c.dir, "data")
	init := exec.Command(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	init.SysProcAttr = credential
	init.Dir = c.dir
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	c.server, c.credential = server, credential
	for tries := 1; ; tries++ {
		if c.Port, err = child.FreePort(); err != nil {
			return err
		}
		c.args = []string{"-D", data, "-p", strconv.Itoa(c.Port), "-k", c.dir, "-h", "127.0.0.1"}
		for _, setting := range settings {
			c.args = append(c.args, "-c", setting)
		}
		// Somebody else may take the port before the server does.
		if err := c.launch(); !errors.Is(err, errEnded) || tries == mostPorts {
			return err
		}
	}
}

// mostPorts is how many ports a server is started on that ends at once.
const mostPorts = 5

// launch starts the server's first process and waits until it answers.
func (c *Cluster) launch() error {
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own handle
	c.cmd = exec.Command(c.server, c.args...)
	attributes := *c.credential
	c.cmd.SysProcAttr = &attributes
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = c.dir, log, log
	// A test that is killed leaves no server behind.
	if c.done, err = child.Start(c.cmd, syscall.SIGQUIT); err != nil {
		return err
	}
	return c.await()
}

// Kill ends the server's first process at once, as when memory runs out. Its others end when they notice.
func (c *Cluster) Kill() {
	_ = c.cmd.Process.Kill() // it may be gone
	c.done = told(<-c.done)
}

// Ended tells whether the server has ended by itself, as it does when it cannot write its log.
func (c *Cluster) Ended() bool {
	select {
	case err := <-c.done:
		c.done = told(err)
		return true
	default:
		return false
	}
}

// told returns a channel that tells how the process ended to whoever asks next.
func told(err error) <-chan error {
	done := make(chan error, 1)
	done <- err
	return done
}

// Restart starts a server again that was killed, on the same folder and port, and waits until it answers. It tries for a while:
// as long as one of the processes before is there, no new one starts.
func (c *Cluster) Restart() error {
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := c.launch()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		if !errors.Is(err, errEnded) {
			return err
		}
	}
}

// await waits until the server accepts connections. It is asked at the socket in its folder: at its port another one may answer that was
// faster, before this one has found out and ended.
func (c *Cluster) await() error {
	ready, err := Bin("pg_isready")
	if err != nil {
		return errors.Join(err, c.Stop())
	}
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		select {
		case err := <-c.done:
			c.done = told(err)
			return fmt.Errorf("%w: %v\n%s", errEnded, err, c.log())
		default:
		}
		if exec.Command(ready, "-q", "-h", c.dir, "-p", strconv.Itoa(c.Port), "-U", "postgres").Run() == nil {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("PostgreSQL does not answer:\n%s", c.log()), c.Stop())
}

func (c *Cluster) log() string {
	text, _ := os.ReadFile(filepath.Join(c.dir, "log")) // only decorates another error
	return string(text)
}

// PID is the server's first process, the parent of its others.
func (c *Cluster) PID() int { return c.cmd.Process.Pid }

// URL returns the connection URL of one of the cluster's databases.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.Port, database)
}

// CreateDatabase makes an empty database and returns its URL.
func (c *Cluster) CreateDatabase(name string) (string, error) {
	return c.URL(name), c.exec("CREATE DATABASE " + quoted(name))
}

// Copy makes or replaces a database as a copy of another, to which nobody may be connected. Both are given by their URLs.
func (c *Cluster) Copy(from, to string) error {
	original, err := databaseOf(from)
	if err != nil {
		return err
	}
	copied, err := databaseOf(to)
	if err != nil {
		return err
	}
	if err := c.exec("DROP DATABASE IF EXISTS " + quoted(copied)); err != nil {
		return err
	}
	return c.exec("CREATE DATABASE " + quoted(copied) + " TEMPLATE " + quoted(original))
}

// Drop removes a database, given by its URL, whoever is connected to it.
func (c *Cluster) Drop(dsn string) error {
	name, err := databaseOf(dsn)
	if err != nil {
		return err
	}
	return c.exec("DROP DATABASE IF EXISTS " + quoted(name) + " WITH (FORCE)")
}

// exec runs a statement about databases. A program of PostgreSQL's would take longer to start than the statement takes. Whoever was
// connected to one may have closed the connection, and the process that served it not have ended: PostgreSQL waits for it for
// 5 seconds only.
func (c *Cluster) exec(statement string) error {
	for deadline := time.Now().Add(60 * time.Second); ; {
		_, err := c.admin.ExecContext(context.Background(), statement)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != inUse || time.Now().After(deadline) {
			return err
		}
	}
}

const inUse = "55006" // SQLSTATE object_in_use

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// databaseOf returns the name of the database that a URL connects to.
func databaseOf(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", err
	}
	return path.Base(u.Path), nil
}

// Stop ends the server at once and removes its folder.
func (c *Cluster) Stop() error {
	if c.admin != nil {
		_ = c.admin.Close() // the server is killed anyway
	}
	_ = c.cmd.Process.Signal(syscall.SIGQUIT) // it may be gone already
	select {
	case <-c.done:
	case <-time.After(10 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.done
	}
	return os.RemoveAll(c.dir)
}
