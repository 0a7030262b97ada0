// Package vault keeps secrets secret: it encrypts voucher numbers, hashes what must be found again, signs capabilities
// and checks manager codes. Its keys lie in the database, each encrypted by a master key that never enters it.
package vault

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	keySize   = 32
	keyIDSize = 4 // bytes before each ciphertext that name its key
)

// ErrUnreadable says that a ciphertext was damaged, belongs to another unit, or was made with a key we do not have.
var ErrUnreadable = errors.New("vault: the number cannot be decrypted")

// Vault holds the keys. Its methods may be called from any goroutine.
type Vault struct {
	masters       *Masters
	lookupKey     []byte
	capabilityKey []byte
	pepper        []byte
	tokenKey      []byte
	fingerprint   string
	ring          atomic.Pointer[ring]
	learning      sync.Mutex    // whoever has it replaces ring
	codes         chan struct{} // bounds the slow hashes that run at once
	signers       sync.Pool     // of *signer
}

// ring is the data keys. It never changes.
type ring struct {
	keys    map[uint32]dataKey
	sealing uint32
}

type dataKey struct {
	aead  cipher.AEAD
	print string
}

func newVault(masters *Masters, root []byte) *Vault {
	v := &Vault{
		masters: masters, lookupKey: derive(root, "lookup"), capabilityKey: derive(root, "capability"),
		pepper: derive(root, "pepper"), tokenKey: derive(root, "tokens"), fingerprint: fingerprint(root),
		codes: make(chan struct{}, codesAtOnce),
	}
	v.signers.New = func() any { return newSigner(v.capabilityKey) }
	v.ring.Store(&ring{})
	return v
}

// derive returns a key of its own for each purpose.
func derive(root []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, root, nil, "giftimbiz "+purpose, keySize)
	if err != nil {
		panic(fmt.Sprintf("vault: %v", err)) // only for lengths that no purpose asks for
	}
	return key
}

// fingerprint tells a key from others without giving anything of it away.
func fingerprint(key []byte) string { return hex.EncodeToString(derive(key, "fingerprint")[:16]) }

// Seal encrypts a unit's number with the key that seals at present. The result names the key and is bound to the unit.
func (v *Vault) Seal(unit int64, plain string) ([]byte, error) {
	return v.seal(plain, func(mark []byte) []byte { return binding(unit, mark) })
}

// Open decrypts what Seal made for the same unit, with whichever key it was made. It returns ErrUnreadable otherwise.
func (v *Vault) Open(unit int64, sealed []byte) (string, error) {
	return v.open(sealed, func(mark []byte) []byte { return binding(unit, mark) })
}

// Reseal seals a unit's number anew, with the key that seals at present.
func (v *Vault) Reseal(unit int64, sealed []byte) ([]byte, error) {
	plain, err := v.Open(unit, sealed)
	if err != nil {
		return nil, err
	}
	return v.Seal(unit, plain)
}

func (v *Vault) seal(plain string, bound func(mark []byte) []byte) ([]byte, error) {
	r := v.ring.Load()
	mark := Mark(r.sealing)
	return r.keys[r.sealing].aead.Seal(slices.Clone(mark), nil, []byte(plain), bound(mark)), nil
}

func (v *Vault) open(sealed []byte, bound func(mark []byte) []byte) (string, error) {
	if len(sealed) < keyIDSize {
		return "", ErrUnreadable
	}
	mark := sealed[:keyIDSize:keyIDSize]
	key, known := v.ring.Load().keys[binary.BigEndian.Uint32(mark)]
	if !known {
		return "", ErrUnreadable
	}
	plain, err := key.aead.Open(nil, nil, sealed[keyIDSize:], bound(mark))
	if err != nil {
		return "", ErrUnreadable
	}
	return string(plain), nil
}

// Mark returns the bytes with which everything begins that is sealed under a data key.
func Mark(number uint32) []byte { return binary.BigEndian.AppendUint32(nil, number) }

func binding(unit int64, mark []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(unit)), mark...)
}

// Lookup returns the 32-byte keyed hash under which a value is found again. Kinds keep the hashes of different things
// apart.
func (v *Vault) Lookup(kind, value string) []byte { return keyedHash(v.lookupKey, kind, []byte(value)) }

// TokenKey returns the key that tokens are signed with.
func (v *Vault) TokenKey() []byte { return slices.Clone(v.tokenKey) }

// Fingerprint tells two root keys apart without giving anything away.
func (v *Vault) Fingerprint() string { return v.fingerprint }

// Sealing returns the number of the data key that seals at present.
func (v *Vault) Sealing() uint32 { return v.ring.Load().sealing }

// String keeps the keys out of anything that prints a Vault.
func (v *Vault) String() string { return "vault " + v.fingerprint }

// GoString keeps the keys out of %#v.
func (v *Vault) GoString() string { return v.String() }

func keyedHash(key []byte, kind string, data []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(kind)) // a hash's Write never fails
	mac.Write([]byte{0})
	mac.Write(data)
	return mac.Sum(nil)
}
