package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/job"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

func keysCommand(cfg *config) *cobra.Command {
	cmd := group(&cobra.Command{
		Use:     "keys",
		Aliases: []string{"key"},
		Short:   "Make, replace and show encryption keys",
		Long: `Make, replace and show encryption keys.

What is secret in the database is encrypted by data keys that lie there, too, each encrypted by a master key, which never does:
it is in a file (--key-file), in GIFTIMBIZ_KEYS, or printed by a tool of a key management service (--key-command).`,
	})
	cmd.AddCommand(keysNewCommand(), keysShowCommand(cfg), keysRotateCommand(cfg))
	return cmd
}

func keysNewCommand() *cobra.Command {
	var number uint32
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Print a new master key, for all nodes of an installation",
		Long: `Print a new master key. A single server makes its own on its first start; the nodes of an installation share one:

  (umask 077; giftimbiz keys new > vault.keys)

Copy it to each node, name it with --key-file, and keep a copy apart from the backups of the database.

To replace it, append the next one to the file on each node, restart them, and have it take over:

  giftimbiz keys new --number 2 >> vault.keys
  giftimbiz keys rotate --master`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if number == 0 {
				return usageError{errors.New("--number 0: want 1 or more")}
			}
			_, err := cmd.OutOrStdout().Write(vault.Generate(number))
			return err
		},
	}
	cmd.Flags().Uint32Var(&number, "number", 1, "number of the key: one more than the highest in the file")
	return cmd
}

func keysShowCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show which keys there are and how much each has sealed",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd.Context(), cfg, func(db *storage.DB) error {
				list, err := db.KeyReports(cmd.Context())
				if err != nil {
					return err
				}
				return printKeys(cmd.OutOrStdout(), list)
			})
		},
	}
}

func printKeys(w io.Writer, list []storage.KeyReport) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KEY\tSTATE\tENCRYPTED BY\tMADE\tHAS SEALED\tNOT KNOWN TO NODES") // Flush reports
	for _, k := range list {
		name, state, sealed := fmt.Sprintf("data %d", k.Number), k.State.String(), fmt.Sprint(k.Sealed)
		if k.Number == vault.RootNumber {
			name, state, sealed = "root", "-", "-"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\tmaster %d\t%s\t%s\t%s\n", name, state, k.Master,
			k.CreatedAt.In(gift.Seoul).Format("2006-01-02 15:04"), sealed, numbersOf(k.Waiting))
	}
	return table.Flush()
}

func numbersOf(nodes []int64) string {
	if len(nodes) == 0 {
		return "-"
	}
	return strings.Trim(fmt.Sprint(nodes), "[]")
}

func keysRotateCommand(cfg *config) *cobra.Command {
	var master bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the data key, or with --master the key that encrypts the keys",
		Long: `Replace the data key while the servers run. A new key is announced; once all nodes have it, it seals what is new, and what the old one
has sealed is sealed anew in small steps, beside purchases. When nothing is left the old key is deleted.

This command shows how far it is. It may be ended at any time: the servers go on, and so does this command when it is run again.

With --master the keys are encrypted by the newest master key instead, at once. Give that one to every node before: one that lacks it
cannot start any more. After that the older master keys open nothing but old backups.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if master {
				return rewrapKeys(cmd, cfg)
			}
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, keys *keyring) error {
				number, err := db.NewDataKey(cmd.Context(), keys.vault, keys.clock.Now())
				if err != nil {
					return err
				}
				return watchRotation(cmd, db, keys.vault, number)
			})
		},
	}
	cmd.Flags().BoolVar(&master, "master", false, "encrypt the keys by the newest master key")
	return cmd
}

func rewrapKeys(cmd *cobra.Command, cfg *config) error {
	masters, err := cfg.knownMasters(cmd.Context())
	if err == nil && masters == nil {
		err = fmt.Errorf("there is no %s; name this installation's keys with --key-file", cfg.keyFile())
	}
	if err != nil {
		return err
	}
	return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
		n, err := db.RewrapKeys(cmd.Context(), masters, clock.System{}.Now())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d keys were encrypted anew; all are by master key %d\n", n, masters.Newest())
		return err
	})
}

// watchRotation shows a rotation until it is done, or all of it is that can be. It takes part, so that it ends without a server, too:
// the job is done by one process at a time.
func watchRotation(cmd *cobra.Command, db *storage.DB, v *vault.Vault, number uint32) error {
	ctx, shown := cmd.Context(), progressOn(cmd.ErrOrStderr())
	defer shown.clear()
	unread := make(chan error, 1)
	runner := rotationRunner(cmd.ErrOrStderr(), db, v, unread)
	runner.Start()
	defer runner.Stop()
	for most := int64(0); ; {
		began := clock.Uptime()
		if err := db.RefreshVault(ctx, v); err != nil {
			return err
		}
		list, err := db.KeyReports(ctx)
		if err != nil {
			return err
		}
		what, left := leftToSeal(list)
		if what == "" {
			shown.clear()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "data key %d seals everything; the older keys are deleted\n", number)
			return err
		}
		most = max(most, left)
		shown.show(what, int(most-left), int(most))
		select {
		case <-time.After(max(time.Second/4, 10*(clock.Uptime()-began))): // to count many millions takes long
		case err := <-unread:
			return err
		case <-ctx.Done():
			return errors.New("ended before the rotation was done; the servers go on with it")
		}
	}
}

// rotationRunner takes part in a rotation. What can never be sealed anew it tells.
func rotationRunner(errOut io.Writer, db *storage.DB, v *vault.Vault, unread chan<- error) *job.Runner {
	return job.New(job.Options{
		Store: db, Clock: clock.System{}, Logger: slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelError})),
		Jobs: []job.Job{{Name: office.JobReseal, When: job.Every(time.Second), Work: func(ctx context.Context) (int64, error) {
			done, err := db.ContinueRotation(ctx, v, clock.System{}.Now())
			if errors.Is(err, vault.ErrUnreadable) {
				select {
				case unread <- err:
				default: // it was told before
				}
			}
			return done, err
		}}},
	})
}

// leftToSeal says what a rotation is at, and how much is left; "" = it is done.
func leftToSeal(list []storage.KeyReport) (what string, left int64) {
	for _, k := range list {
		switch {
		case k.State != vault.Sealing && len(k.Waiting) > 0:
			return "waiting until nodes have the key: " + numbersOf(k.Waiting), 0
		case k.State == vault.Announced:
			return "announcing the key", 0
		case k.State == vault.Leaving:
			what = "sealing anew"
			left += k.Sealed
		}
	}
	return what, left
}
