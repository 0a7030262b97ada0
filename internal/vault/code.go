package vault

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What one slow hash costs: about 10 ms and 16 MiB. Codes are short, so the pepper, which is not in the database,
// protects them more than the cost does; the cost bounds what a caller without it can try.
const (
	codeMemoryKiB = 16 << 10
	codePasses    = 1
	codeThreads   = 1
	codeSaltSize  = 16
	codeHashSize  = 32
	codesAtOnce   = 4    // 64 MiB at most; further callers wait
	maxCodeSize   = 1024 // bytes of a code or password
)

// codePrefix stands before salt and hash, in the PHC string format. Another cost would come with another prefix.
var codePrefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, codeMemoryKiB, codePasses, codeThreads)

// ErrCodeTooLong says that a code has more than 1,024 bytes.
var ErrCodeTooLong = errors.New("code too long")

// HashCode returns a slow, salted and peppered hash of a short code or a password, to be stored.
func (v *Vault) HashCode(plain string) (string, error) {
	if len(plain) > maxCodeSize {
		return "", ErrCodeTooLong
	}
	salt := make([]byte, codeSaltSize)
	_, _ = rand.Read(salt) // never fails: it ends the program instead
	enc := base64.RawStdEncoding
	return codePrefix + enc.EncodeToString(salt) + "$" + enc.EncodeToString(v.slowHash(plain, salt)), nil
}

// CheckCode tells whether hash was made from plain. It takes as long for a wrong code as for the right one. A hash that
// HashCode did not make fits no code.
func (v *Vault) CheckCode(hash, plain string) bool {
	rest, ours := strings.CutPrefix(hash, codePrefix)
	saltText, wantText, _ := strings.Cut(rest, "$")
	salt, badSalt := base64.RawStdEncoding.DecodeString(saltText)
	want, badHash := base64.RawStdEncoding.DecodeString(wantText)
	if !ours || badSalt != nil || badHash != nil || len(want) != codeHashSize || len(plain) > maxCodeSize {
		return false
	}
	return subtle.ConstantTimeCompare(want, v.slowHash(plain, salt)) == 1
}

func (v *Vault) slowHash(plain string, salt []byte) []byte {
	v.codes <- struct{}{}
	defer func() { <-v.codes }()
	peppered := keyedHash(v.pepper, "code", []byte(plain))
	return argon2.IDKey(peppered, salt, codePasses, codeMemoryKiB, codeThreads, codeHashSize)
}
