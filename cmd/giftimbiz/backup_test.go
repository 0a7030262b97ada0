package main

import (
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"giftimbiz/internal/storage"
)

// TestAFullDiskLeavesNoBackupBehind lets no file grow beyond a size, as a full disk does: while the backup is written, and, when
// there is room for that, while it is restored for a trial.
func TestAFullDiskLeavesNoBackupBehind(t *testing.T) {
	cfg := newConfig()
	cfg.Data = t.TempDir()
	db, err := storage.OpenOrCreate(t.Context(), cfg.database())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
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
		entries, err := os.ReadDir(folder)
		if err != nil || len(entries) != 1 {
			t.Errorf("with room for %d bytes: the folder holds %v, %v", size, entries, err)
		}
	}
	if err := backUp("full"); err != nil {
		t.Errorf("with room again: %v", err)
	}
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
