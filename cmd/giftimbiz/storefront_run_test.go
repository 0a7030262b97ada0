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

	"giftimbiz/internal/programtest"
)

var storefrontAt = regexp.MustCompile(`storefront, a partner's shop, is open: (http://\S+)\n`)

// lastWords end what a demo says when it is ready.
const lastWords = "Ctrl+C stops it."

// runBoth runs what make run does, with an address for the storefront.
func runBoth(t *testing.T, shopListen string, args ...string) *programtest.Program {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("skipped: no bash")
	}
	script := filepath.Join("..", "..", "scripts", "run.sh")
	cmd := exec.Command(bash, append([]string{script, programtest.Built(t), programtest.Storefront(t)}, args...)...)
	cmd.Env = append(os.Environ(), "SHOP_LISTEN="+shopListen)
	// Unlike a kill, its end takes both programs with it.
	return programtest.Run(t, cmd, syscall.SIGTERM, func(p *programtest.Program) { _ = p.Terminate() }) // it may have ended
}

func TestMakeRunServesADemoAndAStorefrontUntilItIsToldToStop(t *testing.T) {
	data := filepath.Join(t.TempDir(), "elsewhere")
	for _, again := range []string{"the first time", "the second time"} {
		p := runBoth(t, "127.0.0.1:0", "--offers", "40", "--listen", "127.0.0.1:0", "--data="+data)
		var said string
		programtest.Eventually(t, "both are open "+again, func() bool {
			said = p.Output.String()
			return storefrontAt.MatchString(said) && strings.Contains(said, lastWords)
		})
		shop, server := storefrontAt.FindStringSubmatch(said)[1], programtest.Address.FindString(said)
		if strings.Index(said, lastWords) > strings.Index(said, shop) {
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
		_ = p.Cmd.Process.Signal(os.Interrupt) // it is there
		<-p.Ended
		if p.Err != nil {
			t.Errorf("it ended with %v", p.Err)
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
		<-p.Ended
		if code := p.Cmd.ProcessState.ExitCode(); code != tc.code || !strings.Contains(p.Output.String(), tc.says) {
			t.Errorf("%s: exit code %d, want %d; it says\n%s", tc.args, code, tc.code, p.Output)
		}
	}
	p := runBoth(t, taken.Addr().String(), "--data", t.TempDir(), "--offers", "40", "--listen", "127.0.0.1:0")
	for _, text := range []string{"SHOP_LISTEN=127.0.0.1:8091", "goes on without it", lastWords} { // of two programs, in any order
		programtest.Eventually(t, text, func() bool { return strings.Contains(p.Output.String(), text) })
	}
	resp, err := http.Get(programtest.Address.FindString(p.Output.String()) + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // the status says all
}
