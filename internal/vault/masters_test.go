package vault_test

import (
	"bytes"
	"errors"
	"fmt"
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
	second, err := vault.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Open(first.FirstKeys()); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".vault-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestStartsAtOnceAgreeOnOneKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.keys")
	var all [16]*vault.Masters
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			var err error
			if all[i], err = vault.LoadOrCreate(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	keys := all[0].FirstKeys()
	for _, m := range all {
		open(t, m, keys)
	}
}

func TestAKeyFileOthersMayReadIsRefusedWithAdvice(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644, 0o660} {
		path := filepath.Join(t.TempDir(), "vault.keys")
		if err := os.WriteFile(path, vault.Generate(1), 0o600); err != nil {
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
	if err := os.WriteFile(path, vault.Generate(1), 0o400); err != nil {
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
	keys := masters(t, "master 1 "+master1, "master 2 "+master2).FirstKeys()
	for name, text := range map[string]string{
		"file":            "# a comment, with a comma\n\nmaster 1 " + master1 + "\nmaster 2 " + master2 + "\n",
		"other order":     "master 2 " + master2 + "\nmaster 1 " + master1,
		"the newest only": "master 2 " + master2,
		"Windows lines":   "master 1 " + master1 + "\r\nmaster 2 " + master2 + "\r\n",
		"commas":          "master 1 " + master1 + ",master 2 " + master2,
		"loose commas":    " master 1 " + master1 + " , master  2\t" + master2 + " ,",
		"no padding":      "master 2 " + strings.TrimRight(master2, "="),
		"indented":        "  # comment\n  master 2 " + master2,
	} {
		m, err := vault.ParseEnv(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if _, err := m.Open(keys); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestURLBase64IsTheSameKey(t *testing.T) {
	slashes := "/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+8="
	dashes := strings.NewReplacer("/", "_", "+", "-").Replace(slashes)
	open(t, masters(t, "master 1 "+dashes), masters(t, "master 1 "+slashes).FirstKeys())
}

func TestBadKeysAreRefusedWithoutShowingThem(t *testing.T) {
	const secret = "c2VjcmV0"
	for name, text := range map[string]string{
		"nothing":              "",
		"comments only":        "# master 1 " + master1,
		"a number twice":       "master 1 " + master1 + "\nmaster 1 " + master2,
		"number zero":          "master 0 " + master1,
		"number too large":     "master 4294967296 " + master1,
		"number no number":     "master " + secret + " " + master1,
		"no number":            "master " + master1,
		"key too short":        "master 1 " + secret,
		"key too long":         "master 1 " + strings.TrimRight(master1, "=") + secret,
		"key not base64":       "master 1 " + secret + "!!!",
		"an unknown word":      "master 1 " + master1 + "\n" + secret + " 1 " + master2,
		"a word after the key": "master 1 " + master1 + " " + secret,
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
	first, second := masters(t, string(vault.Generate(1))), masters(t, string(vault.Generate(1)))
	if _, err := second.Open(first.FirstKeys()); !errors.Is(err, vault.ErrOtherKeys) {
		t.Error("the same keys twice:", err)
	}
	if both := masters(t, string(vault.Generate(1))+string(vault.Generate(2))); both.Newest() != 2 {
		t.Errorf("the newest of two is %d", both.Newest())
	}
}

func TestMasterKeysAreNeverPrinted(t *testing.T) {
	m := masters(t, "master 1 "+master1)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, m); got != "master keys up to 1" {
			t.Errorf("%s prints %d characters", verb, len(got))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(vault.Generate(1))
	f.Add([]byte("master 1 " + master1 + ",master 2 " + master2))
	f.Add([]byte("master 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		// Whatever stands before a key, and however a key is spoilt, an error does not name it.
		for _, spoilt := range []string{"\nmaster 1 " + master1, "\nmaster 0 " + master1, "master " + master1, ",master 2 " + master1[1:]} {
			_, err := vault.Parse(append(bytes.Clone(text), spoilt...))
			if err != nil && (strings.Contains(err.Error(), master1[1:9]) || len(err.Error()) > 200) {
				t.Errorf("the error is %q", err)
			}
		}
		m, err := vault.Parse(text)
		if err != nil {
			return
		}
		if m.Newest() == 0 {
			t.Error("the newest key has no number")
		}
		sealed, err := open(t, m, m.FirstKeys()).Seal(1, "pin")
		if err != nil || len(sealed) == 0 {
			t.Errorf("accepted keys do not work: %v", err)
		}
	})
}

// FuzzOpen opens what was not sealed, or for something else: it never opens, and the error does not name what is inside.
func FuzzOpen(f *testing.F) {
	v := oneKey(f)
	const number = "900012345678"
	right, err := v.Seal(7, number)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(right, int64(7))
	f.Add(right, int64(8))
	f.Add(right[:len(right)-1], int64(7))
	f.Add([]byte{}, int64(0))
	f.Fuzz(func(t *testing.T, sealed []byte, unit int64) {
		plain, err := v.Open(unit, sealed)
		switch {
		case err == nil && !(unit == 7 && bytes.Equal(sealed, right) && plain == number):
			t.Errorf("%x opens as unit %d", sealed, unit)
		case err != nil && (plain != "" || strings.Contains(err.Error(), number)):
			t.Errorf("beside an error stands %q; the error is %q", plain, err)
		}
	})
}
