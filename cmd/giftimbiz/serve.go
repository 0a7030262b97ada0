package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/server"
)

func serveCommand(cfg *config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server. On one machine nothing else is needed: the database lies in the data folder. For several nodes give each
the same --database postgres://… and the same keys (--key-file, --key-command or GIFTIMBIZ_KEYS; giftimbiz keys new makes them).

The schema is brought up to date first. SIGTERM stops in order: /readyz says so for the time of --drain, in which
requests are still taken, then requests under way are answered. A second signal ends the program at once.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cfg.Drain < 0 {
				return usageError{fmt.Errorf("--drain %v: want 0s or more", cfg.Drain)}
			}
			s := &service{cfg: cfg, clock: clock.System{}, drain: cfg.Drain, ready: announce}
			return s.run(cmd.Context())
		},
	}
	cfg.addSandboxes(cmd.Flags(), "false")
	cmd.Flags().DurationVar(&cfg.Drain, "drain", cfg.Drain,
		"how long requests are still taken after SIGTERM, so that load balancers notice by /readyz")
	cfg.addDoor(cmd.Flags())
	return cmd
}

// announce logs where the server is, and warns of links that cannot be meant for the world.
func announce(_ context.Context, n *server.Node) error {
	n.Logger.Info("serving", "address", n.Listening, "public", n.PublicURL, "database", n.DB.Engine())
	if warning := linkWarning(n.PublicURL, n.Guessed); warning != "" {
		n.Logger.Warn(warning, "address", n.PublicURL)
	}
	return nil
}

// linkWarning says what is wrong with the address that links lead to, if anything.
func linkWarning(publicURL string, guessed bool) string {
	switch {
	case guessed:
		return "--public-url is not set: QR codes and links lead to a guessed address"
	case !strings.HasPrefix(publicURL, "https://"):
		return "--public-url is not https: manager codes typed on redemption pages can be read on the way"
	}
	return ""
}
