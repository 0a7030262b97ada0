package failover_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"giftimbiz/client"
	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

// TestNodesAreRestartedOneAfterTheOtherAndNobodyNotices: half of the buyers keep their connections to the balancer, half
// make new ones. None of them asks twice.
func TestNodesAreRestartedOneAfterTheOtherAndNobodyNotices(t *testing.T) {
	needs(t, "haproxy")
	url := programtest.Postgres(t)
	data := t.TempDir()
	made := programtest.DemoData(t, data, url, "--offers", "400")
	who := made.Partners[0].Credentials
	programtest.Do(t, "topup", made.Partners[0].PartnerID, strconv.Itoa(topUp), "--data", data, "--database", url)
	restarts := faults.Rounds(2, 10)

	// Addresses of its own, so that a node finds its port free when it comes back.
	network := fmt.Sprintf("127.%d.%d.", 64+rand.IntN(128), rand.IntN(256))
	if l, err := net.Listen("tcp", network+"1:0"); err != nil {
		t.Skipf("skipped: this system has one loopback address: %v", err)
	} else if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	const apps = 2
	nodes := make([]*programtest.Program, apps)
	start := func(n int) {
		address := fmt.Sprintf("%s2%d:8080", network, n+1)
		nodes[n] = node(t, address, "", "--data", data, "--database", url, "--listen", address, "--drain", "3s")
	}
	for n := range nodes {
		start(n)
	}
	// It takes servers for ready until it has looked: those it finds are.
	balance(t, edit(t, deployed(t, "haproxy.cfg"), "10.20.0.2", network+"2", "bind *:80", "bind "+network+"1:8080",
		"bind 127.0.0.1:5432", "bind "+network+"1:5432"), filepath.Join(t.TempDir(), "haproxy.cfg"))
	balancer := "http://" + network + "1:8080"
	programtest.Eventually(t, "the balancer sends requests to the nodes", func() bool {
		return get(balancer+"/readyz") == http.StatusOK
	})

	b := faults.NewBuyers(t, balancer, who)
	keeping := client.New(client.Options{BaseURL: balancer, Credentials: who, Retries: -1, HTTP: &http.Client{
		Timeout: programtest.Patience, Transport: &http.Transport{MaxIdleConnsPerHost: 8},
	}})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for n := range 8 {
		c := keeping
		if n%2 == 0 {
			c = b.Client(balancer)
		}
		wg.Go(func() { buyNowAndThen(b, c, stop) })
	}
	for n := range restarts {
		sold := b.Answers()
		programtest.Eventually(t, "purchases go on", func() bool { return b.Answers()-sold >= 8 })
		if err := nodes[n%apps].Terminate(); err != nil {
			t.Errorf("the node did not stop in order: %v", err)
		}
		start(n % apps)
		programtest.Eventually(t, "the balancer has the node back", func() bool {
			return nodes[n%apps].Metric("giftimbiz_purchase_batch_size_count") > 0
		})
	}
	close(stop)
	wg.Wait()
	if failed := b.Unknown(); failed > 0 {
		t.Errorf("%d purchases had no answer", failed)
	}
	row := faults.Row{Fault: "rolling restart behind HAProxy", On: "PostgreSQL", Rounds: restarts}
	row.Acknowledged, row.Lost, row.Doubled = b.Books(balancer)
	faults.Report(t, row)
}
