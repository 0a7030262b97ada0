package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/server"
	"giftimbiz/internal/storage"
)

// shutdownTimeout bounds how long requests under way may take after the server was told to stop.
const shutdownTimeout = 30 * time.Second

// service is a server from its start to its end.
type service struct {
	cfg   *config
	clock clock.Clock
	drain time.Duration                             // how long it says that it stops before it takes nothing more
	fill  func(context.Context, *storage.DB) error  // prepares the migrated database; may be nil
	ready func(context.Context, *server.Node) error // called when it answers
}

// run serves until ctx ends. It listens first: a port that is taken is known at once, and whoever looks meanwhile is
// told that the server starts.
func (s *service) run(ctx context.Context) error {
	log, err := s.cfg.logger()
	if err != nil {
		return err
	}
	if err := s.cfg.check(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("%w\nAnother address may be given: --listen 127.0.0.1:8090", err)
	}
	if err := s.cfg.startTraces(ctx, s.clock, log); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer s.cfg.stopTraces()
	door := server.NewFront(log)
	door.Trace(s.cfg.tracer())
	monitoring, err := s.cfg.startMonitoring(log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer monitoring.stop()
	web := server.NewHTTP(door, log)
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()

	db, n, err := s.open(ctx, listener.Addr().String())
	if err != nil {
		return errors.Join(err, web.Close())
	}
	door.Open(n.Routes())
	monitoring.open(n)
	if err = s.ready(ctx, n); err == nil {
		select {
		case err = <-served:
		case <-ctx.Done():
			err = s.stop(web, n, served)
		}
	}
	err = errors.Join(err, web.Close())
	n.Stop()
	return errors.Join(err, db.Close())
}

// open prepares the database and starts a node on it.
func (s *service) open(ctx context.Context, listening string) (db *storage.DB, n *server.Node, err error) {
	open := storage.OpenOrCreate
	if s.cfg.traces != nil {
		open = storage.OpenTraced
	}
	if db, err = open(ctx, s.cfg.database()); err != nil {
		return nil, nil, err
	}
	if _, err = db.Migrate(ctx); err == nil && s.fill != nil {
		err = s.fill(ctx, db)
	}
	if err == nil {
		n, err = newNode(ctx, s.cfg, db, s.clock, listening)
	}
	if err != nil {
		return nil, nil, errors.Join(startError(ctx, err), db.Close())
	}
	n.Start()
	return db, n, nil
}

// newNode makes a node by the configuration; listening is the address it has in the end.
func newNode(ctx context.Context, cfg *config, db *storage.DB, clk clock.Clock, listening string) (*server.Node, error) {
	made := server.Config{Clock: clk, DB: db, Listening: listening, Guessed: cfg.PublicURL == "", Version: version, RateLimit: cfg.RateLimit}
	made.Tracer, made.Spans = cfg.tracer(), cfg.traces.Spans
	made.Figures = cfg.figures
	made.OpenSandboxes = cfg.OpenSandboxes != nil && *cfg.OpenSandboxes
	var err error
	if made.Logger, err = cfg.logger(); err != nil {
		return nil, err
	}
	if made.PublicURL, err = cfg.publicURL(listening); err != nil {
		return nil, err
	}
	if made.Vault, err = cfg.vault(); err != nil {
		return nil, err
	}
	if made.TrustedProxies, err = cfg.trustedProxies(); err != nil {
		return nil, err
	}
	if made.WebhookAllow, err = cfg.webhookAllow(); err != nil {
		return nil, err
	}
	return server.New(ctx, made)
}

// startError tells a start that was given up, because the program was told to stop, from one that failed.
func startError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("told to stop before it was ready")
	}
	return err
}

// stop first says at /readyz that the node leaves and waits until load balancers know, then takes nothing more and lets
// requests under way end.
func (s *service) stop(web *http.Server, n *server.Node, served <-chan error) error {
	n.Logger.Info("stopping; requests under way are answered first", "drain", s.drain)
	n.Drain()
	select {
	case err := <-served:
		return err
	case <-time.After(s.drain):
	}
	n.EndStreams() // who waits for events would keep it waiting
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return shutdown(ctx, web)
}

// shutdown lets requests under way end. Those that have not when ctx ends are cut off.
func shutdown(ctx context.Context, web *http.Server) error {
	err := web.Shutdown(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("requests under way were cut off: %w", err), web.Close())
	}
	return nil
}
