package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/storage"
)

// shutdownTimeout bounds how long requests under way may take after the server was told to stop.
const shutdownTimeout = 30 * time.Second

func serveCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server. On one machine nothing else is needed: the database lies in the data folder. For several nodes give each
the same --database postgres://… and the same keys (--key-file, or GIFTIMBIZ_KEYS).

The schema is brought up to date first. SIGTERM stops in order: purchases under way are answered.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			db, err := storage.OpenOrCreate(cmd.Context(), cfg.database())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			if _, err := db.Migrate(cmd.Context()); err != nil {
				return err
			}
			return run(cmd.Context(), cfg, db, clock.System{}, func(n *node) error {
				n.log.Info("serving", "address", n.listening, "public", n.publicURL, "database", db.Engine())
				return nil
			})
		},
	}
}

// run serves until ctx ends. ready is called when the server answers.
func run(ctx context.Context, cfg *config, db *storage.DB, clk clock.Clock, ready func(*node) error) error {
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("%w\nAnother address may be given: --listen 127.0.0.1:8090", err)
	}
	n, err := newNode(ctx, cfg, db, clk, listener.Addr().String())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	n.start()
	server := &http.Server{
		Handler:           n.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := ready(n); err != nil {
		return errors.Join(err, server.Close(), n.stop())
	}
	select {
	case err = <-served:
	case <-ctx.Done():
		n.log.Info("stopping; requests under way are answered first")
		n.draining.Store(true)
		stopCtx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		err = server.Shutdown(stopCtx)
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, n.stop())
}
