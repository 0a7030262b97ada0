package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/backup"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// backUp returns a plain backup of a database.
func backUp(t testing.TB, db *storage.DB) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := db.Backup(t.Context(), &file, storage.BackupOptions{Made: storagetest.Noon, Program: "test"}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func reader(t testing.TB, file []byte) *backup.Reader {
	t.Helper()
	r, err := backup.NewReader(bytes.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// contents returns the rows of a backup by table, as texts in their order.
func contents(t testing.TB, file []byte) map[string][]string {
	t.Helper()
	r := reader(t, file)
	tables := map[string][]string{}
	for _, table := range r.Head().Tables {
		tables[table.Name] = nil
		for {
			values, err := r.Row()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			row := make([]string, len(values))
			for i, v := range values {
				row[i] = fmt.Sprintf("%s=%#v", table.Columns[i].Name, v)
			}
			tables[table.Name] = append(tables[table.Name], strings.Join(row, " "))
		}
		slices.Sort(tables[table.Name])
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return tables
}

// healthyCopy restores a backup for a trial.
func healthyCopy(t testing.TB, file []byte) {
	t.Helper()
	done, err := storage.Rehearse(t.Context(), t.TempDir(), reader(t, file), storage.RestoreOptions{})
	if err != nil || len(done.Faults) > 0 {
		t.Errorf("the copy: %v, faults %v", err, done.Faults)
	}
}

// serial buys one voucher after the other.
type serial struct {
	mu     sync.Mutex
	orders []gift.ID // guarded by mu: of acknowledged purchases, in their order
}

// buy buys until it is told to stop, so many at most. It tells of each purchase whoever listens.
func (s *serial) buy(h *storagetest.House, partner, offer int64, most int, answered chan<- struct{}, stop <-chan struct{}) {
	for i := range most {
		out, err := h.Engine.Buy(h.T.Context(), storagetest.GiftRequest(partner, fmt.Sprint(i), offer))
		if err != nil || out.Refusal != nil {
			h.T.Errorf("purchase %d: %v, %v", i, out.Refusal, err)
			return
		}
		s.mu.Lock()
		s.orders = append(s.orders, out.OrderID)
		s.mu.Unlock()
		select {
		case <-stop:
			return
		case answered <- struct{}{}:
		default:
		}
	}
	for { // nobody waits for ever for one that has all it may have
		select {
		case <-stop:
			return
		case answered <- struct{}{}:
		}
	}
}

func (s *serial) acknowledged() []gift.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.orders)
}

// TestABackupIsOneMomentWhileOthersBuy takes backups while purchases go on. What was answered before a backup began is in it; of
// what each buyer bought one after the other it has the first so many; and the doctor finds nothing done by halves.
func TestABackupIsOneMomentWhileOthersBuy(t *testing.T) {
	const buyers, units, rounds, apart = 4, 1000, 2, 20
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(buyers, units)
		var all [buyers]serial
		answered, stop := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		for i := range all {
			partner := h.Partner(gift.Partner{Name: fmt.Sprint("partner", i)}, 100_000_000)
			wg.Go(func() { all[i].buy(h, partner, int64(i+1), units, answered, stop) })
		}
		var files [rounds][]byte
		var before [rounds][buyers]int
		for round := range files {
			for range apart {
				<-answered
			}
			for i := range all {
				before[round][i] = len(all[i].acknowledged())
			}
			files[round] = backUp(t, h.DB)
		}
		close(stop)
		wg.Wait()
		for round, file := range files {
			healthyCopy(t, file)
			kept := contents(t, file)["orders"]
			for i := range all {
				checkPrefix(t, kept, all[i].acknowledged(), before[round][i])
			}
		}
	})
}

// checkPrefix fails unless the orders kept are, of one buyer's, the first ones, and at least so many.
func checkPrefix(t *testing.T, kept []string, orders []gift.ID, atLeast int) {
	t.Helper()
	have := map[string]bool{}
	for _, row := range kept {
		id, _, _ := strings.Cut(row, " ")
		have[id] = true
	}
	n := 0
	for n < len(orders) && have[fmt.Sprintf("id=%d", orders[n])] {
		n++
	}
	if n < atLeast {
		t.Errorf("%d of a buyer's orders are kept, %d were answered before", n, atLeast)
	}
	for _, id := range orders[n:] {
		if have[fmt.Sprintf("id=%d", id)] {
			t.Errorf("order %d is kept, and one that was answered before it is not", id)
		}
	}
}

