package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/server"
	"giftimbiz/internal/storage"
)

const maxSampleOffers = 5_000_000

// demoWebhooks is where the demo sends events besides the public Internet, unless it is told otherwise: to this machine.
const demoWebhooks = "127.0.0.1/32"

func demoCommand(cfg *config) *cobra.Command {
	var opt demo.Options
	var now string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "One command to something real: sample stock, partners, keys to paste",
		Long: `Serve a sample catalogue from an empty folder: gifticons and star coupons of made-up stock, a live partner with ten million
won, a sandbox partner, and credentials.json with their keys. A second start keeps what is there. When credentials.json is
gone, new keys and codes are made for the same partners and sellers.

Events may be sent to programs on this machine (--webhook-allow 127.0.0.1/32), such as the storefront that make run starts beside
it.

--now starts the clock elsewhere and lets it run, for trying midnight, price tiers and expiry:
  giftimbiz demo --data ./autumn --now 2025-09-15T12:00:00+09:00`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(cfg.WebhookAllow) == 0 {
				cfg.WebhookAllow = []string{demoWebhooks}
			}
			clk, err := demoClock(now)
			if err != nil {
				return err
			}
			if opt.Offers < 1 || opt.Offers > maxSampleOffers {
				return usageError{fmt.Errorf("--offers %d: want 1 to %d", opt.Offers, maxSampleOffers)}
			}
			if cfg.OpenSandboxes == nil {
				lend := true
				cfg.OpenSandboxes = &lend
			}
			shown := progressOn(cmd.ErrOrStderr())
			opt.Progress = shown.show
			var made *demo.Credentials
			s := &service{cfg: cfg, clock: clk}
			s.fill = func(ctx context.Context, db *storage.DB) (err error) {
				defer shown.clear()
				made, err = fillSample(ctx, cfg, db, clk, opt)
				return err
			}
			s.ready = func(ctx context.Context, n *server.Node) error {
				if err := tellIgnored(ctx, cmd, n, opt); err != nil {
					return err
				}
				return welcome(cmd, cfg, n, made)
			}
			return s.run(cmd.Context())
		},
	}
	cfg.addSandboxes(cmd.Flags(), "true")
	cmd.Flags().IntVar(&opt.Offers, "offers", 2000, "how many gift offers to make up")
	cmd.Flags().Int64Var(&opt.Seed, "seed", 1, "the same seed makes the same stock")
	cmd.Flags().StringVar(&now, "now", "", "start the clock at this time, such as 2025-09-15T12:00:00+09:00")
	cfg.addDoor(cmd.Flags())
	return cmd
}

func demoClock(now string) (clock.Clock, error) {
	if now == "" {
		return clock.System{}, nil
	}
	t, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return nil, usageError{fmt.Errorf("--now %q: want a time such as 2025-09-15T12:00:00+09:00", now)}
	}
	return clock.StartingAt(t), nil
}

// fillSample fills a migrated database with the sample, by the keys in the data folder, and returns what was handed out for it.
func fillSample(ctx context.Context, cfg *config, db *storage.DB, clk clock.Clock, opt demo.Options) (*demo.Credentials, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, err
	}
	v, err := cfg.vault(ctx, db)
	if err != nil {
		return nil, err
	}
	if opt.Kept, err = keptCredentials(cfg.credentialsFile()); err != nil {
		return nil, err
	}
	return demo.Fill(ctx, db, v, clk, opt)
}

// tellIgnored says so when other stock was asked for than what an earlier start made.
func tellIgnored(ctx context.Context, cmd *cobra.Command, n *server.Node, opt demo.Options) error {
	kept, err := n.DB.StockOrigin(ctx)
	if err != nil {
		return err
	}
	asked := cmd.Flags().Changed("offers") || cmd.Flags().Changed("seed")
	if asked && kept != opt.String() {
		_, err = fmt.Fprintf(cmd.ErrOrStderr(), "The stock made with %s is kept; %s is ignored. An empty folder begins anew.\n", kept, opt)
	}
	return err
}

// welcome writes credentials.json, for the address may differ from that of the last start, and says what to open and
// what to paste.
func welcome(cmd *cobra.Command, cfg *config, n *server.Node, made *demo.Credentials) error {
	made.BaseURL = cfg.secured(localURL(n.Listening))
	made.Console.URL = made.BaseURL + "/console"
	if err := writeCredentials(cfg.Data, made); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), `GiftiMBiz is ready: %s  (%d offers on sale, %s, data in %s)

The operator's console: %s  (%s; the password is in the file below)
For partners' developers: %s/docs
Keys of the partners "demo" (live, %d won) and "devtest1" (sandbox): %s

Try it from another terminal:

  . %s
  curl -s "$BASE_URL/api/v1/common/getAccessToken" \
    -H "x-refresh-token: $REFRESH_TOKEN" -H "Partnerkey: $PARTNERKEY" -H "Partnertoken: $PARTNERTOKEN" \
    -d partner_id="$PARTNER_ID"

or let giftimbiz sign in:

  %s call listAll site=gift word=초코 limit=3 --data %s

Ctrl+C stops it.
`, made.BaseURL, n.Catalog().Stats().Offers, n.DB.Engine(), cfg.Data, made.Console.URL, made.Console.Email, made.BaseURL, made.Partners[0].Balance, cfg.credentialsFile(),
		sourcePath(filepath.Join(cfg.Data, "demo.env")), os.Args[0], cfg.Data)
	return err
}

// sourcePath makes a path that a shell's "." finds: it does not look into the current folder by itself.
func sourcePath(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return "./" + path
}
