package vault

import (
	"context"
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
	hash, err := v.slowHash(context.Background(), plain, salt)
	return codePrefix + enc.EncodeToString(salt) + "$" + enc.EncodeToString(hash), err
}

// CheckCode tells whether hash was made from plain. It takes as long for a wrong code as for the right one. A hash that
// HashCode did not make fits no code. A caller who leaves while others are being checked costs nothing more: CheckCode
// returns the error of ctx.
func (v *Vault) CheckCode(ctx context.Context, hash, plain string) (bool, error) {
	rest, ours := strings.CutPrefix(hash, codePrefix)
	saltText, wantText, _ := strings.Cut(rest, "$")
	salt, badSalt := base64.RawStdEncoding.DecodeString(saltText)
	want, badHash := base64.RawStdEncoding.DecodeString(wantText)
	if !ours || badSalt != nil || badHash != nil || len(want) != codeHashSize || len(plain) > maxCodeSize {
		return false, nil
	}
	got, err := v.slowHash(ctx, plain, salt)
	return subtle.ConstantTimeCompare(want, got) == 1, err
}

func (v *Vault) slowHash(ctx context.Context, plain string, salt []byte) ([]byte, error) {
	select {
	case v.codes <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-v.codes }()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	peppered := keyedHash(v.pepper, "code", []byte(plain))
	return argon2.IDKey(peppered, salt, codePasses, codeMemoryKiB, codeThreads, codeHashSize), nil
}
