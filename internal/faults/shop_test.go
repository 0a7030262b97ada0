package faults_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

const (
	stock  = "4000"        // offers: more than buyers buy empty
	credit = 2_000_000_000 // won that the partner has more than the demo gives it
)

// shop is a database with sample stock, and buyers of one partner, who alone buy in it.
type shop struct {
	t              *testing.T
	data, database string
	made           *demo.Credentials
	who            *demo.Partner
	credit         int64          // won that the partner has beside what the demo gave it
	refunded       int64          // won that it was paid back
	buyers         *faults.Buyers // there once a server is
}

// eachShop runs a test on a shop of each engine.
func eachShop(t *testing.T, test func(*shop)) {
	programtest.EachDatabase(t, func(t *testing.T, data, database string) { test(open(t, data, database)) })
}

// eachShopOrOne is eachShop for what is much the same on both engines: the few rounds of make test are made on one of them.
func eachShopOrOne(t *testing.T, one string, test func(*shop)) {
	programtest.EachDatabase(t, func(t *testing.T, data, database string) {
		if programtest.EngineOf(database) != one {
			faults.OnlyAll(t, "the rounds of make test are made on "+one)
		}
		test(open(t, data, database))
	})
}

// postgresShop returns a shop on PostgreSQL.
func postgresShop(t *testing.T) *shop { return open(t, t.TempDir(), programtest.Postgres(t)) }

// open puts stock into an empty database and keys into its folder.
func open(t *testing.T, data, database string) *shop {
	t.Helper()
	file, isSQLite := strings.CutPrefix(database, "sqlite:")
	from := &furnished[0]
	if isSQLite {
		from = &furnished[1]
	}
	from.once.Do(func() { from.open(t, isSQLite) })
	if from.made == nil {
		t.Fatal("there is no stock; see the first test")
	}
	for _, name := range []string{"vault.keys", "credentials.json"} {
		copyFile(t, filepath.Join(from.data, name), filepath.Join(data, name))
	}
	if isSQLite {
		copyFile(t, filepath.Join(from.data, "giftimbiz.db"), file)
	} else if err := programtest.CopyPostgres(from.database, database); err != nil {
		t.Fatal(err)
	}
	return &shop{t: t, data: data, database: database, made: from.made, who: &from.made.Partners[0], credit: credit}
}

// openNew is open without a copy: for databases in places of their own.
func openNew(t *testing.T, data, database string) *shop {
	t.Helper()
	made := furnish(t, data, database, stock)
	return &shop{t: t, data: data, database: database, made: made, who: &made.Partners[0], credit: credit}
}

// serve starts a node, whose buyers are then at hand.
func (s *shop) serve(args ...string) *programtest.Program {
	s.t.Helper()
	return s.serveAt(s.database, args...)
}

// serveAt starts a node that reaches its database elsewhere.
func (s *shop) serveAt(database string, args ...string) *programtest.Program {
	s.t.Helper()
	p := programtest.StartChecked(s.t, append([]string{"serve", "--data", s.data, "--database", database}, args...)...)
	s.meet(p.URL)
	return p
}

// meet has buyers look at what a node sells.
func (s *shop) meet(url string) {
	s.t.Helper()
	if s.buyers == nil {
		s.buyers = faults.NewBuyers(s.t, url, s.who.Credentials)
	}
}

// proxied puts a proxy before the shop's PostgreSQL and returns the way through it.
func (s *shop) proxied() (database string, p *faults.Proxy) {
	s.t.Helper()
	u, err := url.Parse(s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	p = faults.NewProxy(s.t, u.Host)
	u.Host = p.Addr()
	return u.String(), p
}

// buying has n buyers buy at a node until the function it returns is called, which waits for their last answers.
func (s *shop) buying(n int, at string) (stop func()) {
	s.t.Helper()
	stopped := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { s.buyers.RunOn(n, at, stopped) })
	stop = sync.OnceFunc(func() {
		close(stopped)
		wg.Wait()
	})
	s.t.Cleanup(stop)
	return stop
}

// sold waits until so many more purchases are answered.
func (s *shop) sold(n int64) {
	s.t.Helper()
	before := s.buyers.Answers()
	programtest.Eventually(s.t, "enough purchases are answered", func() bool { return s.buyers.Answers()-before >= n })
}

// recovered waits for an answer to what was asked after the end of a fault, and returns how long after it that came, or what is
// longer.
func (s *shop) recovered(end time.Time, longest time.Duration) time.Duration {
	s.t.Helper()
	programtest.Eventually(s.t, "who asks afterwards is answered", func() bool { return s.buyers.Latest().After(end) })
	return max(longest, time.Since(end))
}

