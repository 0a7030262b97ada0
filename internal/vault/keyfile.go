package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

const maxKeyFile = 64 << 10 // bytes

const keyFileHeader = `# The keys of this GiftiMBiz installation. Whoever has them and the database can read every voucher number.
#
# DO NOT LOSE THIS FILE. Without it no voucher number can be read again and no partner key works. Keep a copy apart
# from the backups of the database, give every server of the installation the same keys, and let nobody else read
# it (chmod 600).
#
# root: never change it. data N: the highest N encrypts, all decrypt. To add one: stop the servers, append a line
# "data 2 KEY" with the output of "openssl rand -base64 32" as KEY on each, start them. Never remove a line.
`

// Generate returns the text of a new key file: a comment, a root key and the first data key.
func Generate() []byte {
	return fmt.Appendf(nil, "%sroot %s\ndata 1 %s\n", keyFileHeader, newKeyText(), newKeyText())
}

func newKeyText() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(key)
}

// Parse reads the text of a key file: one key per line (or between commas), "root KEY" and "data NUMBER KEY", where KEY
// is 32 bytes in base64 and NUMBER at least 1. Empty lines and lines that begin with # are skipped. Errors name the
// line, never what stands on it.
func Parse(text []byte) (*Vault, error) {
	keys := keySet{data: map[uint32][]byte{}}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			continue
		}
		for entry := range strings.SplitSeq(string(line), ",") {
			if err := keys.add(strings.Fields(entry)); err != nil {
				return nil, fmt.Errorf("keys, line %d: %w", number, err)
			}
		}
	}
	if keys.root == nil || len(keys.data) == 0 {
		return nil, errors.New(`keys: want one "root KEY" and at least one "data NUMBER KEY"`)
	}
	return newVault(keys.root, keys.data)
}

// ParseEnv reads keys given in an environment variable: the text of a key file, or its key lines joined with commas.
func ParseEnv(text string) (*Vault, error) { return Parse([]byte(text)) }

type keySet struct {
	root []byte
	data map[uint32][]byte
}

// add takes the words of one entry; none is fine.
func (s *keySet) add(words []string) error {
	switch {
	case len(words) == 0:
		return nil
	case len(words) == 2 && words[0] == "root":
		if s.root != nil {
			return errors.New("a second root key")
		}
		key, err := decodeKey(words[1])
		s.root = key
		return err
	case len(words) == 3 && words[0] == "data":
		id, err := strconv.ParseUint(words[1], 10, 32)
		if err != nil || id == 0 {
			return errors.New("the number of a data key is a whole number of at least 1")
		}
		if s.data[uint32(id)] != nil {
			return fmt.Errorf("a second data key %d", id)
		}
		s.data[uint32(id)], err = decodeKey(words[2])
		return err
	}
	return errors.New(`want "root KEY" or "data NUMBER KEY"`)
}

var toStdBase64 = strings.NewReplacer("-", "+", "_", "/", "=", "")

func decodeKey(text string) ([]byte, error) {
	key, err := base64.RawStdEncoding.DecodeString(toStdBase64.Replace(text))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("a key is %d bytes in base64; make one with: openssl rand -base64 %d", keySize, keySize)
	}
	return key, nil
}

// LoadOrCreate reads the key file, or makes it when there is none. Processes that start together agree on one file. It
// refuses a file that others than its owner may read.
func LoadOrCreate(path string) (*Vault, error) {
	text, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKeyFile(path); err != nil {
			return nil, fmt.Errorf("create the key file: %w", err)
		}
		text, err = readKeyFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	v, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return v, nil
}

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s is open to others than its owner (mode %04o); close it with: chmod 600 %s", path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("%s is larger than %d bytes: not a key file", path, maxKeyFile)
	}
	return text, err
}

// createKeyFile writes new keys to a file of their own and links it to path, which fails when path exists: nobody ever
// sees half a file, and of several processes one wins. That another one won is no error.
func createKeyFile(path string) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".vault-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(Generate())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name in a folder survive a power cut: vouchers sealed with lost keys would be lost with them.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be flushed there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
