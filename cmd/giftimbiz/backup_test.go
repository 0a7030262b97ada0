package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
)

// migratedHouse returns the configuration of an empty database that a server has open.
func migratedHouse(t *testing.T) *config {
	t.Helper()
	cfg := newConfig()
	cfg.Data = t.TempDir()
	db, err := storage.OpenOrCreate(t.Context(), cfg.database())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// filesOf returns the names of a folder's files.
func filesOf(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestAFullDiskLeavesNoBackupBehind lets no file grow beyond a size, as a full disk does: while the backup is written, and, when
// there is room for that, while it is restored for a trial.
func TestAFullDiskLeavesNoBackupBehind(t *testing.T) {
	if !alone(t) {
		return
	}
	cfg := migratedHouse(t)
	folder := t.TempDir()
	backUp := func(name string) error {
		b := backingUp{to: filepath.Join(folder, name), out: io.Discard, said: io.Discard}
		return b.run(t.Context(), cfg)
	}
	if err := backUp("before"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(folder, "before"))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, info.Size() / 2, info.Size() - 1, info.Size() + 64<<10} {
		grow := stopGrowth(t, uint64(size))
		err := backUp("full")
		grow()
		if err == nil || !strings.Contains(err.Error(), "No backup was made") {
			t.Errorf("with room for %d bytes: %v", size, err)
		}
		if names := filesOf(t, folder); len(names) != 1 {
			t.Errorf("with room for %d bytes: the folder holds %v", size, names)
		}
	}
	if err := backUp("full"); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestABackupThatIsToldToStopLeavesNothingBehind(t *testing.T) {
	cfg := migratedHouse(t)
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := backingUp{folder: folder, out: io.Discard, said: io.Discard}
	if err := b.run(ctx, cfg); err == nil || !strings.Contains(err.Error(), "told to stop") {
		t.Errorf("told to stop, it says %v", err)
	}
	if names := filesOf(t, folder); len(names) != 0 {
		t.Errorf("the folder holds %v", names)
	}
}

// TestABackupOfAFaultyDatabaseIsKeptUnderAnotherName keeps it, for there may be nothing better, but does not call it good.
func TestABackupOfAFaultyDatabaseIsKeptUnderAnotherName(t *testing.T) {
	cfg := migratedHouse(t)
	programtest.Alter(t, cfg.database(), `UPDATE accounts SET balance = 1 WHERE id = 1`)
	folder := t.TempDir()
	const older = "giftimbiz-20200101T000000Z.backup"
	if err := os.WriteFile(filepath.Join(folder, older), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	b := backingUp{folder: folder, keep: 1, out: io.Discard, said: &said}
	err := b.run(t.Context(), cfg)
	names := filesOf(t, folder)
	if err == nil || !strings.Contains(said.String(), "FAULT every balance equals its entries") {
		t.Errorf("it ended with %v and said %s", err, &said)
	}
	if len(names) != 2 || names[0] != older || !strings.HasSuffix(names[1], ".backup.faulty") {
		t.Fatalf("the folder holds %v", names)
	}

	cfg.Data = t.TempDir()
	r := restoring{file: filepath.Join(folder, names[1]), out: io.Discard}
	if err := r.run(t.Context(), cfg); err == nil || len(filesOf(t, cfg.Data)) != 0 {
		t.Errorf("restored with %v; the folder holds %v", err, filesOf(t, cfg.Data))
	}
	r.accept = true
	if err := r.run(t.Context(), cfg); err != nil || len(filesOf(t, cfg.Data)) != 1 {
		t.Errorf("accepted with %v; the folder holds %v", err, filesOf(t, cfg.Data))
	}
}

// alone tells whether this process runs no other test; where it does, the test runs in one of its own. What holds for all files of a
// process would hold for the log, too, in which go test has it note what tests read.
func alone(t *testing.T) bool {
	t.Helper()
	const role = "GIFTIMBIZ_TEST_ALONE"
	if os.Getenv(role) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), role+"=1")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// stopGrowth forbids this process files larger than size until the returned function is called.
func stopGrowth(t *testing.T, size uint64) (grow func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // writing fails instead
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
	}
}
