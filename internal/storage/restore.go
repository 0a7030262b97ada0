package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"giftimbiz/internal/backup"
	"giftimbiz/internal/clock"
)

// ErrNotEmpty says that a backup was to be restored into a database that has something in it.
var ErrNotEmpty = errors.New("a backup is restored into an empty database only")

// RestoreOptions say how a backup is restored.
type RestoreOptions struct {
	// Moved says that the backup is the last state there was: nothing was sold after it. Then all goes on as it was. Otherwise what
	// was done after the backup is lost, and partners, people and nodes may know of it; see startAnew.
	Moved        bool
	AcceptFaults bool        // the database is there to be used, whatever the doctor says
	Clock        clock.Clock // dates what is written about it
	// Look, when set, may look at the filled database, and write into it; its error ends the restore.
	Look     func(*DB) error
	Progress func(table string, rows int64) // told now and then how many rows of a table are restored; may be nil
}

// Restored is what became of a backup.
type Restored struct {
	Head   backup.Head
	Rows   int64   // in all tables
	Held   int64   // deliveries that waited to be sent and now wait for an operator
	Faults []Fault // that the doctor found
}

// Restore makes a database at a URL from a backup: a SQLite file that is not there yet, or a PostgreSQL database without tables.
// Of another database, it fails with ErrNotEmpty and changes nothing. The database can be used only when Restore is through
// and the doctor found no fault: a file has its name only then, and whoever wants to work on a PostgreSQL database before is
// refused with ErrHalfRestored.
func Restore(ctx context.Context, dsn string, in *backup.Reader, o RestoreOptions) (Restored, error) {
	if err := notNewer(in.Head()); err != nil {
		return Restored{}, err
	}
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return restoreSQLite(ctx, path, in, o)
	}
	return restorePostgres(ctx, dsn, in, o)
}

// Rehearse restores a backup into a temporary SQLite file in a folder and has the doctor look at it: whatever engine it came
// from, it can be restored. Then the file is removed. Of the options only Look and Progress count.
func Rehearse(ctx context.Context, folder string, in *backup.Reader, o RestoreOptions) (done Restored, err error) {
	if err := notNewer(in.Head()); err != nil {
		return done, err
	}
	scratch, err := openScratch(folder)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, scratch.remove()) }()
	r := restorer{DB: scratch.DB, RestoreOptions: o, in: in, done: Restored{Head: in.Head()}}
	if err := r.fill(ctx); err != nil {
		return r.done, err
	}
	r.done.Faults, err = r.Doctor(ctx)
	return r.done, err
}

// notNewer refuses backups that later migrations made the tables of.
func notNewer(head backup.Head) error {
	newest, err := newestSchema()
	if err == nil && head.Schema > newest {
		err = fmt.Errorf("the backup was made by a newer giftimbiz, %s (schema %d, this binary knows %d); install that version",
			head.Program, head.Schema, newest)
	}
	return err
}

// restorer fills a database that nobody else uses.
type restorer struct {
	*DB
	RestoreOptions
	in   *backup.Reader
	done Restored
}

// fill makes the tables as they were when the backup was made, fills them and brings them up to date.
func (r *restorer) fill(ctx context.Context) error {
	p, err := r.provider()
	if err != nil {
		return err
	}
	made, err := p.UpTo(ctx, r.done.Head.Schema)
	if err != nil {
		return fmt.Errorf("make the tables: %w", err)
	}
	if want := countUpTo(p.ListSources(), r.done.Head.Schema); len(made) != want {
		return fmt.Errorf("%w: another process works on it", ErrNotEmpty)
	}
	tables, err := r.layout(ctx, r.read)
	if err != nil {
		return err
	}
	if err := sameLayout(r.done.Head, tables); err != nil {
		return err
	}
	if err := r.load(ctx, tables); err != nil {
		return err
	}
	if err := r.in.Close(); err != nil {
		return err
	}
	if _, err := r.up(ctx, p); err != nil || r.Look == nil {
		return err
	}
	return r.Look(r.DB)
}

func countUpTo(sources []*goose.Source, version int64) (n int) {
	for _, s := range sources {
		if s.Version <= version {
			n++
		}
	}
	return n
}

// sameLayout compares the tables of a backup with those that its migrations make.
func sameLayout(head backup.Head, made []backup.Table) error {
	if reflect.DeepEqual(head.Tables, made) {
		return nil
	}
	in := map[string]backup.Table{}
	for _, t := range head.Tables {
		in[t.Name] = t
	}
	what := "the order of its tables is another"
	for _, t := range made {
		if !reflect.DeepEqual(in[t.Name], t) {
			what = "its table " + t.Name + " is another or missing"
		}
		delete(in, t.Name)
	}
	for name := range in {
		what = "this giftimbiz has no table " + name
	}
	return fmt.Errorf("the backup does not fit this giftimbiz: %s; restore it with the version that made it, %s", what, head.Program)
}

// load empties the tables of what the migrations put there and fills them with the backup's rows.
func (r *restorer) load(ctx context.Context, tables []backup.Table) error {
	if r.pool != nil {
		return r.copyInto(ctx, tables)
	}
	return r.insertInto(ctx, tables)
}

// rows returns the rows of the backup's next table, one by one, counting them; io.EOF at their end.
func (r *restorer) rows(t backup.Table) func() ([]any, error) {
	var n int64
	return func() ([]any, error) {
		values, err := r.in.Row()
		if err == nil {
			n++
			r.done.Rows++
			if n%progressEvery == 0 && r.Progress != nil {
				r.Progress(t.Name, n)
			}
		}
		return values, err
	}
}

// finish makes the filled database one that nodes may work on, and has the doctor look at it.
func (r *restorer) finish(ctx context.Context) (err error) {
	if r.done.Held, err = r.startAnew(ctx, r.Moved, r.Clock.Now()); err != nil {
		return fmt.Errorf("settle what was under way: %w", err)
	}
	if err := r.Join(ctx, r.Clock); err != nil {
		return err
	}
	if err := r.noteRestore(ctx, r.done, r.Moved, r.Clock.Now()); err != nil {
		return fmt.Errorf("note it in the audit trail: %w", err)
	}
	if err := r.Leave(ctx); err != nil {
		return err
	}
	r.done.Faults, err = r.Doctor(ctx)
	return err
}

// usable tells whether the database may be used.
func (r *restorer) usable() bool { return len(r.done.Faults) == 0 || r.AcceptFaults }

// atEnd tells whether an error says that a table has no more rows.
func atEnd(err error) bool { return errors.Is(err, io.EOF) }

// readable is a moment for people.
func readable(t time.Time) string { return t.UTC().Format(time.RFC3339) }
