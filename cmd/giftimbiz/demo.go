package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/storage"
)

const demoOperator = "admin@giftimbiz.local"

type sampleOptions struct {
	Offers int
	Seed   int64
}

func demoCommand(cfg *config) *cobra.Command {
	var opt sampleOptions
	var now string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "One command to something real: sample stock, partners, keys to paste",
		Long: `Serve a sample catalogue from an empty folder: gifticons and star coupons of made-up stock, a live partner with ten million
won, a sandbox partner, and credentials.json with their keys. A second start keeps what is there.

--now starts the clock elsewhere and lets it run, for trying midnight, price tiers and expiry:
  giftimbiz demo --data ./autumn --now 2025-09-15T12:00:00+09:00`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			clk, err := demoClock(now)
			if err != nil {
				return err
			}
			if opt.Offers < 1 || opt.Offers > 5_000_000 {
				return usageError{fmt.Errorf("--offers %d: want 1 to 5000000", opt.Offers)}
			}
			db, err := storage.OpenOrCreate(cmd.Context(), cfg.database())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			if _, err := db.Migrate(cmd.Context()); err != nil {
				return err
			}
			made, err := keepOrFill(cmd.Context(), cfg, db, clk, opt)
			if err != nil {
				return err
			}
			return run(cmd.Context(), cfg, db, clk, func(n *node) error { return welcome(cmd, cfg, n, made) })
		},
	}
	cmd.Flags().IntVar(&opt.Offers, "offers", 2000, "how many gift offers to make up")
	cmd.Flags().Int64Var(&opt.Seed, "seed", 1, "the same seed makes the same stock")
	cmd.Flags().StringVar(&now, "now", "", "start the clock at this time, such as 2025-09-15T12:00:00+09:00")
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

// keepOrFill fills an empty database and returns the credentials made up, or those of the start before. They are nil
// when the file was removed.
func keepOrFill(ctx context.Context, cfg *config, db *storage.DB, clk clock.Clock, opt sampleOptions) (*credentials, error) {
	partners, err := db.Partners(ctx)
	if err != nil {
		return nil, err
	}
	if len(partners) == 0 {
		return fillSample(ctx, cfg, db, clk, opt)
	}
	made, err := readCredentials(filepath.Join(cfg.Data, "credentials.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return made, err
}

// welcome says what to open and what to paste. The address may differ from that of the last start.
func welcome(cmd *cobra.Command, cfg *config, n *node, made *credentials) error {
	out := cmd.OutOrStdout()
	stats := n.catalog.Stats()
	if _, err := fmt.Fprintf(out, "GiftiMBiz is ready: %s  (%d offers on sale, %s, data in %s)\n",
		"http://"+n.listening, stats.Offers, n.db.Engine(), cfg.Data); err != nil {
		return err
	}
	if made == nil {
		_, err := fmt.Fprintf(out, "\n%s is gone; the keys in it cannot be shown again. Make new ones:\n  giftimbiz partner rotate demo --data %s\n",
			filepath.Join(cfg.Data, "credentials.json"), cfg.Data)
		return err
	}
	made.BaseURL = "http://" + n.listening
	made.Console.URL = made.BaseURL + "/console"
	if err := made.write(cfg.Data); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, `
Keys of the partners "demo" (live, %d won) and "devtest1" (sandbox): %s

Try it from another terminal:

  . %s
  curl -s "$BASE_URL/api/v1/common/getAccessToken" \
    -H "x-refresh-token: $REFRESH_TOKEN" -H "Partnerkey: $PARTNERKEY" -H "Partnertoken: $PARTNERTOKEN" \
    -d partner_id="$PARTNER_ID"

or let giftimbiz sign in:

  giftimbiz call listAll site=gift word=초코 limit=3 --data %s

Ctrl+C stops it.
`, made.Partners[0].Balance, filepath.Join(cfg.Data, "credentials.json"), sourcePath(filepath.Join(cfg.Data, "demo.env")), cfg.Data)
	return err
}

// sourcePath makes a path that a shell's "." finds: it does not look into the current folder by itself.
func sourcePath(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return "./" + path
}

// randomPassword returns 130 bits as 26 characters.
func randomPassword() string { return rand.Text() }
