package child_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/child"
)

const patience = 60 * time.Second

func TestAChildOutlivesTheGoroutineThatStartedIt(t *testing.T) {
	var ended <-chan error
	var in interface{ Close() error }
	started := make(chan struct{})
	go func() {
		defer close(started)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		cmd := exec.Command("cat")
		pipe, err := cmd.StdinPipe()
		if err != nil {
			t.Error(err)
			return
		}
		in = pipe
		if ended, err = child.Start(cmd, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}()
	<-started
	if t.Failed() {
		return
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the child did not end by itself: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the child does not end")
	}
}

// TestAChildEndsWithTheProcessThatStartedIt runs this test in a process of its own, which starts a child and is killed.
func TestAChildEndsWithTheProcessThatStartedIt(t *testing.T) {
	const role = "GIFTIMBIZ_TEST_PARENT"
	if os.Getenv(role) != "" {
		cmd := exec.Command("cat") // waits for ever: nobody closes what it reads
		cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
		if _, err := child.Start(cmd, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	parent := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	parent.Env = append(os.Environ(), role+"=1")
	in, err1 := parent.StdinPipe()
	out, err2 := parent.StdoutPipe()
	if err := errors.Join(err1, err2, parent.Start()); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines) // nobody has the pipe any more
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	if _, err := in.Write([]byte("there\n")); err != nil {
		t.Fatal(err)
	}
	if line := receive(t, lines); !strings.Contains(line, "there") {
		t.Fatalf("the child says %q", line)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if line := receive(t, lines); line != "" {
		t.Errorf("the child says %q", line)
	}
	_ = parent.Wait() // killed
}

// receive returns the next line, or "" when the pipe is closed.
func receive(t *testing.T, lines <-chan string) string {
	t.Helper()
	select {
	case line := <-lines:
		return line
	case <-time.After(patience):
		t.Fatal("neither a line nor the end of the child")
	}
	return ""
}
