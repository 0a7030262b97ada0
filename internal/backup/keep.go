package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Keep gives a finished file, which nobody has open, its name in the same folder, once all of it is on the disk. What has that
// name already stays, and Keep fails with fs.ErrExist. Afterwards the temporary name is gone.
func Keep(temporary, name string) error {
	if err := syncPath(temporary); err != nil {
		return err
	}
	if err := rename(temporary, name); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // folders cannot be flushed there
	}
	return syncPath(filepath.Dir(name))
}

// rename is os.Rename that takes no file's place. Where a file cannot have two names, an empty one holds the place.
func rename(from, to string) error {
	err := os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", to, fs.ErrExist)
	}
	place, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(place.Close(), os.Rename(from, to))
	if err != nil {
		err = errors.Join(err, os.Remove(to))
	}
	return err
}

// Missing fails with fs.ErrExist if there is something of a name.
func Missing(name string) error {
	switch _, err := os.Lstat(name); {
	case err == nil:
		return fmt.Errorf("%s: %w", name, fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
