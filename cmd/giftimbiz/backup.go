package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/backup"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// toStdout is the name of a backup that is written to the standard output.
const toStdout = "-"

// backingUp is what the command line asks for.
type backingUp struct {
	folder   string
	to       string
	keep     int
	encrypt  bool
	out      io.Writer // where a backup goes that is written to no file
	said     io.Writer // where people read
	progress *progress
}

func backupCommand(cfg *config) *cobra.Command {
	var b backingUp
	cmd := &cobra.Command{
		Use:   "backup [FOLDER]",
		Short: "Keep all of the database in a file, while servers sell",
		Long: `Write all of the database, as it is at one moment, to a file that giftimbiz restore makes a database of, on SQLite or
PostgreSQL, whichever it came from. Servers go on selling meanwhile. Every purchase that was answered before is in it.

  giftimbiz backup /var/backups/giftimbiz --keep 14 --encrypt    giftimbiz-20261126T180000Z.backup; the newest 14 stay
  giftimbiz backup --to before-upgrade.backup
  giftimbiz backup --to - --encrypt | ssh elsewhere 'cat > giftimbiz.backup'

Before it says that a backup is good, it reads the file again, restores it into a temporary file beside it (of about the
database's size; with --to - in the folder of TMPDIR) and has the doctor look at that. When the doctor finds a fault, which the
database then has too, the backup is kept as FILE.faulty, and the command ends with 1. No file is ever replaced.

The keys are not in a backup: keep a copy of the key file (vault.keys) apart from it. --encrypt encrypts it with a key that
follows from them, so that restoring needs the file and those keys only.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			b.folder = "."
			if len(given) > 0 {
				b.folder = given[0]
			}
			if err := b.check(cmd.Flags().Changed("keep"), len(given) > 0); err != nil {
				return err
			}
			b.out, b.said, b.progress = cmd.OutOrStdout(), cmd.OutOrStdout(), progressOn(cmd.ErrOrStderr())
			if b.to == toStdout {
				b.said = cmd.ErrOrStderr()
			}
			return b.run(cmd.Context(), cfg)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&b.to, "to", "", "the file to write; - is the standard output (default FOLDER/giftimbiz-TIME.backup)")
	flags.IntVar(&b.keep, "keep", 0, "when the backup is good, remove all of FOLDER's giftimbiz-TIME.backup but this many")
	flags.BoolVar(&b.encrypt, "encrypt", false, "encrypt it with this installation's keys")
	return cmd
}

func (b *backingUp) check(keep, folder bool) error {
	switch {
	case b.to != "" && (keep || folder):
		return usageError{errors.New("--to names one file; --keep and FOLDER are for many")}
	case keep && b.keep < 1:
		return usageError{fmt.Errorf("--keep %d: want 1 or more", b.keep)}
	}
	return nil
}

// run makes a backup, and only a good one gets the name that was asked for.
func (b *backingUp) run(ctx context.Context, cfg *config) (err error) {
	defer b.progress.clear()
	keys, err := b.keys(ctx, cfg)
	if err != nil {
		return err
	}
	made := clock.System{}.Now()
	name, folder, err := b.place(made)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".giftimbiz-backup-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(file.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	if err = errors.Join(b.write(ctx, cfg, file, keys, made), file.Close()); err != nil {
		return noBackup(ctx, err)
	}
	done, err := rehearse(ctx, file.Name(), folder, keys, b.progress)
	if err != nil {
		return noBackup(ctx, fmt.Errorf("the copy is not good: %w", err))
	}
	b.progress.clear()
	return b.handOver(file.Name(), name, done)
}

// noBackup says that nothing came of it, and why.
func noBackup(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = errors.New("told to stop")
	}
	return fmt.Errorf("%w\nNo backup was made", err)
}

// keys returns those of the installation, if the backup is to be encrypted.
func (b *backingUp) keys(ctx context.Context, cfg *config) (*vault.Masters, error) {
	if !b.encrypt {
		return nil, nil
	}
	keys, err := cfg.knownMasters(ctx)
	if err == nil && keys == nil {
		err = fmt.Errorf("--encrypt needs this installation's keys, and there is no %s; name them with --key-file", cfg.keyFile())
	}
	return keys, err
}

// place returns the name that the backup gets, and the folder that it is made in. There must be nothing of that name.
func (b *backingUp) place(made time.Time) (name, folder string, err error) {
	if b.to == toStdout {
		return "", os.TempDir(), nil
	}
	name = b.to
	if name == "" {
		if err := os.MkdirAll(b.folder, 0o700); err != nil {
			return "", "", err
		}
		name = filepath.Join(b.folder, made.UTC().Format("giftimbiz-20060102T150405Z.backup"))
	}
	return name, filepath.Dir(name), backup.Missing(name)
}

func (b *backingUp) write(ctx context.Context, cfg *config, w io.Writer, keys *vault.Masters, made time.Time) error {
	options := storage.BackupOptions{Made: made, Program: version, Progress: b.progress.rows("backing up")}
	if keys != nil {
		options.Key = &keys.BackupKeys()[0]
	}
	return withDatabase(ctx, cfg, func(db *storage.DB) error { return db.Backup(ctx, w, options) })
}

// handOver gives the backup to whoever asked for it, and says what it is.
func (b *backingUp) handOver(file, name string, done storage.Restored) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if faults := len(done.Faults); faults > 0 {
		if err := printFaults(b.said, done.Faults); err != nil {
			return err
		}
		kept := "it was not written"
		if name != "" {
			if err := backup.Keep(file, name+".faulty"); err != nil {
				return err
			}
			kept = "kept as " + name + ".faulty"
		}
		return fmt.Errorf("the copy is as the database, and the doctor found %d faults in it; %s", faults, kept)
	}
	if name == "" {
		name = "standard output"
		err = sendFile(b.out, file)
	} else {
		err = backup.Keep(file, name)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.said, "%s: %d bytes, %d rows as of %s; restored for a trial, healthy\n",
		name, info.Size(), done.Rows, done.Head.Made.UTC().Format(time.RFC3339))
	if err == nil && b.keep > 0 {
		err = b.rotate()
	}
	return err
}

func sendFile(w io.Writer, name string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(w, f)
	return err
}

// rotated are the files that --keep counts: their names are in the order of time.
var rotated = regexp.MustCompile(`^giftimbiz-\d{8}T\d{6}Z\.backup$`)

// rotate removes the oldest backups of the folder.
func (b *backingUp) rotate() error {
	entries, err := os.ReadDir(b.folder) // sorted by name
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.Type().IsRegular() || !rotated.MatchString(e.Name()) })
	for _, e := range entries[:max(0, len(entries)-b.keep)] {
		if err := os.Remove(filepath.Join(b.folder, e.Name())); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(b.said, "removed", filepath.Join(b.folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
