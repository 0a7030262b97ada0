package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
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

	"giftimbiz/internal/backup"
)

const maxKeyFile = 64 << 10 // bytes

const keyFileHeader = `# The master keys of this GiftiMBiz installation. Whoever has them and the database can read every voucher number.
#
# DO NOT LOSE THIS FILE. Without it no voucher number can be read again and no partner key works. Keep a copy apart
# from the backups of the database, give every server of the installation the same keys, and let nobody else read
# it (chmod 600).
#
# master N: the highest N encrypts the keys in the database, all decrypt them. For a new one: append the line that
# "giftimbiz keys new --number 2" prints on each server, restart them, then "giftimbiz keys rotate --master"; after
# that the older line may be removed.
`

// Masters holds the master keys, by which the keys in the database are encrypted. Its methods may be called from any
// goroutine.
type Masters struct {
	keys    map[uint32]cipher.AEAD
	backups map[uint32]backup.Key
	newest  uint32
}

// Generate returns the text of a key file: a comment, which only that of number 1 has, and a new master key of a number.
func Generate(number uint32) []byte {
	line := fmt.Appendf(nil, "master %d %s\n", number, base64.StdEncoding.EncodeToString(newKey()))
	if number == 1 {
		return append([]byte(keyFileHeader), line...)
	}
	return line
}

// Parse reads the text of a key file: one key per line (or between commas), "master NUMBER KEY", where KEY is 32 bytes in
// base64 and NUMBER at least 1. Empty lines and lines that begin with # are skipped. Errors name the line, never what
// stands on it.
func Parse(text []byte) (*Masters, error) {
	m := &Masters{keys: map[uint32]cipher.AEAD{}, backups: map[uint32]backup.Key{}}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			continue
		}
		for entry := range strings.SplitSeq(string(line), ",") {
			if err := m.add(strings.Fields(entry)); err != nil {
				return nil, fmt.Errorf("keys, line %d: %w", number, err)
			}
		}
	}
	if len(m.keys) == 0 {
		return nil, errors.New(`keys: want at least one "master NUMBER KEY"`)
	}
	return m, nil
}

// ParseEnv reads keys given in an environment variable: the text of a key file, or its key lines joined with commas.
func ParseEnv(text string) (*Masters, error) { return Parse([]byte(text)) }

func mustParse(text []byte) *Masters {
	m, err := Parse(text)
	if err != nil {
		panic("vault: new master keys do not parse: " + err.Error())
	}
	return m
}

// Newest returns the number of the master key that encrypts.
func (m *Masters) Newest() uint32 { return m.newest }

// String keeps the keys out of anything that prints them.
func (m *Masters) String() string { return fmt.Sprintf("master keys up to %d", m.newest) }

// GoString keeps the keys out of %#v.
func (m *Masters) GoString() string { return m.String() }

// add takes the words of one entry; none is fine.
func (m *Masters) add(words []string) error {
	if len(words) == 0 {
		return nil
	}
	if len(words) != 3 || words[0] != "master" {
		return errors.New(`want "master NUMBER KEY"`)
	}
	number, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil || number == 0 {
		return errors.New("the number of a master key is a whole number of at least 1")
	}
	id := uint32(number)
	if m.keys[id] != nil {
		return fmt.Errorf("a second master key %d", id)
	}
	key, err := decodeKey(words[2])
	if err != nil {
		return err
	}
	m.keys[id], m.backups[id], m.newest = newAEAD(key), backupKeyOf(key), max(m.newest, id)
	return nil
}

// newAEAD returns AES-256-GCM, which makes a random nonce for each ciphertext.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("vault: " + err.Error()) // only for lengths that no key has
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("vault: " + err.Error())
	}
	return aead
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
func LoadOrCreate(path string) (*Masters, error) {
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
	m, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return m, nil
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
	_, err = f.Write(Generate(1))
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
