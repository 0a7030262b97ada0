package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	_ "modernc.org/sqlite"             // the "sqlite" driver
)

// TestPurchasesUnderWayAreAnsweredWhenTheServerIsToldToStop holds the database from outside, so that purchases stand in
// the server, tells it to stop, and lets go.
func TestPurchasesUnderWayAreAnsweredWhenTheServerIsToldToStop(t *testing.T) {
	eachDatabase(t, func(t *testing.T, data, database string) {
		made := demoData(t, data, database, "--offers", "100")
		s := startChecked(t, "serve", "--data", data, "--database", database)
		b := newBuyers(t, s.url, made.Partners[0].Credentials)
		letGo := holdDatabase(t, database)
		const n = 40
		c := b.client(s.url)
		if _, err := c.Call(t.Context(), "giftimbiz/buyGifticonList", nil); err != nil { // signs in
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range n {
			key, offer := fmt.Sprint(i), b.offers[i%len(b.offers)]
			b.made[key] = offer
			wg.Go(func() { b.buy(c, key, offer) })
		}
		eventually(t, "all purchases are in the server", func() bool { return s.metric("giftimbiz_requests_in_flight") == n })
		stopped := make(chan error, 1)
		go func() { stopped <- s.terminate() }()
		eventually(t, "the server takes no more connections", func() bool {
			resp, err := http.Get(s.url + "/healthz")
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
		if got := len(b.orders()); got != n {
			t.Errorf("%d of %d purchases were made; answers: %s", got, n, b.told)
		}
		runProgram(t, "doctor", "--data", data, "--database", database)
	})
}

// TestAServerSaysThatItStopsBeforeItDoes and still serves meanwhile; a second signal ends it at once.
func TestAServerSaysThatItStopsBeforeItDoes(t *testing.T) {
	data := t.TempDir()
	database := "sqlite:" + data + "/giftimbiz.db"
	made := demoData(t, data, database, "--offers", "40")
	s := startChecked(t, "serve", "--data", data, "--database", database, "--drain", "1h")
	signal := func() {
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	get := func(path string) int {
		resp, err := http.Get(s.url + path)
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
	eventually(t, "it says that it stops", func() bool { return get("/readyz") == http.StatusServiceUnavailable })
	newBuyers(t, s.url, made.Partners[0].Credentials) // signs in and lists
	if status := get("/healthz"); status != http.StatusOK {
		t.Errorf("HTTP %d while it stops", status)
	}
	signal()
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Error("it does not end at the second signal")
	}
}

func TestRequestsThatDoNotEndAreCutOff(t *testing.T) {
	inside := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done() // as of a caller whose connection is gone
	}))
	answered := make(chan error, 1)
	go func() {
		resp, err := http.Get(server.URL)
		if err == nil {
			_ = resp.Body.Close() // there should be none
		}
		answered <- err
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the time is over
	if err := shutdown(ctx, server.Config); !errors.Is(err, context.Canceled) {
		t.Errorf("the cut is not told: %v", err)
	}
	if err := <-answered; err == nil {
		t.Error("the request was answered")
	}
}

// holdDatabase keeps everybody from writing what a purchase writes until the function it returns is called.
func holdDatabase(t *testing.T, database string) (letGo func()) {
	t.Helper()
	driver, dsn, hold := "pgx", database, "BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE"
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, dsn, hold = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)", "BEGIN IMMEDIATE"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), hold); err != nil {
		t.Fatal(err)
	}
	letGo = sync.OnceFunc(func() {
		_, err := conn.ExecContext(context.Background(), "ROLLBACK")
		if err != nil {
			t.Error(err)
		}
		_ = conn.Close() // the transaction has ended
		_ = db.Close()
	})
	t.Cleanup(letGo)
	return letGo
}

// metric returns a figure without labels.
func (p *program) metric(name string) int {
	p.t.Helper()
	resp, err := http.Get(p.url + "/metrics")
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
