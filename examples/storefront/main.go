// Command storefront is a small web shop for telephones that sells what a GiftiMBiz server has in stock: the app of a partner, to read
// and to copy from. It uses the SDK (giftimbiz/client), the standard library, and SQLite for its own customers and their orders.
//
// Where to look: purchase.go buys so that a lost answer costs nobody anything; webhook.go hears what becomes of vouchers; catalogue.go
// keeps a copy of the stock; live.go changes open pages; pictures.go shows pictures without telling who looks.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"giftimbiz/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	cfg, err := readConfig(os.Args[1:])
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "storefront: %v\nSee: storefront --help\n", err)
		os.Exit(2)
	case cfg == nil:
		return // help was asked for
	}
	if err := run(ctx, cfg); err != nil {
		fmt.Fprintf(os.Stderr, "storefront: %v\n", err)
		os.Exit(1)
	}
}

// shop is the whole program.
type shop struct {
	cfg   *config
	log   *slog.Logger
	api   *client.Client
	store *store
	live  *live

	catalogue *catalogue
	pictures  *pictures
	hook      *hook
	pages     *pages

	showWithin time.Duration // how long a customer waits for the outcome of a purchase at most; tests have more time

	background sync.WaitGroup // of what goes on behind the pages
	ended      context.Context
}

func run(ctx context.Context, cfg *config) error {
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("%w\nAnother address may be given: --listen 127.0.0.1:8091, or SHOP_LISTEN=127.0.0.1:8091 before make run", err)
	}
	if cfg.PublicURL == "" {
		cfg.PublicURL = nearbyURL(listener.Addr())
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	s, err := newShop(ctx, cfg)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	err = s.serve(ctx, listener)
	end() // when it is the line that ended, what goes on in the background does not know yet
	s.background.Wait()
	return errors.Join(err, s.store.Close())
}

func newShop(ctx context.Context, cfg *config) (*shop, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	db, err := openStore(ctx, cfg.Data)
	if err != nil {
		return nil, err
	}
	api := client.New(client.Options{BaseURL: cfg.BaseURL, Credentials: cfg.Credentials, Language: "en"}) // for the log
	s := &shop{cfg: cfg, log: log, api: api, store: db, live: newLive(), showWithin: showWithin, ended: ctx}
	s.catalogue = newCatalogue(api, log)
	s.hook = &hook{shop: s}
	if s.pictures, err = newPictures(ctx, cfg.BaseURL, db); err == nil {
		s.pages, err = newPages(s)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// inBackground runs something in the background until it ends by itself, which it does when the shop stops.
func (s *shop) inBackground(f func(context.Context)) {
	s.background.Go(func() { f(s.ended) })
}

const stopWithin = 10 * time.Second

// serve answers until ctx ends.
func (s *shop) serve(ctx context.Context, listener net.Listener) error {
	web := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, // live pages have a longer one of their own
		IdleTimeout:  2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	s.inBackground(s.catalogue.keep)
	s.inBackground(s.reconcileForever)
	s.inBackground(s.hook.register)
	s.inBackground(s.welcome)
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	s.live.end() // who listens for changes would keep it waiting
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return web.Shutdown(ending)
}

// welcome says where the shop is once there is something in it.
func (s *shop) welcome(ctx context.Context) {
	if s.catalogue.filled(ctx) == nil {
		fmt.Printf("\nThe storefront, a partner's shop, is open: %s\n", s.cfg.PublicURL)
	}
}
