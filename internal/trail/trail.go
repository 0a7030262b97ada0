// Package trail says how the lines of the audit trail are tied together: by a chain of hashes, in which no line can be changed,
// left out or put in without all hashes behind it becoming others. Texts that may have to be erased one day are tied in by a
// salted digest, so that they can be erased without breaking the chain. Whoever wants to check a part of it needs nothing but
// SHA-256: docs/privacy.md and the partners' guide say how.
package trail

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// Hash is a SHA-256. It is written as 64 lower case hexadecimal digits.
type Hash [sha256.Size]byte

// String returns the digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads the digits.
func ParseHash(digits string) (h Hash, err error) {
	b, err := hex.DecodeString(digits)
	if err == nil && (len(b) != len(h) || digits != hex.EncodeToString(b)) {
		err = errors.New("a hash has 64 hexadecimal digits")
	}
	copy(h[:], b)
	return h, err
}

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(digits []byte) (err error) {
	*h, err = ParseHash(string(digits))
	return err
}

// Head is the end of the chain at a moment: how many lines there are, and the hash of the last one. That of no line is 32 zeros.
type Head struct {
	Lines int64
	Hash  Hash
	At    int64 // when the last line was written, in milliseconds since 1970; 0 = there is none
}

// After returns the hash of a line with a digest behind one with a hash.
func After(before, digest Hash) Hash {
	return sha256.Sum256(append(before[:], digest[:]...))
}

// Line is what a line says.
type Line struct {
	Number     int64 // 1, 2, 3 … in the order of the chain
	ID         int64
	At         int64 // milliseconds since 1970
	OperatorID int64
	Action     string
	Subject    string
	Actor      Sealed // one text: the name of who did it
	Address    Sealed // one text: where from
	Content    Sealed // three texts: before, after and note
}

// The first words of what is hashed, so that no hash of one thing is one of another.
const (
	lineWord = "giftimbiz audit line 1"
	textWord = "giftimbiz audit text 1"
)

// Digest returns the digest by which the line stands in the chain.
func (l Line) Digest() Hash {
	return sha256.Sum256(Netstrings(lineWord, number(l.Number), number(l.ID), number(l.At), number(l.OperatorID), l.Action, l.Subject,
		l.Actor.Digest().String(), l.Address.Digest().String(), l.Content.Digest().String()))
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// saltSize is how long salts are, in bytes. Digests are longer: that is what tells one from the other.
const saltSize = 16

// Sealed is a text, or some, that can be erased. Its seal is the salt of its digest; once it is erased, the digest itself. Then
// nobody can find out what it was by trying, for the salt is gone too.
type Sealed struct {
	Seal  []byte
	Texts []string
}

// Seal seals texts with a salt of their own.
func Seal(texts ...string) Sealed {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // it never fails: it ends the program instead
	return Sealed{Seal: salt, Texts: texts}
}

// Erased tells whether the texts were erased.
func (s Sealed) Erased() bool { return len(s.Seal) == sha256.Size }

// Empty tells whether there is nothing to read: the texts were erased, or empty from the beginning.
func (s Sealed) Empty() bool { return strings.Join(s.Texts, "") == "" }

// Erase returns what is left when the texts are erased: as many empty ones.
func (s Sealed) Erase() Sealed {
	digest := s.Digest()
	return Sealed{Seal: digest[:], Texts: make([]string, len(s.Texts))}
}

// Digest returns the digest by which the texts stand in their line.
func (s Sealed) Digest() Hash {
	if s.Erased() {
		return Hash(s.Seal)
	}
	return sha256.Sum256(Netstrings(append([]string{textWord, hex.EncodeToString(s.Seal)}, s.Texts...)...))
}

// Netstrings writes texts so that no others are written the same: the length of each in bytes, a colon, the text, a comma.
func Netstrings(texts ...string) []byte {
	var b []byte
	for _, text := range texts {
		b = strconv.AppendInt(b, int64(len(text)), 10)
		b = append(append(append(b, ':'), text...), ',')
	}
	return b
}
