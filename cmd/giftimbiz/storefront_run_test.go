package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"giftimbiz/internal/child"
)

var storefrontAt = regexp.MustCompile(`storefront, a partner's shop, is open: (http://\S+)\n`)

// runBoth runs what make run does, with an address for the storefront.
func runBoth(t *testing.T, shopListen string, args ...string) *program {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("skipped: no bash")
	}
	script := filepath.Join("..", "..", "scripts", "run.sh")
	p := &program{t: t, output: &watched{found: make(chan string, 1)}, ended: make(chan struct{})}
	p.cmd = exec.Command(bash, append([]string{script, builtProgram(t), builtStorefront(t)}, args...)...)
	p.cmd.Env = append(os.Environ(), "GIFTIMBIZ_DRAIN=0s", "SHOP_LISTEN="+shopListen)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	ended, err := child.Start(p.cmd, syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = <-ended
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.terminate() // it may have ended; unlike a kill, it takes both programs with it
		if t.Failed() {
			t.Logf("make run said:\n%s", p.output)
		}
	})
	return p
}

func TestMakeRunServesADemoAndAStorefrontUntilItIsToldToStop(t *testing.T) {
	data := filepath.Join(t.TempDir(), "elsewhere")
	for _, again := range []string{"the first time", "the second time"} {
		p := runBoth(t, "127.0.0.1:0", "--offers", "40", "--listen", "127.0.0.1:0", "--data="+data)
		eventually(t, "the storefront is open "+again, func() bool { return storefrontAt.MatchString(p.output.String()) })
		said := p.output.String()
		shop, server := storefrontAt.FindStringSubmatch(said)[1], servingAt.FindString(said)
		if strings.Index(said, "Ctrl+C stops it.") > strings.Index(said, shop) {
			t.Error("the welcome comes after the storefront's address")
		}
		for _, address := range []string{shop, server + "/readyz"} {
			resp, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close() // the status says all
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s answers %s", address, resp.Status)
			}
		}
		_ = p.cmd.Process.Signal(os.Interrupt) // it is there
		<-p.ended
		if p.err != nil {
			t.Errorf("it ended with %v", p.err)
		}
		for _, address := range []string{shop, server} {
			if _, err := net.Dial("tcp", strings.TrimPrefix(address, "http://")); err == nil {
				t.Errorf("%s is still served", address)
			}
		}
	}
}

func TestMakeRunKeepsTheExitCodeAndSaysWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }() // nothing was accepted
	for _, tc := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, "want host:port", []string{"--listen", "nonsense"}},
		{exitFailure, "--listen 127.0.0.1:8090", []string{"--listen", taken.Addr().String()}},
	} {
		p := runBoth(t, "127.0.0.1:0", append(tc.args, "--data", t.TempDir())...)
		<-p.ended
		if code := p.cmd.ProcessState.ExitCode(); code != tc.code || !strings.Contains(p.output.String(), tc.says) {
			t.Errorf("%s: exit code %d, want %d; it says\n%s", tc.args, code, tc.code, p.output)
		}
	}
	p := runBoth(t, taken.Addr().String(), "--data", t.TempDir(), "--offers", "40", "--listen", "127.0.0.1:0")
	eventually(t, "the storefront says what to do", func() bool {
		return strings.Contains(p.output.String(), "SHOP_LISTEN=127.0.0.1:8091") && strings.Contains(p.output.String(), "goes on without it")
	})
	resp, err := http.Get(servingAt.FindString(p.output.String()) + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // the status says all
}
