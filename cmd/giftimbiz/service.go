package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/storage"
)

// shutdownTimeout bounds how long requests under way may take after the server was told to stop.
const shutdownTimeout = 30 * time.Second

// service is a server from its start to its end.
type service struct {
	cfg   *config
	clock clock.Clock
	drain time.Duration                            // how long it says that it stops before it takes nothing more
	fill  func(context.Context, *storage.DB) error // prepares the migrated database; may be nil
	ready func(context.Context, *node) error       // called when it answers
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
	door := newFront(log)
	server := newServer(door, log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	db, n, err := s.open(ctx, listener.Addr().String())
	if err != nil {
		return errors.Join(err, server.Close())
	}
	door.open(n.routes())
	if err = s.ready(ctx, n); err == nil {
		select {
		case err = <-served:
		case <-ctx.Done():
			err = s.stop(server, n, served)
		}
	}
	err = errors.Join(err, server.Close())
	n.stop()
	return errors.Join(err, db.Close())
}

// open prepares the database and starts a node on it.
func (s *service) open(ctx context.Context, listening string) (db *storage.DB, n *node, err error) {
	if db, err = storage.OpenOrCreate(ctx, s.cfg.database()); err != nil {
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
	n.start()
	return db, n, nil
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
func (s *service) stop(server *http.Server, n *node, served <-chan error) error {
	n.log.Info("stopping; requests under way are answered first", "drain", s.drain)
	n.draining.Store(true)
	select {
	case err := <-served:
		return err
	case <-time.After(s.drain):
	}
	n.v2.Stop() // who waits for events would keep it waiting
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return shutdown(ctx, server)
}

// shutdown lets requests under way end. Those that have not when ctx ends are cut off.
func shutdown(ctx context.Context, server *http.Server) error {
	err := server.Shutdown(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("requests under way were cut off: %w", err), server.Close())
	}
	return nil
}

func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    1 << 20, // parameters may all stand in the query
	}
}
