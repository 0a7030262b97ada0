package main

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// shortestSecret is how many bytes a secret must have to be looked for: what is shorter stands somewhere by chance.
const shortestSecret = 8

// secrets are what must not be found where it does not belong, in clear or in another form that anybody can read. Its methods may
// be called from any goroutine until the search begins.
type secrets struct {
	t testing.TB

	mu    sync.Mutex
	names map[string]string // what a secret is, by the secret; guarded by mu

	planted string // stands in every place that is searched: a place without it was not searched
	starts  [1 << 20]bool
	forms   map[uint32][]form // by their first four bytes
}

// form is one of the ways in which a secret may stand somewhere.
type form struct {
	of, as string
	text   []byte
}

func newSecrets(t testing.TB, planted string) *secrets {
	s := &secrets{t: t, names: map[string]string{}, planted: planted, forms: map[uint32][]form{}}
	s.know("planted", planted)
	return s
}

// know has a secret be looked for. It returns it.
func (s *secrets) know(name, secret string) string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(secret) < shortestSecret {
		s.t.Errorf("the %s has %d bytes only", name, len(secret))
		return secret
	}
	if s.names[secret] == "" {
		s.names[secret] = name
		for _, f := range formsOf(name, secret) {
			start := binary.LittleEndian.Uint32(f.text)
			s.starts[bucket(start)] = true
			s.forms[start] = append(s.forms[start], f)
		}
	}
	return secret
}

func bucket(start uint32) uint32 { return start * 2654435761 >> 12 }

// formsOf writes a secret in every way that anybody can read again.
func formsOf(name, secret string) []form {
	var all []form
	add := func(as, text string) {
		for _, f := range all {
			if string(f.text) == text {
				return
			}
		}
		if len(text) >= shortestSecret {
			all = append(all, form{of: name, as: as, text: []byte(text)})
		}
	}
	for of, text := range map[string]string{"": secret, "what it encodes, ": rawOf(secret)} {
		add(of+"in clear", text)
		add(of+"in hex", hex.EncodeToString([]byte(text)))
		add(of+"in hex", strings.ToUpper(hex.EncodeToString([]byte(text))))
		for before := range 3 {
			add(of+"in base64", inBase64(base64.RawStdEncoding, text, before))
			add(of+"in base64", inBase64(base64.RawURLEncoding, text, before))
		}
		add(of+"in an address", url.QueryEscape(text))
		add(of+"in an address", url.PathEscape(text))
	}
	return all
}

// inBase64 is what stands in base64 of a text that so many bytes are before, modulo 3, and that others may follow.
func inBase64(encoding *base64.Encoding, text string, before int) string {
	whole := encoding.EncodeToString(append(make([]byte, before), text...))
	begins := (before*8 + 5) / 6
	ends := (before + len(text)) * 8 / 6
	if begins >= ends {
		return ""
	}
	return whole[begins:ends]
}

// rawOf returns the bytes of a secret that is a key in base64 or base32, or "".
func rawOf(secret string) string {
	text := secret[strings.LastIndexAny(secret, "_ ")+1:]
	for _, decode := range []func(string) ([]byte, error){
		base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString, base64.RawURLEncoding.DecodeString,
		base64.RawStdEncoding.DecodeString, base64.StdEncoding.DecodeString,
	} {
		if raw, err := decode(text); err == nil && len(raw) >= 16 {
			return string(raw)
		}
	}
	return ""
}

// find returns the forms of secrets that stand in a text.
func (s *secrets) find(text []byte) (found []form) {
	known := map[string]bool{}
	for i := 0; i+4 <= len(text); i++ {
		start := binary.LittleEndian.Uint32(text[i:])
		if !s.starts[bucket(start)] {
			continue
		}
		for _, f := range s.forms[start] {
			if id := f.of + f.as; bytes.HasPrefix(text[i:], f.text) && !known[id] {
				known[id] = true
				found = append(found, f)
			}
		}
	}
	return found
}

// look searches a text. It reports whether what was planted stands in it.
func (s *secrets) look(place string, text []byte) (planted bool) {
	s.t.Helper()
	for _, f := range s.find(text) {
		if f.of == "planted" {
			planted = true
			continue
		}
		s.t.Errorf("%s: the %s stands there %s", place, f.of, f.as)
	}
	return planted
}

// expect searches a text that holds what was planted.
func (s *secrets) expect(place string, text []byte) {
	s.t.Helper()
	if !s.look(place, text) {
		s.t.Errorf("%s: what was planted is not found, so that nothing would be (%d bytes)", place, len(text))
	}
}

// expectIn searches all files of a folder, one of which holds what was planted, but for those that are there to keep secrets.
func (s *secrets) expectIn(place, folder string, keepers ...string) {
	s.t.Helper()
	planted := false
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a server is at work there
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		for _, name := range keepers {
			if entry.Name() == name {
				return nil
			}
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if s.look(fmt.Sprintf("%s, %s", place, entry.Name()), text) {
			planted = true
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
	if !planted {
		s.t.Errorf("%s: what was planted is not found, so that nothing would be", place)
	}
}

// TestASecretIsFoundInWhateverFormItStands is for the search itself.
func TestASecretIsFoundInWhateverFormItStands(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789ABCDEF"))
	for _, secret := range []string{"gmt_planted+Secret/0", "9000123456781234", "whsec_" + key, key} {
		s := newSecrets(t, "something else")
		s.know("secret", secret)
		forms := map[string]string{
			"in clear": secret, "in hex": hex.EncodeToString([]byte(secret)), "in an address": url.QueryEscape(secret),
			"in upper-case hex": fmt.Sprintf("%X", secret),
		}
		if raw := rawOf(secret); raw != "" {
			forms["its bytes"], forms["its bytes in hex"] = raw, hex.EncodeToString([]byte(raw))
		}
		for before := range 5 {
			text := strings.Repeat("x", before) + secret + "yz"
			forms[fmt.Sprintf("in base64 behind %d bytes", before)] = base64.StdEncoding.EncodeToString([]byte(text))
			forms[fmt.Sprintf("in base64 for addresses behind %d bytes", before)] = base64.URLEncoding.EncodeToString([]byte(text))
		}
		for form, text := range forms {
			for _, at := range []string{"", "x", "level=DEBUG msg=\"", strings.Repeat("\x00", 4096)} {
				if found := s.find([]byte(at + text + "\"\n")); len(found) == 0 || found[0].of != "secret" {
					t.Errorf("%s: %q is not found", form, at+text)
				}
			}
		}
		if found := s.find([]byte(strings.Repeat(secret[:len(secret)-1]+"\n"+secret[1:]+"\n", 3))); len(found) > 0 && rawOf(secret) == "" {
			t.Errorf("%q is found where only a part of it stands: %s", secret, found[0].as)
		}
	}
}