// awkward writes rows whose values engines like to change.
func awkward(o outside) {
	o.alter(`INSERT INTO media (path, content_type, body, changed_at) VALUES ($1, '', $2, $3)`, "empty", []byte{}, int64(-1<<63))
	o.alter(`INSERT INTO media (path, content_type, body, changed_at) VALUES ($1, ' ', $2, $3)`,
		"큰 것 ' \" \\ \n\t", bytes.Repeat([]byte{0, 255, 10}, 1<<20), int64(1<<63-1))
	o.alter(`INSERT INTO imports (id, kind, file, operator_id, actor, state, counts, findings, body, at, changed_at)
VALUES (1, '', '', 0, '', 'applied', '{}', '[]', NULL, 0, 0), (2, '', '', 0, '', 'checked', '{}', '[]', $1, 0, 0)`, []byte{})
}

func TestATableThatNoBackupCanHoldIsNamed(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		o.create(`CREATE TABLE somebody_elses (id BIGINT, at TIMESTAMP)`)
		err := h.DB.Backup(t.Context(), io.Discard, storage.BackupOptions{Made: storagetest.Noon})
		if err == nil || !strings.Contains(err.Error(), "table somebody_elses, column at: backups know no type") {
			t.Errorf("backed up: %v", err)
		}
	})
}

// TestARoundTripKeepsEveryRow moves a database from either engine to the other and back.
func TestARoundTripKeepsEveryRow(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		newPatient(t, h)
		awkward(o)
		there, home := postgresURL(t), sqliteURL(t)
		if h.DB.Engine() == "postgres" {
			there, home = sqliteURL(t), postgresURL(t)
		}
		first := backUp(t, h.DB)
		other := restored(t, there, first, storage.RestoreOptions{Moved: true, Clock: h.Clock})
		second := backUp(t, other)
		if other.Engine() == h.DB.Engine() || bytes.Equal(first, second) {
			t.Fatal("it did not go to the other engine")
		}
		sameContents(t, contents(t, first), contents(t, second), 1)
		back := restored(t, home, second, storage.RestoreOptions{Moved: true, Clock: h.Clock})
		sameContents(t, contents(t, first), contents(t, backUp(t, back)), 2)
	})
}

// restored makes a database of a backup, and fails the test when the doctor does not like it.
func restored(t testing.TB, dsn string, file []byte, options storage.RestoreOptions) *storage.DB {
	t.Helper()
	done, err := storage.Restore(t.Context(), dsn, reader(t, file), options)
	if err != nil || len(done.Faults) > 0 {
		t.Fatalf("restore: %v, faults %v", err, done.Faults)
	}
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.CheckSchema(t.Context()); err != nil {
		t.Fatal(err)
	}
	storagetest.Healthy(t, db)
	return db
}

// sameContents compares a database with what became of it after some restores: all rows are the same, but that nobody holds
// leases, and that the audit trail has a line for each restore.
func sameContents(t *testing.T, before, after map[string][]string, restores int) {
	t.Helper()
	if names := slices.Sorted(maps.Keys(before)); !slices.Equal(names, slices.Sorted(maps.Keys(after))) || len(names) < 50 {
		t.Fatalf("tables %v", names)
	}
	for table, rows := range before {
		got := after[table]
		switch table {
		case "audit_head": // the doctor knows what it must be
			continue
		case "node_leases":
			rows, got = numbersOf(rows), numbersOf(got)
		case "audit":
			was := len(got)
			got = slices.DeleteFunc(got, func(row string) bool { return strings.Contains(row, `action="database.restore"`) })
			if was-len(got) != restores {
				t.Errorf("%d lines of the audit trail are about %d restores", was-len(got), restores)
			}
		}
		if diff := cmp.Diff(rows, got); diff != "" {
			t.Errorf("%s (-before +after)\n%.3000s", table, diff)
		}
	}
}

// numbersOf returns the first column of rows.
func numbersOf(rows []string) (numbers []string) {
	for _, row := range rows {
		number, _, _ := strings.Cut(row, " ")
		numbers = append(numbers, number)
	}
	return numbers
}
