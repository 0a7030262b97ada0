package faults_test

import (
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	_ "modernc.org/sqlite"             // the "sqlite" driver

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

// TestPurchasesUnderWayAreAnsweredWhenTheServerIsToldToStop holds the database from outside, so that purchases stand in
// the server, tells it to stop, and lets go.
func TestPurchasesUnderWayAreAnsweredWhenTheServerIsToldToStop(t *testing.T) {
	programtest.EachDatabase(t, func(t *testing.T, data, database string) {
		made := programtest.DemoData(t, data, database, "--offers", "100")
		s := programtest.StartChecked(t, "serve", "--data", data, "--database", database)
		b := faults.NewBuyers(t, s.URL, made.Partners[0].Credentials)
		letGo := programtest.Hold(t, database)
		const n = 40
		c := b.Client(s.URL)
		if _, err := c.Call(t.Context(), "giftimbiz/buyGifticonList", nil); err != nil { // signs in
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() { b.BuyAny(c) })
		}
		programtest.Eventually(t, "all purchases are in the server", func() bool { return s.Metric("giftimbiz_requests_in_flight") == n })
		stopped := make(chan error, 1)
		go func() { stopped <- s.Terminate() }()
		programtest.Eventually(t, "the server takes no more connections", func() bool {
			resp, err := http.Get(s.URL + "/healthz")
			if err == nil {
				_ = resp.Body.Close() // only its being there matters
			}
			return err != nil
		})
		letGo()
		wg.Wait()
		if err := <-stopped; err != nil {
			t.Errorf("the server did not stop in order: %v", err)
		}
		if got := len(b.Orders()); got != n {
			t.Errorf("%d of %d purchases were made", got, n)
		}
		programtest.Do(t, "doctor", "--data", data, "--database", database)
	})
}

// TestAServerSaysThatItStopsBeforeItDoes and still serves meanwhile; a second signal ends it at once.
func TestAServerSaysThatItStopsBeforeItDoes(t *testing.T) {
	data := t.TempDir()
	database := "sqlite:" + data + "/giftimbiz.db"
	made := programtest.DemoData(t, data, database, "--offers", "40")
	s := programtest.StartChecked(t, "serve", "--data", data, "--database", database, "--drain", "1h")
	signal := func() {
		if err := s.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	get := func(path string) int {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close() // only its status matters
		return resp.StatusCode
	}
	if status := get("/readyz"); status != http.StatusOK {
		t.Fatalf("HTTP %d before it stops", status)
	}
	signal()
	programtest.Eventually(t, "it says that it stops", func() bool { return get("/readyz") == http.StatusServiceUnavailable })
	faults.NewBuyers(t, s.URL, made.Partners[0].Credentials) // signs in and lists
	if status := get("/healthz"); status != http.StatusOK {
		t.Errorf("HTTP %d while it stops", status)
	}
	signal()
	select {
	case <-s.Ended:
	case <-time.After(programtest.Patience):
		t.Error("it does not end at the second signal")
	}
}
