package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/console"
	"giftimbiz/internal/storage"
)

func exportCommand(cfg *config) *cobra.Command {
	var (
		look fileLook
		file string
	)
	cmd := &cobra.Command{
		Use:   "export LIST [OF] [FILTER=VALUE…]",
		Short: "Write a list to a CSV or XLSX file",
		Long: `Write a list to a CSV (UTF-8 with a byte order mark) or XLSX file: the file that the list's page in the console offers, with the
same filters. Servers may go on meanwhile. LIST, what it is a list of, and its filters:

` + listHelp() + `
  giftimbiz export orders from=2026-11-01 to=2026-11-30 --file orders.xlsx
  giftimbiz export statement demo > statement.csv`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			want, err := parseWanted(given)
			if err != nil {
				return err
			}
			if strings.EqualFold(filepath.Ext(file), ".xlsx") && !cmd.Flags().Changed("format") {
				look.format = "xlsx"
			}
			if want.Format, want.Language, err = look.parse(); err != nil {
				return err
			}
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, keys *keyring) error {
				write := func(w io.Writer) error { return exportTo(cmd.Context(), w, want, db, keys) }
				if file == "" {
					return write(cmd.OutOrStdout())
				}
				return writeWhole(file, write)
			})
		},
	}
	look.addFlags(cmd)
	cmd.Flags().StringVar(&file, "file", "", "write to this file, and only when all of it is written")
	return cmd
}

// listHelp says in a line for each list what it takes.
func listHelp() string {
	var b strings.Builder
	for _, l := range console.Lists() {
		var filters []string
		for _, f := range l.Filters {
			filters = append(filters, f.Name)
		}
		fmt.Fprintf(&b, "  %-22s%s\n", strings.TrimSpace(l.Name+" "+l.Of), strings.Join(filters, ", "))
	}
	return b.String()
}

// parseWanted reads which list is wanted, and what of it.
func parseWanted(given []string) (want console.Wanted, err error) {
	lists := console.Lists()
	i := slices.IndexFunc(lists, func(l console.List) bool { return l.Name == given[0] })
	if i < 0 {
		var names []string
		for _, l := range lists {
			names = append(names, l.Name)
		}
		return want, usageError{fmt.Errorf("no list is called %q; want one of %s", given[0], strings.Join(names, ", "))}
	}
	want.List, given = lists[i], given[1:]
	if want.List.Of != "" {
		if len(given) == 0 || strings.Contains(given[0], "=") {
			return want, usageError{fmt.Errorf("say of which %s: giftimbiz export %s %s",
				strings.ToLower(want.List.Of), want.List.Name, want.List.Of)}
		}
		want.Of, given = given[0], given[1:]
	}
	want.Filters = map[string]string{}
	for _, arg := range given {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return want, usageError{fmt.Errorf("%q: want FILTER=VALUE", arg)}
		}
		if err := want.List.Check(name, value); err != nil {
			return want, usageError{err}
		}
		want.Filters[name] = value
	}
	return want, nil
}

func exportTo(ctx context.Context, w io.Writer, want console.Wanted, db *storage.DB, keys *keyring) error {
	desk := openDesk(db, keys)
	defer desk.Stop()
	return console.Export(ctx, console.Config{
		Store: db, Numbers: keys.vault, Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler), Imports: desk,
	}, want, w)
}

// writeWhole makes a file that only its owner may read: business stands in it. Nobody finds half of it under its name.
func writeWhole(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err = errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
