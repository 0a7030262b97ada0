package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"giftimbiz/internal/pgtest"
)

// Options say what to measure and for how long.
type Options struct {
	Rounds   int           // each job and its yardstick, in turn
	During   time.Duration // of one run
	Offers   int           // in the list
	Partners int           // beside the hot one
	Units    int           // of the hot offer; a run that sells them all fails
	House    House
	Progress io.Writer
}

// House fills databases for the bench. The command line implements it with the sample stock and real keys.
type House interface {
	// FillLists fills an empty database with a catalogue of so many offers and returns a signed-in partner.
	FillLists(ctx context.Context, data, database string, offers int) (Buyer, error)
	// FillStock fills an empty database with offers 1…len(units), each of so many units of one product at one price, and
	// returns signed-in partners with the ids 1…n, rich enough for all of it.
	FillStock(ctx context.Context, data, database string, units []int64, partners int) ([]Buyer, Sale, error)
}

// Buyer is a signed-in partner.
type Buyer struct {
	Name   string
	Header string // its credentials as header lines, each ended by CRLF
}

// Sale is what a purchase of any of the bench's offers names.
type Sale struct {
	Product string
	Price   int64
}

// Run measures everything and returns the report.
func Run(ctx context.Context, opt Options) ([]Row, error) {
	dir, err := os.MkdirTemp("", "giftimbiz-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	list, err := opt.lists(ctx, filepath.Join(dir, "lists"))
	if err != nil {
		return nil, fmt.Errorf("lists: %w", err)
	}
	buys, err := opt.purchases(ctx, filepath.Join(dir, "purchases"))
	if err != nil {
		return nil, fmt.Errorf("purchases: %w", err)
	}
	return append([]Row{list}, buys...), nil
}

func (opt *Options) say(format string, args ...any) {
	_, _ = fmt.Fprintf(opt.Progress, format+"\n", args...) // progress only
}

// listRequests is how many different requests the list job cycles through.
const (
	listRequests    = 2000
	listConnections = 16
)

// lists measures listAll beside the bare handler that sends the same bytes.
func (opt *Options) lists(ctx context.Context, data string) (Row, error) {
	database := "sqlite:" + filepath.Join(data, "giftimbiz.db")
	opt.say("filling %d offers", opt.Offers)
	buyer, err := opt.House.FillLists(ctx, data, database, opt.Offers)
	if err != nil {
		return Row{}, err
	}
	server, err := startServer(ctx, data, database)
	if err != nil {
		return Row{}, err
	}
	defer server.stop()
	requests := prepareLists(buyer)
	recorded, err := record(server.addr, requests)
	if err != nil {
		return Row{}, err
	}
	recording := filepath.Join(data, "answers")
	if err := recorded.save(recording); err != nil {
		return Row{}, err
	}
	bareServer, err := startYardstick(ctx, recording)
	if err != nil {
		return Row{}, err
	}
	defer bareServer.stop()
	src := compare(requests, recorded)
	var ours, theirs []float64
	var last result
	var cpu time.Duration
	for round := range opt.Rounds {
		before := server.cpu()
		if last, err = drive(server.addr, listConnections, opt.During, src); err != nil {
			return Row{}, err
		}
		cpu = server.cpu() - before
		bareRun, err := drive(bareServer.addr, listConnections, opt.During, src)
		if err != nil {
			return Row{}, err
		}
		ours, theirs = append(ours, last.rate()), append(theirs, bareRun.rate())
		opt.say("listAll, round %d: %.0f/s, bare handler %.0f/s", round+1, last.rate(), bareRun.rate())
	}
	name := fmt.Sprintf("listAll, 20 of %d offers, random filters", opt.Offers)
	return newRow(name, "bare net/http, same bytes", 0.60, ours, theirs, last, cpu), nil
}

// prepareLists makes random filters, orders, pages and searches.
func prepareLists(buyer Buyer) [][]byte {
	r := rand.New(rand.NewPCG(1, 2)) // the same requests in every run
	words := []string{"초코", "스타벅스", "커피", "치킨", "CU", "아이스", "ㅅㅌㅂㅅ", "케이크"}
	orders := []string{"hit", "priceH", "priceL", "disH", "disL"}
	categories := []string{"1", "2", "3", "4", "5", "6", "7", "8", "28", "32"}
	requests := make([][]byte, listRequests)
	for i := range requests {
		form := url.Values{"partner_id": {buyer.Name}, "site": {"gift"}, "orderby": {orders[r.IntN(len(orders))]}}
		if r.IntN(2) == 0 {
			form.Set("CODE", categories[r.IntN(len(categories))])
		}
		if r.IntN(4) == 0 {
			form.Set("word", words[r.IntN(len(words))])
		}
		if r.IntN(4) == 0 {
			form.Set("price", fmt.Sprint(1000*(1+r.IntN(50))))
		}
		if r.IntN(2) == 0 {
			form.Set("page", fmt.Sprint(1+r.IntN(5)))
		}
		requests[i] = post("giftimbiz/listAll", buyer, form, fmt.Sprintf("%s: %d\r\n", numberHeader, i))
	}
	return requests
}

func post(endpoint string, buyer Buyer, form url.Values, more string) []byte {
	body := form.Encode()
	return fmt.Appendf(nil, "POST /api/v1/%s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: %d\r\n%s%s\r\n%s", endpoint, len(body), buyer.Header, more, body)
}

// record asks the real server each request once.
func record(addr string, requests [][]byte) (answers, error) {
	c, err := dial(addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.conn.Close() }() // nothing is lost
	all := make(answers, len(requests))
	for i, raw := range requests {
		body, err := c.do(raw)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(body, []byte(`"result":"0000"`)) {
			return nil, fmt.Errorf("answered %.200s", body)
		}
		all[i] = bytes.Clone(body)
	}
	return all, nil
}

var errOtherAnswer = errors.New("an answer differs from the one recorded")

// compare gives each connection the requests in an order of its own and compares every answer with the recording.
func compare(requests [][]byte, recorded answers) source {
	return func(conn int) func() request {
		r := rand.New(rand.NewPCG(3, uint64(conn)))
		return func() request {
			i := r.IntN(len(requests))
			return request{raw: requests[i], check: func(body []byte) error {
				if !bytes.Equal(body, recorded[i]) {
					return errOtherAnswer
				}
				return nil
			}}
		}
	}
}

const (
	hotOffer        = 1
	coldOffers      = 1000
	leastColdUnits  = 40
	buyConnections  = 64
	pgbenchDatabase = "pgbench"
	ourDatabase     = "ours"
)

// keys makes every purchase of a run a new one.
var keys atomic.Int64

// purchases measures purchases on PostgreSQL beside pgbench making the same ones: of one hot partner and offer, and of
// many partners over many offers.
func (opt *Options) purchases(ctx context.Context, data string) ([]Row, error) {
	cluster, err := pgtest.Start("shared_buffers=256MB", "max_wal_size=4GB", "max_connections=300")
	if err != nil {
		return nil, err
	}
	defer func() { _ = cluster.Stop() }() // a temporary cluster
	units, coldUnits := make([]int64, 1+coldOffers), max(leastColdUnits, int64(opt.Units)/(2*coldOffers))
	for i := range units {
		units[i] = coldUnits
	}
	units[0] = int64(opt.Units)
	opt.say("filling two databases with %d units each", int64(opt.Units)+coldOffers*coldUnits)
	ours, err := cluster.CreateDatabase(ourDatabase)
	if err != nil {
		return nil, err
	}
	theirs, err := cluster.CreateDatabase(pgbenchDatabase)
	if err != nil {
		return nil, err
	}
	buyers, sale, err := opt.House.FillStock(ctx, data, ours, units, 1+opt.Partners)
	if err != nil {
		return nil, err
	}
	if _, _, err := opt.House.FillStock(ctx, data, theirs, units, 1+opt.Partners); err != nil {
		return nil, err
	}
	if err := createFunction(ctx, theirs); err != nil {
		return nil, err
	}
	server, err := startServer(ctx, data, ours)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	return opt.purchaseRounds(ctx, cluster, server, buyers, sale)
}

// purchaseRounds runs ours hot, pgbench hot, ours of many, pgbench of many, in turn.
func (opt *Options) purchaseRounds(ctx context.Context, cluster *pgtest.Cluster, server *process, buyers []Buyer, sale Sale,
) ([]Row, error) {
	var hot, many, pgHot, pgMany []float64
	var lastHot, lastMany result
	var cpuHot, cpuMany time.Duration
	var err error
	n := int64(len(buyers))
	for round := range opt.Rounds {
		before := server.cpu()
		if lastHot, err = drive(server.addr, buyConnections, opt.During, buying(buyers[:1], sale, hotOffer, hotOffer)); err != nil {
			return nil, err
		}
		cpuHot, before = server.cpu()-before, server.cpu()
		if lastMany, err = drive(server.addr, buyConnections, opt.During, buying(buyers[1:], sale, 2, 1+coldOffers)); err != nil {
			return nil, err
		}
		cpuMany = server.cpu() - before
		best, err := opt.bestPgbench(ctx, cluster, [2]int64{1, 1}, [2]int64{hotOffer, hotOffer})
		if err != nil {
			return nil, err
		}
		spreadRate, err := opt.bestPgbench(ctx, cluster, [2]int64{2, n}, [2]int64{2, 1 + coldOffers})
		if err != nil {
			return nil, err
		}
		hot, many = append(hot, lastHot.rate()), append(many, lastMany.rate())
		pgHot, pgMany = append(pgHot, best), append(pgMany, spreadRate)
		opt.say("purchases, round %d: hot %.0f/s, of many %.0f/s; pgbench hot %.0f/s, of many %.0f/s",
			round+1, lastHot.rate(), lastMany.rate(), best, spreadRate)
	}
	return []Row{
		newRow("purchase, one hot account, 64 connections", "pgbench, one stored function", 3, hot, pgHot, lastHot, cpuHot),
		newRow(fmt.Sprintf("purchase, %d accounts", opt.Partners), "our own hot account", 1, many, hot, lastMany, cpuMany),
		newRow(fmt.Sprintf("purchase, %d accounts", opt.Partners), "pgbench, as many accounts", 1, many, pgMany, lastMany, cpuMany),
	}, nil
}

// bestPgbench runs pgbench at several numbers of clients and returns its best rate.
func (opt *Options) bestPgbench(ctx context.Context, cluster *pgtest.Cluster, buyers, offers [2]int64) (best float64, err error) {
	for _, clients := range []int{16, 32, 64} {
		rate, err := runPgbench(ctx, cluster, pgbenchDatabase, clients, opt.During/2, buyers, offers)
		if err != nil {
			return 0, err
		}
		best = max(best, rate)
	}
	return best, nil
}

// buying makes new purchases by random buyers of random offers; each answer must be a completed order.
func buying(buyers []Buyer, sale Sale, firstOffer, lastOffer int) source {
	return func(conn int) func() request {
		r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(conn)))
		return func() request {
			buyer := buyers[r.IntN(len(buyers))]
			offer := firstOffer + r.IntN(lastOffer-firstOffer+1)
			form := url.Values{
				"partner_id": {buyer.Name}, "md_idx": {fmt.Sprint(offer)}, "cash": {fmt.Sprint(sale.Price)},
				"product": {sale.Product},
			}
			key := fmt.Sprintf("Idempotency-Key: bench-%d\r\n", keys.Add(1))
			return request{raw: post("giftimbiz/buyGifticoupon", buyer, form, key), check: completed}
		}
	}
}

func completed(body []byte) error {
	if bytes.Contains(body, []byte(`"result":"0000"`)) && bytes.Contains(body, []byte(`"tid":"`)) {
		return nil
	}
	return fmt.Errorf("a purchase was answered %.200s", body)
}
