// Package clienttest starts a whole GiftiMBiz server inside a test: not a fake that answers what a test expects, but the server
// itself with sample stock, on a database of its own, with a clock that the test moves and answers that the test cuts off.
//
//	func TestMyShopBuys(t *testing.T) {
//		server := clienttest.New(t)
//		shop := newShop(server.Client(clienttest.Live))
//		…
//	}
//
// The first server of a program takes about a second, further ones a moment. It is gone when the test is over.
package clienttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/server"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// Partners of the server.
const (
	Live    = "demo"     // has 10,000,000 won, and buys for real
	Sandbox = "devtest1" // has the sandbox
)

// What the guide's own sample sells, which is on sale at every server.
const (
	ChocoOffer   = 18411
	ChocoName    = "남양)초콜릿드링크초코에몽190ML"
	ChocoPrice   = 940 // won
	ChocoLastDay = client.Day("2025-12-31")
)

// Start is what a server's clock says when it starts: noon in Seoul. It runs on from there.
var Start = time.Date(2025, time.September, 15, 12, 0, 0, 0, time.FixedZone("KST", 9*60*60))

// Server is a running server.
type Server struct {
	URL string // its base URL

	t      testing.TB // nil of one that Open started
	clock  *runningClock
	made   *demo.Credentials
	cutter *cutter
	node   *server.Node
	close  []func() // in their order
}

// New starts a server, which ends with the test. It fails the test when it cannot, as do the methods of Server. Webhooks of this server
// may go to addresses of this machine, such as those of net/http/httptest.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := start(t.TempDir(), t.Output())
	if err != nil {
		t.Fatalf("clienttest: %v", err)
	}
	s.t = t
	t.Cleanup(s.Close)
	return s
}

// Open starts a server that ends by Close: for examples, and for TestMain, which have no test to end with. Methods of such a server
// panic when they fail.
func Open() (*Server, error) {
	folder, err := os.MkdirTemp("", "clienttest")
	if err != nil {
		return nil, err
	}
	s, err := start(folder, os.Stderr)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	s.close = append(s.close, func() { _ = os.RemoveAll(folder) }) // what stays is in the system's folder of such things
	return s, nil
}

// Close ends a server of Open. It may be called again.
func (s *Server) Close() {
	for _, end := range s.close {
		end()
	}
	s.close = nil
}

// start runs a server whose files are in an empty folder. SQLite shares no database in memory between connections in a way that behaves
// as a file does, so that it is a file.
func start(folder string, output io.Writer) (*Server, error) {
	ctx := context.Background()
	s := &Server{clock: newClock(Start), cutter: &cutter{}}
	masters, made, err := furnish(folder)
	if err != nil {
		return nil, err
	}
	s.made = made
	db, err := storage.Open(ctx, "sqlite:"+filepath.Join(folder, databaseFile))
	if err != nil {
		return nil, err
	}
	keys, err := db.OpenVault(ctx, masters)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	log := slog.New(slog.NewTextHandler(output, &slog.HandlerOptions{Level: slog.LevelError}))
	door := server.NewFront(log)
	web := s.cutter.listen(door)
	s.URL = web.URL
	s.node, err = server.New(ctx, server.Config{
		Logger: log, Clock: s.clock, DB: db, Vault: keys, Listening: web.Listener.Addr().String(), PublicURL: web.URL, Version: "clienttest",
		WebhookAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	})
	if err != nil {
		web.Close()
		return nil, errors.Join(err, db.Close())
	}
	s.node.Start()
	door.Open(s.node.Routes())
	s.close = []func(){s.node.EndStreams, web.Close, s.node.Stop, func() { _ = db.Close() }} // its files are not needed any more
	return s, nil
}

func (s *Server) must(err error) {
	if s.t != nil {
		s.t.Helper()
	}
	if err != nil {
		s.fail(err.Error())
	}
}

func (s *Server) fail(why string) {
	if s.t == nil {
		panic("clienttest: " + why)
	}
	s.t.Helper()
	s.t.Fatal("clienttest: " + why)
}

// Credentials returns the keys of Live or Sandbox.
func (s *Server) Credentials(partner string) client.Credentials {
	p, err := s.made.Partner(partner)
	s.must(err)
	return p.Credentials
}

