package faults_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"giftimbiz/client"
	"giftimbiz/internal/programtest"
)

// callers ask servers with a partner's keys, again and again.
type callers struct {
	t        *testing.T
	who      client.Credentials
	done     atomic.Bool  // the keys are revoked: nothing asked from now on may be let in
	asked    atomic.Int64 // since then, and answered
	admitted atomic.Int64 // of those
	wg       sync.WaitGroup
	stop     chan struct{}
}

// at has some callers ask a server.
func (c *callers) at(url string) {
	ask := client.New(client.Options{BaseURL: url, Credentials: c.who, Retries: -1, HTTP: &http.Client{
		Timeout: programtest.Patience, Transport: &http.Transport{DisableKeepAlives: true},
	}})
	for range 3 {
		c.wg.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				default:
				}
				c.one(ask)
			}
		})
	}
}

func (c *callers) one(ask *client.Client) {
	after := c.done.Load()
	_, err := ask.Call(c.t.Context(), "giftimbiz/cateGift", nil)
	if !after {
		return
	}
	var refused *client.Error
	if err == nil {
		c.admitted.Add(1)
	}
	if err == nil || errors.As(err, &refused) {
		c.asked.Add(1)
	}
}

// TestRevokedKeysAreTakenByNoNodeOnceTheCommandEnds under load, by two nodes of which one hangs: it is stopped before the command, and
// goes on when the command has ended.
func TestRevokedKeysAreTakenByNoNodeOnceTheCommandEnds(t *testing.T) {
	data, database := t.TempDir(), programtest.Postgres(t)
	made := programtest.DemoData(t, data, database, "--offers", "20")
	where := []string{"--data", data, "--database", database}
	serve := append([]string{"serve"}, where...)
	one, two := programtest.Start(t, serve...), programtest.Start(t, serve...)
	for i, command := range [][]string{
		{"partner", "rotate", "demo", "--grace", "0"}, {"partner", "suspend", "devtest1"}, {"partner", "withdraw", "demo", "--yes"},
	} {
		who := made.Partners[i%2].Credentials
		if i == 2 {
			who = rotated(t, who, where)
		}
		c := &callers{t: t, who: who, stop: make(chan struct{})}
		c.at(one.URL)
		c.at(two.URL)
		hangs := i == 0
		if hangs {
			_ = two.Cmd.Process.Signal(syscall.SIGSTOP)
		}
		said := programtest.Do(t, append(command, where...)...)
		c.done.Store(true)
		if hangs {
			_ = two.Cmd.Process.Signal(syscall.SIGCONT)
		}
		if hangs != strings.Contains(said, "has not confirmed the change") {
			t.Errorf("%v: %s", command, said)
		}
		programtest.Eventually(t, "all were asked", func() bool { return c.asked.Load() > 100 })
		close(c.stop)
		c.wg.Wait()
		if n := c.admitted.Load(); n > 0 {
			t.Errorf("%v: %d of %d calls were let in afterwards", command, n, c.asked.Load())
		}
	}
}

// rotated gives a partner other keys.
func rotated(t *testing.T, who client.Credentials, where []string) client.Credentials {
	t.Helper()
	for line := range strings.Lines(programtest.Do(t, append([]string{"partner", "rotate", who.PartnerID}, where...)...)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch name {
		case "PARTNERKEY":
			who.PartnerKey = value
		case "PARTNERTOKEN":
			who.PartnerToken = value
		case "REFRESH_TOKEN":
			who.RefreshToken = value
		}
	}
	return who
}
