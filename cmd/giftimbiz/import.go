package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/server"
	"giftimbiz/internal/sheet"
	"giftimbiz/internal/storage"
)

// findingsShown is how many findings of a file are printed.
const findingsShown = 20

// importing is what the command line asks for.
type importing struct {
	kind        intake.Kind
	file        string
	data        []byte
	dryRun      bool
	skipRefused bool
	report      string
	out         io.Writer
	progress    *progress
}

func importCommand(cfg *config) *cobra.Command {
	var im importing
	cmd := &cobra.Command{
		Use:   "import KIND FILE",
		Short: "Load stock from a CSV or XLSX file",
		Long: `Load stock from a CSV (UTF-8 or CP949) or XLSX file, also while servers sell. KIND is one of
  ` + kindList() + `
giftimbiz template KIND makes an empty file with a sample row; columns may be named in Korean or English. Columns for images
name pictures by their files' names; those come in with: giftimbiz import pictures FILE, a picture or a ZIP of pictures.

All of a file is stored or nothing. A row that is refused stands in the way of the whole file, unless --skip-refused says to
leave such rows out. What is there already is passed over, so the same file twice adds nothing. Exits with 1 when nothing was
loaded and, with --dry-run, when a row would be refused.`,
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) (err error) {
			pictures := given[0] == picturesKind
			if im.kind, err = parseKind(given[0]); err != nil && !pictures {
				return err
			}
			im.file, im.out, im.progress = given[1], cmd.OutOrStdout(), progressOn(cmd.ErrOrStderr())
			if im.data, err = readStock(im.file); err != nil {
				return err
			}
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, keys *keyring) error {
				desk := openDesk(db, keys)
				defer desk.Stop()
				if pictures {
					return im.keepPictures(cmd.Context(), desk)
				}
				return im.run(cmd.Context(), desk)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&im.dryRun, "dry-run", false, "say what the file would do, and change nothing")
	flags.BoolVar(&im.skipRefused, "skip-refused", false, "load the file without the rows that are refused")
	flags.StringVar(&im.report, "report", "", "write the refused rows, with reasons, to this file (.csv or .xlsx)")
	return cmd
}

// openDesk returns a desk that logs nothing: the command says what goes wrong. Stop it.
func openDesk(db *storage.DB, keys *keyring) *intake.Desk {
	return intake.NewDesk(intake.Config{
		Store: db, Vault: keys.vault, Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler), Prices: server.PricesByRules(db),
	})
}

func kindList() string {
	var names []string
	for _, k := range intake.Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

func parseKind(name string) (intake.Kind, error) {
	if k := intake.Kind(name); k.Valid() {
		return k, nil
	}
	return "", usageError{fmt.Errorf("no kind of stock is called %q; want one of %s", name, kindList())}
}

// picturesKind stands where a kind of stock does.
const picturesKind = "pictures"

func (im *importing) keepPictures(ctx context.Context, desk *intake.Desk) error {
	if im.dryRun || im.skipRefused || im.report != "" {
		return usageError{errors.New("pictures are kept as they are; give no flags")}
	}
	paths, err := desk.Pictures(ctx, filepath.Base(im.file), im.data)
	if err != nil {
		return im.explain(err)
	}
	for _, path := range paths {
		if _, err := fmt.Fprintln(im.out, path); err != nil {
			return err
		}
	}
	return nil
}

func readStock(path string) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if data, err = sheet.Load(f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

func (im *importing) run(ctx context.Context, desk *intake.Desk) error {
	defer im.progress.clear()
	counts, findings, err := im.load(ctx, desk)
	im.progress.clear()
	if counts.Rows == 0 {
		return im.explain(err)
	}
	if said := im.say(counts, findings); said != nil {
		return said
	}
	if im.report != "" && counts.Refused > 0 {
		if err := im.writeReport(ctx, desk); err != nil {
			return err
		}
	}
	if im.dryRun && counts.Refused > 0 {
		return fmt.Errorf("%s: %d rows would be refused", im.file, counts.Refused)
	}
	return im.explain(err)
}

func (im *importing) load(ctx context.Context, desk *intake.Desk) (intake.Counts, []intake.Finding, error) {
	if im.dryRun {
		plan, err := desk.Check(ctx, im.kind, im.data, func(rows int) {
			im.progress.show(fmt.Sprintf("checking, %d rows", rows), 0, 0)
		})
		if err != nil {
			return intake.Counts{}, nil, err
		}
		return plan.Counts, plan.Findings, nil
	}
	im.progress.show("checking", 0, 0)
	i, err := desk.Load(ctx, im.kind, im.file, im.data, im.skipRefused, func(done, total int) {
		im.progress.show("storing", done, total)
	})
	if i == nil {
		return intake.Counts{}, nil, err
	}
	return i.Counts, i.Findings, err
}

// explain says what to do about a file that was not loaded.
func (im *importing) explain(err error) error {
	var refusal *intake.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return fmt.Errorf("%s: %w", im.file, refusal)
	case errors.Is(err, intake.ErrBusy):
		return fmt.Errorf("%w; try again when that is done", intake.ErrBusy)
	}
	return fmt.Errorf("%s: nothing was loaded: %w", im.file, err)
}

func (im *importing) say(n intake.Counts, findings []intake.Finding) error {
	verb := ""
	if im.dryRun {
		verb = "would be "
	}
	_, err := fmt.Fprintf(im.out, "%s: %d rows: %s%d added, %d changed, %d known already, %d refused\n",
		im.kind, n.Rows, verb, n.Added, n.Changed, n.Known, n.Refused)
	for i, f := range findings {
		if i == findingsShown {
			_, more := fmt.Fprintf(im.out, "…and more; --report FILE writes all refused rows\n")
			return errors.Join(err, more)
		}
		_, line := fmt.Fprintf(im.out, "line %d, %s %q: %s\n", f.Line, f.Column.English, f.Value, f.Reason.English)
		err = errors.Join(err, line)
	}
	return err
}

// writeReport writes the refused rows to a file that only its owner may read: voucher numbers stand in it.
func (im *importing) writeReport(ctx context.Context, desk *intake.Desk) (err error) {
	format := sheet.CSV
	if strings.EqualFold(filepath.Ext(im.report), ".xlsx") {
		format = sheet.XLSX
	}
	f, err := os.OpenFile(im.report, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = desk.Refused(ctx, im.kind, im.data, f, format)
	return err
}
