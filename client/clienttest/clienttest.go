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
	"log/slog"
	"net/http/httptest"
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

	t      testing.TB
	clock  *runningClock
	made   *demo.Credentials
	cutter *cutter
	node   *server.Node
}

// New starts a server, which ends with the test. It fails the test when it cannot. Webhooks of this server may go to addresses of this
// machine, such as those of net/http/httptest.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, clock: newClock(Start), cutter: &cutter{}}
	// SQLite shares no database in memory between connections in a way that behaves as a file does, so that it is a file.
	folder := t.TempDir()
	keys, made, err := furnish(folder)
	s.must(err)
	s.made = made
	db, err := storage.OpenOrCreate(context.Background(), "sqlite:"+filepath.Join(folder, databaseFile))
	s.must(err)
	t.Cleanup(func() { _ = db.Close() }) // the folder goes with it
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	door := server.NewFront(log)
	web := httptest.NewUnstartedServer(s.cutter.watch(door))
	web.Listener = &cutListener{web.Listener}
	web.Config.ConnContext = connContext
	web.Start()
	s.URL = web.URL
	t.Cleanup(web.Close)
	s.node, err = server.New(context.Background(), server.Config{
		Logger: log, Clock: s.clock, DB: db, Vault: keys, Listening: web.Listener.Addr().String(), PublicURL: web.URL, Version: "clienttest",
		WebhookAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	})
	s.must(err)
	s.node.Start()
	t.Cleanup(s.node.Stop)
	t.Cleanup(s.node.EndStreams)
	door.Open(s.node.Routes())
	return s
}

func (s *Server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("clienttest: %v", err)
	}
}

// Credentials returns the keys of Live or Sandbox.
func (s *Server) Credentials(partner string) client.Credentials {
	s.t.Helper()
	p, err := s.made.Partner(partner)
	s.must(err)
	return p.Credentials
}

// Client returns a client of Live or Sandbox. Its messages are English.
func (s *Server) Client(partner string) *client.Client {
	s.t.Helper()
	return client.New(client.Options{BaseURL: s.URL, Credentials: s.Credentials(partner), Language: "en"})
}

// Redeem uses a star coupon, as its holder does at the shop's counter. It is the coupon's number, and the order that it was bought with.
func (s *Server) Redeem(orderID string, couponID int64) {
	s.t.Helper()
	ctx := s.t.Context()
	for i := range s.made.Partners {
		v1 := s.Client(s.made.Partners[i].PartnerID).V1()
		for bought, err := range v1.EachBoughtStar(ctx, client.V1HistoryQuery{OrderID: orderID}) {
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
	s.t.Fatalf("clienttest: nobody bought coupon %d by order %s", couponID, orderID)
}

// seller returns who redeems at a shop.
func (s *Server) seller(shopID int64) demo.Seller {
	s.t.Helper()
	for _, seller := range s.made.Sellers {
		if seller.ShopID == shopID {
			return seller
		}
	}
	s.t.Fatalf("clienttest: shop %d has no seller", shopID)
	return demo.Seller{}
}

// Now returns what the server's clock says.
func (s *Server) Now() time.Time { return s.clock.Now() }

// Advance moves the server's clock forward, and waits until lists and prices are those of the new time. Access tokens that are over
// by then are renewed by clients when they are refused.
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
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
func furnish(folder string) (*vault.Vault, *demo.Credentials, error) {
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
	keys, err := vault.LoadOrCreate(filepath.Join(folder, keyFile))
	return keys, f.made, err
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
	keys, err := vault.LoadOrCreate(filepath.Join(folder, keyFile))
	if err != nil {
		return err
	}
	db, err := storage.OpenOrCreate(ctx, "sqlite:"+filepath.Join(folder, databaseFile))
	if err != nil {
		return err
	}
	_, err = db.Migrate(ctx)
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
