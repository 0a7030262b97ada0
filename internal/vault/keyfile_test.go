package vault_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"giftimbiz/internal/vault"
)

func TestTheFirstStartMakesAKeyFileAndTheSecondReadsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.keys")
	first, err := vault.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	text, _ := os.ReadFile(path)
	if !strings.Contains(string(text), "DO NOT LOSE THIS FILE") {
		t.Error("the file does not say what it is")
	}
	sealed, _ := first.Seal(1, "pin")
	second, err := vault.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := second.Open(1, sealed); err != nil || plain != "pin" {
		t.Errorf("after a restart: %q, %v", plain, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".vault-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestStartsAtOnceAgreeOnOneKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.keys")
	var fingerprints [16]string
	var wg sync.WaitGroup
	for i := range fingerprints {
		wg.Go(func() {
			v, err := vault.LoadOrCreate(path)
			if err != nil {
				t.Error(err)
				return
			}
			fingerprints[i] = v.Fingerprint()
		})
	}
	wg.Wait()
	for _, f := range fingerprints {
		if f == "" || f != fingerprints[0] {
			t.Fatalf("different keys: %v", fingerprints)
		}
	}
}

func TestAKeyFileOthersMayReadIsRefusedWithAdvice(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644, 0o660} {
		path := filepath.Join(t.TempDir(), "vault.keys")
		if err := os.WriteFile(path, vault.Generate(), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := vault.LoadOrCreate(path)
		if err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestAReadOnlyKeyFileIsFine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.keys")
	if err := os.WriteFile(path, vault.Generate(), 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.LoadOrCreate(path); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeAKeyFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"a file too large":     huge,
		"a folder":             dir,
		"in no existing place": filepath.Join(dir, "none", "vault.keys"),
	} {
		if _, err := vault.LoadOrCreate(path); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestKeysAreReadInEveryUsualForm(t *testing.T) {
	want := parse(t, "root "+rootKey, "data 1 "+dataKey1).Fingerprint()
	for name, text := range map[string]string{
		"file":            "# a comment, with a comma\n\nroot " + rootKey + "\ndata 1 " + dataKey1 + "\n",
		"no last newline": "root " + rootKey + "\ndata 1 " + dataKey1,
		"Windows lines":   "root " + rootKey + "\r\ndata 1 " + dataKey1 + "\r\n",
		"commas":          "root " + rootKey + ",data 1 " + dataKey1,
		"loose commas":    " root " + rootKey + " , data  1\t" + dataKey1 + " ,",
		"no padding":      "root " + strings.TrimRight(rootKey, "=") + "\ndata 1 " + dataKey1,
		"indented":        "  # comment\n  root " + rootKey + "\n  data 1 " + dataKey1,
	} {
		v, err := vault.ParseEnv(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if v.Fingerprint() != want {
			t.Errorf("%s: other keys", name)
		}
	}
}

func TestURLBase64IsTheSameKey(t *testing.T) {
	slashes := "/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+8="
	dashes := strings.NewReplacer("/", "_", "+", "-").Replace(slashes)
	if parse(t, "root "+slashes, "data 1 "+dataKey1).Fingerprint() != parse(t, "root "+dashes, "data 1 "+dataKey1).Fingerprint() {
		t.Error("two different keys")
	}
}

func TestBadKeysAreRefusedWithoutShowingThem(t *testing.T) {
	const secret = "c2VjcmV0"
	for name, text := range map[string]string{
		"nothing":              "",
		"comments only":        "# data 1 " + dataKey1,
		"no root":              "data 1 " + dataKey1,
		"no data key":          "root " + rootKey,
		"two roots":            "root " + rootKey + "\nroot " + dataKey1 + "\ndata 1 " + dataKey1,
		"a number twice":       "root " + rootKey + "\ndata 1 " + dataKey1 + "\ndata 1 " + dataKey2,
		"number zero":          "root " + rootKey + "\ndata 0 " + dataKey1,
		"number too large":     "root " + rootKey + "\ndata 4294967296 " + dataKey1,
		"number no number":     "root " + rootKey + "\ndata " + secret + " " + dataKey1,
		"key too short":        "root " + secret + "\ndata 1 " + dataKey1,
		"key too long":         "root " + rootKey + "\ndata 1 " + strings.TrimRight(dataKey1, "=") + secret,
		"key not base64":       "root " + rootKey + "\ndata 1 " + secret + "!!!",
		"an unknown word":      "root " + rootKey + "\ndata 1 " + dataKey1 + "\n" + secret + " 1",
		"a word after the key": "root " + rootKey + " " + secret + "\ndata 1 " + dataKey1,
	} {
		_, err := vault.Parse([]byte(text))
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

func TestGeneratedKeysDiffer(t *testing.T) {
	first, second := parse(t, string(vault.Generate())), parse(t, string(vault.Generate()))
	if first.Fingerprint() == second.Fingerprint() {
		t.Error("the same keys twice")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(vault.Generate())
	f.Add([]byte("root " + rootKey + ",data 1 " + dataKey1))
	f.Add([]byte("data 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := vault.Parse(text)
		if err != nil {
			return
		}
		sealed, err := v.Seal(1, "pin")
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := v.Open(1, sealed); err != nil || plain != "pin" {
			t.Errorf("accepted keys do not work: %q, %v", plain, err)
		}
	})
}