// settle asks everything again, compares what the buyers were told with the history and the balance, stops the node, has the
// doctor look, and reports the row.
func (s *shop) settle(p *programtest.Program, row faults.Row) {
	s.t.Helper()
	s.settleAt(p.URL, p.Terminate, row)
}

// settleAt is settle for a node that is stopped otherwise.
func (s *shop) settleAt(at string, stop func() error, row faults.Row) {
	t := s.t
	t.Helper()
	unknown := s.buyers.Unknown()
	s.buyers.Settle(at)
	row.On = programtest.EngineOf(s.database)
	row.Acknowledged, row.Lost, row.Doubled = s.buyers.Books(at)
	spent := int64(0)
	for _, price := range s.buyers.Orders() {
		won, err := strconv.ParseInt(price, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		spent += won
	}
	if err := stop(); err != nil {
		t.Errorf("the server did not stop in order: %v", err)
	}
	shown := programtest.Do(t, append([]string{"partner", "show", s.who.PartnerID}, s.where()...)...)
	if want := strconv.FormatInt(int64(s.who.Balance)+s.credit+s.refunded-spent, 10); !strings.Contains(shown, want) {
		t.Errorf("%d won were spent and %d paid back, so %s are left; but\n%s", spent, s.refunded, want, shown)
	}
	s.healthy()
	t.Logf("%d of the purchases were answered only when asked again", unknown)
	faults.Report(t, row)
}

// refused waits until a purchase is refused because nothing can be written: with the code for that, and when to come back.
func (s *shop) refused(p *programtest.Program) {
	s.t.Helper()
	c := s.buyers.Client(p.URL)
	programtest.Eventually(s.t, "purchases are refused", func() bool {
		_, err := s.buyers.Buy(c)
		var refusal *client.Error
		if !errors.As(err, &refusal) || refusal.Code != "GPLF" {
			return false
		}
		if refusal.Status != http.StatusServiceUnavailable || refusal.RetryAfter <= 0 {
			s.t.Errorf("it is refused with HTTP %d, to come back after %v", refusal.Status, refusal.RetryAfter)
		}
		return true
	})
}

// healthy has the doctor look at the books.
func (s *shop) healthy() {
	s.t.Helper()
	if said := programtest.Do(s.t, append([]string{"doctor"}, s.where()...)...); !strings.Contains(said, "healthy") {
		s.t.Errorf("the doctor says %s", said)
	}
}

func (s *shop) where() []string { return []string{"--data", s.data, "--database", s.database} }

// sprung waits until a trap has sprung.
func (s *shop) sprung(trap <-chan struct{}) {
	s.t.Helper()
	select {
	case <-trap:
	case <-time.After(programtest.Patience):
		s.t.Fatal("nothing passes by which a connection could be cut")
	}
}

// readiness is what a node says of itself to load balancers.
func (s *shop) readiness(p *programtest.Program) (status int, why string) {
	s.t.Helper()
	resp, err := http.Get(p.URL + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // it is only read
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(text))
}

// ready waits until the node says that it should be sent requests.
func (s *shop) ready(p *programtest.Program) {
	s.t.Helper()
	programtest.Eventually(s.t, "the node is ready", func() bool {
		status, _ := s.readiness(p)
		return status == http.StatusOK
	})
}

// unready waits until the node says that it should not, and why.
func (s *shop) unready(p *programtest.Program, why string) {
	s.t.Helper()
	programtest.Eventually(s.t, "the node is not ready: "+why, func() bool {
		status, said := s.readiness(p)
		return status == http.StatusServiceUnavailable && strings.Contains(said, why)
	})
}

// furnished are databases full of stock, of which tests get copies: filling one takes longer than copying it.
var furnished [2]template

type template struct {
	once           sync.Once
	data, database string
	made           *demo.Credentials
}

func (f *template) open(t *testing.T, isSQLite bool) {
	t.Helper()
	var err error
	if f.data, err = os.MkdirTemp("", "giftimbiz-furnished-"); err != nil {
		t.Fatal(err)
	}
	if f.database = "sqlite:" + filepath.Join(f.data, "giftimbiz.db"); !isSQLite {
		f.database = programtest.KeptPostgres(t)
	}
	f.made = furnish(t, f.data, f.database, stock)
}

// furnish fills an empty database with so many offers and gives the first partner credit.
func furnish(t *testing.T, data, database, offers string) *demo.Credentials {
	t.Helper()
	made := programtest.DemoData(t, data, database, "--offers", offers)
	programtest.Do(t, "topup", made.Partners[0].PartnerID, fmt.Sprint(credit), "--data", data, "--database", database)
	return made
}

func (f *template) remove() {
	if f.data != "" {
		_ = os.RemoveAll(f.data) // a temporary folder
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
