// Command giftimbiz sells digital gift vouchers to partners: the partner API, the shop's redemption page, background
// work and the tools to run them, in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes. A usage error is the caller's; everything else that went wrong, faults that doctor finds included, is 1.
const (
	exitFailure = 1
	exitUsage   = 2
)

// errQuiet ends the program with exit code 1 when everything was said already.
var errQuiet = errors.New("")

// usageError is a wrong command line.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := rootCommand().ExecuteContext(ctx)
	stop()
	os.Exit(exitCode(err))
}

func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "giftimbiz: %v\nSee: giftimbiz --help\n", err)
		return exitUsage
	case !errors.Is(err, errQuiet):
		fmt.Fprintf(os.Stderr, "giftimbiz: %v\n", err)
	}
	return exitFailure
}

func rootCommand() *cobra.Command {
	cfg, err := configFromEnv()
	root := &cobra.Command{
		Use:   "giftimbiz",
		Short: "Sell digital gift vouchers to partners",
		Long: `giftimbiz sells gifticons and star coupons to partners over an HTTP API, against a prepaid balance.

  giftimbiz demo        one command to something real: sample stock, partners, keys to paste
  giftimbiz serve       the server, on SQLite in its data folder or on PostgreSQL
  giftimbiz partner     open and manage partners
  giftimbiz topup       credit a partner's balance
  giftimbiz doctor      prove that money and stock add up

Every flag may also be given as a variable: --public-url is GIFTIMBIZ_PUBLIC_URL.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return err // a malformed variable
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	cfg.addFlags(root.PersistentFlags())
	root.AddCommand(
		demoCommand(cfg), serveCommand(cfg), migrateCommand(cfg), partnerCommand(cfg), topupCommand(cfg),
		doctorCommand(cfg), callCommand(cfg), benchCommand(cfg), versionCommand(),
	)
	return root
}

// args makes cobra's complaints about arguments usage errors.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usageError{fmt.Errorf("%s: %w\nUsage: %s", cmd.CommandPath(), err, cmd.UseLine())}
		}
		return nil
	}
}
