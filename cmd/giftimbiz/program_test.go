package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/child"
	"giftimbiz/internal/demo"
)

// program is a giftimbiz process.
type program struct {
	t      testing.TB
	cmd    *exec.Cmd
	output *watched
	url    string // where it serves
	ended  chan struct{}
	err    error // how it ended; read after ended is closed
}

// patience bounds every wait for a state, on a machine however busy.
const patience = 60 * time.Second

// built is the program as its users have it, built by the first test that needs it. It starts and fills a demo several
// times faster than the test binary does under the race detector.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// builtProgram returns the path of the built program.
func builtProgram(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "giftimbiz-built-"); built.err != nil {
			return
		}
		out, err := exec.Command("go", "build", "-buildvcs=false", "-o", built.dir, ".").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "giftimbiz")
}

// checkedProgram is the test binary as a program (see TestMain), under the race detector when the tests are.
const checkedProgram = "giftimbiz-checked"

// startProgram runs a serving subcommand on a free port and waits until it says where it serves. What is left of it when
// the test ends is killed.
func startProgram(t testing.TB, args ...string) *program {
	t.Helper()
	return launch(t, builtProgram(t), args...).serving()
}

// startChecked is startProgram with the checked program.
func startChecked(t testing.TB, args ...string) *program {
	t.Helper()
	return launch(t, checkedProgram, args...).serving()
}

// serving waits until the program says where it serves.
func (p *program) serving() *program {
	t, args := p.t, p.cmd.Args
	t.Helper()
	select {
	case p.url = <-p.output.found:
	case <-p.ended:
		t.Fatalf("%s ended at once: %v\n%s", strings.Join(args, " "), p.err, p.output)
	case <-time.After(patience):
		t.Fatalf("%s does not serve:\n%s", strings.Join(args, " "), p.output)
	}
	return p
}

// launch starts a program. A server that is told to stop does so at once, unless --drain is given.
func launch(t testing.TB, path string, args ...string) *program {
	t.Helper()
	return start(t, path, append(args, "--listen", "127.0.0.1:0")...)
}

// start starts a program with the arguments as they are.
func start(t testing.TB, path string, args ...string) *program {
	t.Helper()
	p := &program{t: t, output: &watched{found: make(chan string, 1)}, ended: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Env = append(os.Environ(), "GIFTIMBIZ_DRAIN=0s")
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	ended, err := child.Start(p.cmd, syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = <-ended
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("giftimbiz %s said:\n%s", strings.Join(args, " "), p.output)
		}
	})
	return p
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *program) kill() {
	_ = p.cmd.Process.Kill() // it may be gone
	<-p.ended
}

// terminate asks the process to stop, as a service manager does, and returns how it ended.
func (p *program) terminate() error {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("the server does not stop")
	}
	return p.err
}

// runProgram runs a subcommand to its end, which must be a success, and returns what it printed.
func runProgram(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(builtProgram(t), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("giftimbiz %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

var servingAt = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// watched keeps what a process prints and tells the first address in it.
type watched struct {
	found chan string

	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
	told bool         // guarded by mu
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(b)
	if url := servingAt.Find(w.text.Bytes()); url != nil && !w.told {
		w.told = true
		w.found <- string(url)
	}
	return len(b), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// eventually polls until done says so.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("not after %v: %s", patience, what)
		}
	}
}

// demoData runs the demo once to fill a database and returns what it wrote into credentials.json.
func demoData(t testing.TB, data, database string, args ...string) *demo.Credentials {
	t.Helper()
	demo := startProgram(t, append([]string{"demo", "--data", data, "--database", database}, args...)...)
	if err := demo.terminate(); err != nil {
		t.Fatalf("the demo did not stop in order: %v", err)
	}
	made, err := readCredentials(data + "/credentials.json")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// eachDatabase is onEachEngine for tests of whole processes, with a data folder beside the database.
func eachDatabase(t *testing.T, test func(t *testing.T, data, database string)) {
	onEachEngine(t, func(t *testing.T, database string) { test(t, t.TempDir(), database) })
}
