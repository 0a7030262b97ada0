package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"giftimbiz/internal/child"
)

// process is a server in a process of its own, so that its CPU can be told from the load generator's.
type process struct {
	cmd   *exec.Cmd
	ended <-chan error
	addr  string
	stdin io.WriteCloser
	ready time.Duration // from its start until it was ready

	database string // its URL; "" = none
}

// startServer runs `giftimbiz serve` on a free port of 127.0.0.1 and waits until it is ready.
func startServer(ctx context.Context, data, database string) (*process, error) {
	port, err := child.FreePort()
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	began := time.Now()
	p, err := launch(ctx, "serve", "--listen", addr, "--data", data, "--database", database, "--drain", "0s",
		"--log-level", "warn", "--public-url", "https://bench.example", "--metrics-listen", addr,
		"--failure-limit", "0") // mixed traffic has wrong keys in it, all from one address
	if err != nil {
		return nil, err
	}
	p.addr, p.database = addr, database
	if err := p.await(ctx, began.Add(startWithin)); err != nil {
		return nil, err
	}
	p.ready = time.Since(began)
	return p, nil
}

// startWithin bounds how long a server may take until it is ready.
const startWithin = 2 * time.Minute

// await waits until the server is ready. It stops one that does not become so.
func (p *process) await(ctx context.Context, deadline time.Time) error {
	for time.Now().Before(deadline) && ctx.Err() == nil {
		resp, err := scraper.Get("http://" + p.addr + "/readyz")
		if err == nil {
			_ = resp.Body.Close() // only its status matters
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-p.ended:
			return fmt.Errorf("the server ended before it was ready: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	p.stop()
	return errors.New("the server did not become ready")
}

// startYardstick runs the bare handler over a recording.
func startYardstick(ctx context.Context, recording string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "bench", "yardstick", recording)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	ended, err := child.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ended: ended, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("the bare handler did not start: %w", err)
	}
	p.addr = strings.TrimSpace(line)
	return p, nil
}

func launch(ctx context.Context, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	ended, err := child.Start(cmd, syscall.SIGTERM)
	return &process{cmd: cmd, ended: ended}, err
}

// stop ends the process and waits for it.
func (p *process) stop() {
	if p.stdin != nil {
		_ = p.stdin.Close() // ends the bare handler
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}
