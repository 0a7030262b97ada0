package bench

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve starts a server of a test and returns its address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func fine(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("fine")) }

// always asks for the same again and again and accepts "fine".
func always(refused func(answer) error) source {
	return func(int) func() request {
		return func() request {
			return request{raw: []byte("GET / HTTP/1.1\r\nHost: test\r\n\r\n"), refused: refused, check: func(body []byte) error {
				if string(body) != "fine" {
					return errors.New("not fine")
				}
				return nil
			}}
		}
	}
}

func TestRequestsAreCountedWhileTheyAreAnsweredRight(t *testing.T) {
	r, err := drive(serve(t, fine), 3, 100*time.Millisecond, always(nil))
	if err != nil || r.requests == 0 || r.requests != len(r.latencies) || !slices.IsSorted(r.latencies) {
		t.Errorf("%v %+v", err, r)
	}
}

// TestARunThatIsOverBeforeItBeginsAsksOnce on each connection.
func TestARunThatIsOverBeforeItBeginsAsksOnce(t *testing.T) {
	r, err := drive(serve(t, fine), 3, -time.Second, always(nil))
	if err != nil || r.requests != 3 {
		t.Errorf("%v %+v", err, r)
	}
}

func TestAWrongAnswerEndsTheRun(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"another body":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("no")) },
		"another status": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "fine", http.StatusInternalServerError) },
		"an end":         func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		addr := serve(t, handler)
		if _, err := drive(addr, 2, time.Minute, always(nil)); err == nil {
			t.Errorf("%s ended no run", name)
		}
		if _, err := driveAt(addr, 2, 100, 100*time.Millisecond, always(busy)); err == nil {
			t.Errorf("%s ended no run at a fixed rate", name)
		}
	}
}

func TestOnlyAProperRefusalIsAccepted(t *testing.T) {
	refuse := func(retryAfter, body string) string {
		var turn atomic.Int64
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			if turn.Add(1)%2 == 0 {
				fine(w, r)
				return
			}
			if retryAfter != "" {
				w.Header().Set("Retry-After", retryAfter)
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(body))
		})
	}
	const body = `{"result":"GPLF"}`
	r, err := driveAt(refuse("1", body), 2, 500, 100*time.Millisecond, always(busy))
	// A machine that stops for longer than queueFor leaves some unsent; those that were sent were refused in turn.
	if err != nil || r.requests == 0 || r.requests != len(r.refusals) && r.unsent == 0 || r.requests+len(r.refusals)+r.unsent != 50 {
		t.Errorf("%v: %d served, %d refused, %d unsent", err, r.requests, len(r.refusals), r.unsent)
	}
	for _, addr := range []string{refuse("", body), refuse("1", "{}")} {
		if _, err := drive(addr, 1, time.Second, always(busy)); err == nil || !strings.Contains(err.Error(), "503") {
			t.Errorf("accepted: %v", err)
		}
	}
	if _, err := drive(refuse("1", body), 1, time.Second, always(nil)); err == nil {
		t.Error("a refusal was accepted where there must be none")
	}
}

// TestAStallIsNotHidden: what was due while a server stalled waited for it, though it was sent later.
func TestAStallIsNotHidden(t *testing.T) {
	const stall = 300 * time.Millisecond
	var turn atomic.Int64
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if turn.Add(1) == 10 {
			time.Sleep(stall)
		}
		fine(w, r)
	})
	r, err := driveAt(addr, 1, 200, time.Second, always(nil))
	if err != nil || r.requests+r.unsent != 200 || r.offered != 200 {
		t.Fatalf("%v: %d answered, %d unsent at %v a second", err, r.requests, r.unsent, r.offered)
	}
	// 60 requests were due in the stall; half of them waited for half of it or longer.
	if slow := r.quantile(0.85); slow < stall/3 {
		t.Errorf("15%% of the requests took more than %v only", slow)
	}
}

func TestWhatCannotBeSentIsSaid(t *testing.T) {
	var turn atomic.Int64
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if turn.Add(1) == 1 {
			time.Sleep(2 * queueFor) // until all were due
		}
		fine(w, r)
	})
	r, err := driveAt(addr, 1, 500, queueFor+200*time.Millisecond, always(nil))
	if err != nil || r.unsent < 50 || r.requests+r.unsent != 600 {
		t.Errorf("%v: %d answered, %d unsent", err, r.requests, r.unsent)
	}
	if r.quantile(0.9) != r.latencies[len(r.latencies)-1] {
		t.Error("unsent requests do not count as the slowest")
	}
}

func TestUsageIsReadFromTheProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	addr := serve(t, bare(nil).ServeHTTP)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: &exec.Cmd{Process: self}, addr: addr}
	u, err := p.usage()
	if err != nil {
		t.Fatal(err)
	}
	for u.cpu == 0 { // it is counted in hundredths of a second
		if u, err = p.usage(); err != nil {
			t.Fatal(err)
		}
	}
	if u.allocations == 0 || u.heap == 0 || u.memory < u.heap || u.peak < u.memory || u.goroutines < 2 || u.files < 3 {
		t.Errorf("%+v", u)
	}
	s := &suite{}
	trial, err := s.measure("job", 2, func() (result, error) { return drive(serve(t, fine), 2, 100*time.Millisecond, always(nil)) }, p)
	if err != nil || trial.Allocations < 1 || trial.CPU < 0 || trial.Memory <= 0 || len(s.report.Trials) != 1 {
		t.Errorf("%v %+v", err, trial)
	}
}
