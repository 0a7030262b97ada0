package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/backup"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// restoring is what the command line asks for.
type restoring struct {
	file     string
	check    bool
	moved    bool
	accept   bool
	out      io.Writer
	progress *progress
}

func restoreCommand(cfg *config) *cobra.Command {
	var r restoring
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a database from a backup",
		Long: `Make a database from a backup: a SQLite file that is not there yet, or a PostgreSQL database without tables. Nothing is
ever replaced. The whole file is checked first, the restored database by the doctor. A SQLite file has its name only when all
is right; a PostgreSQL database that is not restored to the end is refused by every command: drop it and make it anew.

  giftimbiz restore giftimbiz-20261126T180000Z.backup --check
  giftimbiz restore giftimbiz-20261126T180000Z.backup --data /var/lib/giftimbiz
  giftimbiz restore giftimbiz-20261126T180000Z.backup --database postgres://giftimbiz@db.internal/giftimbiz

Stop all servers of the installation first. What was done after the backup is lost, so that
 - no order number is given twice: new ones go on from the present;
 - deliveries of events that waited are given up, for they were probably sent; giftimbiz webhook replay sends them again;
 - partners who follow the list of what changed are told to read the whole list anew;
 - operators and shops sign in again;
 - partners' keys that were replaced after the backup work again, and what was suspended sells again: look at that first.

--moved says that nothing was done after the backup: servers were stopped before it, and the database only moves. Then all goes on
as it was. The keys (vault.keys) are not in a backup: put them back, too.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if r.check && (r.moved || r.accept) {
				return usageError{errors.New("--check changes nothing; give no other flags")}
			}
			r.file, r.out, r.progress = given[0], cmd.OutOrStdout(), progressOn(cmd.ErrOrStderr())
			return r.run(cmd.Context(), cfg)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&r.check, "check", false,
		"restore it into a temporary file (in the folder of TMPDIR) to see whether it is good, and keep nothing")
	flags.BoolVar(&r.moved, "moved", false, "nothing was done after the backup: keep deliveries, sessions and partners' places")
	flags.BoolVar(&r.accept, "accept-faults", false, "keep the database although the doctor finds faults")
	return cmd
}

func (r *restoring) run(ctx context.Context, cfg *config) (err error) {
	defer r.progress.clear()
	keys, err := cfg.knownMasters(ctx)
	if err != nil {
		return err
	}
	var done storage.Restored
	if r.check {
		done, err = rehearse(ctx, r.file, os.TempDir(), keys, r.progress)
	} else {
		done, err = r.restore(ctx, cfg.database(), keys)
	}
	r.progress.clear()
	if err != nil {
		return err
	}
	if len(done.Faults) > 0 {
		if err := printFaults(r.out, done.Faults); err != nil {
			return err
		}
		if !r.accept {
			return fmt.Errorf("the doctor found %d faults in what was restored; it cannot be used (--accept-faults keeps it)",
				len(done.Faults))
		}
	}
	return r.say(done, keys)
}

func (r *restoring) restore(ctx context.Context, database string, keys *vault.Masters) (done storage.Restored, err error) {
	err = openBackup(r.file, keys, r.progress, func(in *backup.Reader) (err error) {
		done, err = storage.Restore(ctx, database, in, storage.RestoreOptions{
			Moved: r.moved, AcceptFaults: r.accept, Clock: clock.System{}, Look: boundTo(ctx, keys),
			Progress: r.progress.rows("restoring"),
		})
		return err
	})
	return done, err
}

func (r *restoring) say(done storage.Restored, keys *vault.Masters) error {
	what := "restored"
	if r.check {
		what = "the backup is good"
	}
	made := done.Head.Made.UTC().Format(time.RFC3339)
	text := fmt.Sprintf("%s: %d rows as of %s, from %s\n", what, done.Rows, made, done.Head.Engine)
	if done.Held > 0 {
		text += fmt.Sprintf("%d deliveries that waited are given up; to send them: giftimbiz webhook replay\n", done.Held)
	}
	if keys == nil && !r.check {
		text += "there are no keys here: serve needs those of the installation\n"
	}
	_, err := io.WriteString(r.out, text)
	return err
}

// rehearse restores a file into a temporary database in a folder, has the doctor look at it, and removes it.
func rehearse(ctx context.Context, file, folder string, keys *vault.Masters, p *progress) (done storage.Restored, err error) {
	err = openBackup(file, keys, p, func(in *backup.Reader) (err error) {
		done, err = storage.Rehearse(ctx, folder, in, storage.RestoreOptions{Look: boundTo(ctx, keys), Progress: p.rows("checking")})
		return err
	})
	return done, err
}

// openBackup calls use with a file that is as it was written: all of it was read before.
func openBackup(name string, keys *vault.Masters, p *progress, use func(*backup.Reader) error) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var known []backup.Key
	if keys != nil {
		known = keys.BackupKeys()
	}
	err = backup.Check(&watchedReader{r: f, size: info.Size(), progress: p}, known)
	if errors.Is(err, backup.ErrNoKey) {
		err = fmt.Errorf("%w; name those of the installation that made it: --key-file, --key-command or GIFTIMBIZ_KEYS", err)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	in, err := backup.NewReader(f, known)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return use(in)
}

// watchedReader shows how much of a file was read.
type watchedReader struct {
	r          io.Reader
	done, size int64
	progress   *progress
}

// Read implements io.Reader.
func (w *watchedReader) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	w.done += int64(n)
	w.progress.show("reading the backup", int(w.done), int(w.size))
	return n, err
}

// boundTo compares a database's keys with those of this machine, if it has any.
func boundTo(ctx context.Context, keys *vault.Masters) func(*storage.DB) error {
	if keys == nil {
		return nil
	}
	return func(db *storage.DB) error { return db.CheckVault(ctx, keys) }
}
