// Package programtest runs the giftimbiz program in tests, as its users do: built, started on a free port with a database of
// its own, told to stop or killed. Nothing it starts outlives the test.
package programtest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/child"
)

// Patience bounds every wait for a state, on a machine however busy.
const Patience = 60 * time.Second

// Program is a process of giftimbiz, or one that starts some.
type Program struct {
	Cmd    *exec.Cmd
	Output *Output
	URL    string        // where it serves
	Ended  chan struct{} // closed when it has ended
	Err    error         // how it ended; read after Ended is closed

	t testing.TB
}

// Start runs a serving subcommand on a free port and waits until it says where it serves. What is left of it when the test
// ends is killed.
func Start(t testing.TB, args ...string) *Program {
	t.Helper()
	return Launch(t, Built(t), args...).Serving()
}

// StartChecked is Start with the program as the test is: under the race detector when that is.
func StartChecked(t testing.TB, args ...string) *Program {
	t.Helper()
	return Launch(t, Checked(t), args...).Serving()
}

// Launch starts the program at path and waits for nothing. A server that is told to stop does so at once, unless --drain is
// given.
func Launch(t testing.TB, path string, args ...string) *Program {
	t.Helper()
	const listen = "127.0.0.1:0"
	cmd := exec.Command(path, append(args, "--listen", listen)...)
	cmd.Env = append(os.Environ(), "GIFTIMBIZ_METRICS_LISTEN="+listen) // there, whatever --public-url is
	return Run(t, cmd, syscall.SIGKILL, (*Program).Kill)
}

// Run starts a command, to which it sends the signal if the test's process dies. The end of the test ends it by end.
func Run(t testing.TB, cmd *exec.Cmd, signal syscall.Signal, end func(*Program)) *Program {
	t.Helper()
	p := &Program{t: t, Cmd: cmd, Output: &Output{found: make(chan string, 1)}, Ended: make(chan struct{})}
	cmd.Env = append(cmd.Environ(), "GIFTIMBIZ_DRAIN=0s")
	cmd.Stdout, cmd.Stderr = p.Output, p.Output
	ended, err := child.Start(cmd, signal)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		p.Err = <-ended
		close(p.Ended)
	}()
	t.Cleanup(func() {
		end(p)
		if t.Failed() {
			t.Logf("%s said:\n%s", strings.Join(cmd.Args, " "), p.Output.end())
		}
	})
	return p
}

// Serving waits until the program says where it serves.
func (p *Program) Serving() *Program {
	t, args := p.t, p.Cmd.Args
	t.Helper()
	select {
	case p.URL = <-p.Output.found:
	case <-p.Ended:
		t.Fatalf("%s ended at once: %v\n%s", strings.Join(args, " "), p.Err, p.Output)
	case <-time.After(Patience):
		t.Fatalf("%s does not serve:\n%s", strings.Join(args, " "), p.Output)
	}
	return p
}

// Kill ends the process as a power cut would, and waits until it is gone.
func (p *Program) Kill() {
	_ = p.Cmd.Process.Kill() // it may be gone
	<-p.Ended
}

// Terminate asks the process to stop, as a service manager does, and returns how it ended.
func (p *Program) Terminate() error {
	p.t.Helper()
	_ = p.Cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-p.Ended:
	case <-time.After(Patience):
		p.t.Fatal("the program does not stop")
	}
	return p.Err
}

// Metric returns a figure without labels.
func (p *Program) Metric(name string) int {
	p.t.Helper()
	resp, err := http.Get(p.URL + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(text)
	if match == nil {
		p.t.Fatalf("no metric %s in\n%s", name, text)
	}
	value, err := strconv.ParseFloat(string(match[1]), 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return int(value)
}

// Do runs a subcommand to its end, which must be a success, and returns what it printed.
func Do(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(Built(t), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("giftimbiz %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Eventually polls until done says so.
func Eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > Patience {
			t.Fatalf("not after %v: %s", Patience, what)
		}
	}
}

// Address finds the address of a server in what a program says.
var Address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// Output keeps what a process prints and tells the first address in it.
type Output struct {
	found chan string

	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
	told bool         // guarded by mu
}

// Write implements io.Writer.
func (w *Output) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(b)
	if w.told {
		return len(b), nil
	}
	if url := Address.Find(w.text.Bytes()); url != nil {
		w.told = true
		w.found <- string(url)
	}
	return len(b), nil
}

// String is all that was printed.
func (w *Output) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

const mostShown = 64 << 10 // bytes of what a program said, where a test fails that has logged a million calls

// end is what was printed last.
func (w *Output) end() string {
	text := w.String()
	if len(text) <= mostShown {
		return text
	}
	_, rest, _ := strings.Cut(text[len(text)-mostShown:], "\n")
	return fmt.Sprintf("(%d bytes, of which these are the last)\n%s", len(text), rest)
}
