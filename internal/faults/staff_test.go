package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

// TestAnImportThatIsKilledIsStoredAsAWholeOrNotAtAll kills imports of a file at random instants while purchases go on. The same
// file again adds what is missing, and then nothing.
func TestAnImportThatIsKilledIsStoredAsAWholeOrNotAtAll(t *testing.T) {
	faults.OnlyAll(t, "the next import waits until the killed one's lease is over")
	eachShop(t, func(s *shop) {
		t := s.t
		const vouchers = 1500
		file := s.stockFile(vouchers)
		args := append([]string{"import", "vouchers", file}, s.where()...)
		node := s.serve()
		s.buyers.Rest(longFaultsRest)
		stop := s.buying(1, node.URL)
		before := s.onSale()
		row := faults.Row{Fault: "kill -9 of a stock import", Rounds: 50}
		for range row.Rounds {
			began := time.Now()
			s.killed(500*time.Millisecond, args...)
			if there := s.onSale() - before; there != 0 && there != vouchers {
				t.Errorf("%d of %d vouchers are there", there, vouchers)
			}
			row.Recovery = s.recovered(began, row.Recovery)
		}
		programtest.Eventually(t, "the file is imported once nobody is at it any more", func() bool {
			said, err := exec.Command(programtest.Built(t), args...).CombinedOutput()
			if err != nil && !strings.Contains(string(said), "another file is being applied") {
				t.Fatalf("%v: %s", err, said)
			}
			return err == nil
		})
		programtest.Do(t, args...)
		if there := s.onSale() - before; there != vouchers {
			t.Errorf("%d of %d vouchers are there in the end", there, vouchers)
		}
		stop()
		row.Recovery = 0 // nobody waited
		s.settle(node, row)
	})
}

// stockFile writes a file of so many vouchers of something that is on sale.
func (s *shop) stockFile(n int) (path string) {
	s.t.Helper()
	var product, brand string
	var face int64
	err := programtest.Raw(s.t, s.database).QueryRowContext(context.Background(), `SELECT p.name, b.name, p.face FROM products p
JOIN brands b ON b.id = p.brand_id WHERE p.face > 1000 ORDER BY p.id LIMIT 1`).Scan(&product, &brand, &face)
	if err != nil {
		s.t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("상품,브랜드,액면가,판매가 60일 초과,판매가 31~60일,판매가 30일 이하,유효기간,쿠폰번호\n")
	day := time.Now().AddDate(0, 0, 123).Format(time.DateOnly)
	for i := range n {
		fmt.Fprintf(&text, "%s,%s,%d,%d,%d,%d,%s,%012d\n", product, brand, face, face-100, face-200, face-300, day, 777_000_000_000+i)
	}
	path = filepath.Join(s.data, "stock.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// onSale counts the vouchers that there are for buyers and operators. On SQLite others may lie in the table that a killed import left there
// until the next one takes them away.
func (s *shop) onSale() int64 {
	s.t.Helper()
	return s.count("units JOIN offers ON offers.id = units.offer_id AND units.position <= offers.last_position")
}

// count counts the rows of a table.
func (s *shop) count(table string) (rows int64) {
	s.t.Helper()
	db := programtest.Raw(s.t, s.database)
	defer func() { _ = db.Close() }() // it was read
	if err := db.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM `+table).Scan(&rows); err != nil {
		s.t.Fatal(err)
	}
	return rows
}

// killed runs a subcommand and kills it at a random instant before so long, if it has not ended.
func (s *shop) killed(before time.Duration, args ...string) {
	s.t.Helper()
	p := programtest.Launch(s.t, programtest.Built(s.t), args...)
	soon(before)
	p.Kill()
}

// TestARefundUnderWayWhenItsServerIsKilledIsMadeOnce: an operator who sends the form again pays nothing back twice.
func TestARefundUnderWayWhenItsServerIsKilledIsMadeOnce(t *testing.T) {
	eachShopOrOne(t, "SQLite", func(s *shop) {
		t := s.t
		node := s.serve()
		rounds := faults.Rounds(2, 15)
		row := faults.Row{Fault: "kill -9 in a refund", Rounds: rounds}
		stop := s.buying(4, node.URL)
		s.sold(int64(row.Rounds + 10))
		stop()
		clerk := s.signIn(node)
		for order, price := range s.buyers.Orders() {
			if rounds--; rounds < 0 {
				break
			}
			var asked sync.WaitGroup
			asked.Go(func() { _, _ = clerk.refund(node, order) }) // its server is killed
			soon(30 * time.Millisecond)
			node.Kill()
			asked.Wait()
			end := time.Now()
			node = s.serve()
			status, err := clerk.refund(node, order)
			if err != nil || status >= http.StatusInternalServerError {
				t.Errorf("the refund of %s: HTTP %d, %v", order, status, err)
			}
			row.Recovery = max(row.Recovery, time.Since(end))
			won, err := strconv.ParseInt(price, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			s.refunded += won
		}
		s.settle(node, row)
	})
}

// operator is a browser that is signed in to the console.
type operator struct{ browser *http.Client }

func (s *shop) signIn(p *programtest.Program) *operator {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	o := &operator{&http.Client{Jar: jar, Timeout: programtest.Patience, Transport: &http.Transport{DisableKeepAlives: true}}}
	status, err := o.send(p, "/console/sign-in", url.Values{"email": {s.made.Console.Email}, "password": {s.made.Console.Password}})
	if err != nil || status != http.StatusOK {
		s.t.Fatal(status, err)
	}
	return o
}

func (o *operator) refund(p *programtest.Program, order string) (status int, err error) {
	return o.send(p, "/console/orders/"+order+"/refund", refundOfOne())
}

// refundOfOne is the form for an order's first voucher.
func refundOfOne() url.Values {
	return url.Values{"line": {"1"}, "reason": {"returned"}, "confirm": {"yes"}}
}

// send sends a form and returns what came of it, where it led to.
func (o *operator) send(p *programtest.Program, path string, form url.Values) (status int, err error) {
	resp, err := o.browser.PostForm(p.URL+path, form)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