// Client returns a client of Live or Sandbox. Its messages are English.
func (s *Server) Client(partner string) *client.Client {
	return client.New(client.Options{BaseURL: s.URL, Credentials: s.Credentials(partner), Language: "en"})
}

// Redeem uses a star coupon, as its holder does at the shop's counter. It is the coupon's number, and the order that it was bought with.
func (s *Server) Redeem(orderID string, couponID int64) {
	ctx := context.Background()
	for i := range s.made.Partners {
		v1 := s.Client(s.made.Partners[i].PartnerID).V1()
		for bought, err := range v1.AllBoughtStars(ctx, client.V1HistoryQuery{OrderID: orderID}) {
			s.must(err)
			if bought.CouponID != couponID {
				continue
			}
			seller := s.seller(bought.ShopID)
			_, err := v1.SetUseStarCoupon(ctx, client.V1Use{CouponID: couponID, SellerID: seller.SellerID, ManagerCode: seller.ManagerCode})
			s.must(err)
			return
		}
	}
	s.fail(fmt.Sprintf("nobody bought coupon %d by order %s", couponID, orderID))
}

// seller returns who redeems at a shop.
func (s *Server) seller(shopID int64) demo.Seller {
	for _, seller := range s.made.Sellers {
		if seller.ShopID == shopID {
			return seller
		}
	}
	s.fail(fmt.Sprintf("shop %d has no seller", shopID))
	return demo.Seller{}
}

// Now returns what the server's clock says.
func (s *Server) Now() time.Time { return s.clock.Now() }

// Advance moves the server's clock forward, and waits until lists and prices are those of the new time. Access tokens that are over
// by then are renewed by clients when they are refused.
func (s *Server) Advance(d time.Duration) {
	s.clock.advance(d)
	s.must(s.node.Refresh(context.Background()))
}

// Cut breaks the connection of the next request in the middle of its answer: after n bytes, counted from the first of its head; 0 = there
// is no answer at all. What the request asked for is done. Requests for access tokens do not count. The function returned tells
// whether an answer was cut: one that is shorter is not.
func (s *Server) Cut(n int) (cut func() bool) { return s.cutter.arm(n) }

// Names of what furnish makes.
const (
	databaseFile = "giftimbiz.db"
	keyFile      = "vault.keys"
)

// furniture is a database with stock, made once and copied for each server.
var furniture struct {
	sync.Once
	database, keys []byte
	made           *demo.Credentials
	err            error
}

// furnish puts a database with stock into a folder.
func furnish(folder string) (*vault.Masters, *demo.Credentials, error) {
	f := &furniture
	f.Do(func() { f.err = fill() })
	if f.err != nil {
		return nil, nil, f.err
	}
	if err := os.WriteFile(filepath.Join(folder, keyFile), f.keys, 0o600); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, databaseFile), f.database, 0o600); err != nil {
		return nil, nil, err
	}
	masters, err := vault.LoadOrCreate(filepath.Join(folder, keyFile))
	return masters, f.made, err
}

const offers = 20

// fill makes the furniture.
func fill() (err error) {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "clienttest")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // what stays is in the system's folder of such things
	masters, err := vault.LoadOrCreate(filepath.Join(folder, keyFile))
	if err != nil {
		return err
	}
	db, err := storage.OpenOrCreate(ctx, "sqlite:"+filepath.Join(folder, databaseFile))
	if err != nil {
		return err
	}
	var keys *vault.Vault
	if _, err = db.Migrate(ctx); err == nil {
		keys, err = db.OpenVault(ctx, masters)
	}
	if err == nil {
		furniture.made, err = demo.Fill(ctx, db, keys, newClock(Start), demo.Options{Offers: offers, Seed: 1, Quick: true})
	}
	if closed := db.Close(); err == nil {
		err = closed // only then all of it is in its file
	}
	if err != nil {
		return err
	}
	if furniture.keys, err = os.ReadFile(filepath.Join(folder, keyFile)); err == nil {
		furniture.database, err = os.ReadFile(filepath.Join(folder, databaseFile))
	}
	return err
}
