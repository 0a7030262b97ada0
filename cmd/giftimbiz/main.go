// Command giftimbiz sells digital gift vouchers to partners: the partner API, the shop's redemption page, background
// work and the tools to run them, in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(exitCode(rootCommand().ExecuteContext(ctx)))
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
	cfg := newConfig()
	root := group(&cobra.Command{
		Use:   "giftimbiz",
		Short: "Sell digital gift vouchers to partners",
		Long: `giftimbiz sells gifticons and star coupons to partners over an HTTP API, against a prepaid balance.

  giftimbiz demo        one command to something real: sample stock, partners, keys to paste
  giftimbiz serve       the server, on SQLite in its data folder or on PostgreSQL
  giftimbiz partner     open and manage partners
  giftimbiz topup       credit a partner's balance
  giftimbiz import      load stock from CSV and XLSX files; giftimbiz template makes empty ones
  giftimbiz export      write any list of the console to a file: orders, settlement, journal, …
  giftimbiz operator    let people sign in to the console
  giftimbiz webhook     tell partners at once what happens
  giftimbiz listen      show a sandbox partner's events as they happen
  giftimbiz keys        make, replace and show encryption keys
  giftimbiz doctor      prove that money and stock add up
  giftimbiz audit       prove that the audit trail is what was written
  giftimbiz backup      keep all of the database in a file, while servers sell; giftimbiz restore makes a database of it

Every flag listed below, and those of serve, may also be given as a variable: --public-url is GIFTIMBIZ_PUBLIC_URL.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.SetFlagErrorFunc(flagError)
	cfg.addFlags(root.PersistentFlags())
	root.AddCommand(
		demoCommand(cfg), serveCommand(cfg), migrateCommand(cfg), partnerCommand(cfg), topupCommand(cfg), keysCommand(cfg),
		operatorCommand(cfg), webhookCommand(cfg), importCommand(cfg), templateCommand(), exportCommand(cfg), doctorCommand(cfg),
		auditCommand(cfg), sellerCommand(cfg),
		backupCommand(cfg), restoreCommand(cfg),
		callCommand(cfg), listenCommand(cfg), benchCommand(cfg), versionCommand(),
	)
	malformed := cfg.readEnvironment()
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return malformed }
	return root
}

// group makes a command that does nothing but hold others.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.SuggestionsMinimumDistance = 2 // letters
	cmd.Args = cobra.ArbitraryArgs     // what is none of its commands is complained about below
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if len(given) == 0 {
			return cmd.Help()
		}
		err := fmt.Errorf("unknown command %q for %q", given[0], cmd.CommandPath())
		if similar := cmd.SuggestionsFor(given[0]); len(similar) > 0 {
			err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(similar, " or "))
		}
		return usageError{err}
	}
	return cmd
}

func flagError(_ *cobra.Command, err error) error { return usageError{err} }

// wantNumber makes a command's complaint about a number below 0, which looks to cobra like a flag, one about the number.
func wantNumber(cmd *cobra.Command, want string) {
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) {
			if digits := unknown.GetSpecifiedShortnames(); digits != "" && strings.Trim(digits, "0123456789.,") == "" {
				err = fmt.Errorf("-%s: %s", digits, want)
			}
		}
		return usageError{err}
	})
}

// args makes cobra's complaints about arguments usage errors.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usageError{fmt.Errorf("%w\nUsage: %s", err, cmd.UseLine())}
		}
		return nil
	}
}
