// Package vault keeps secrets secret: it encrypts voucher numbers, hashes what must be found again, signs capabilities
// and checks manager codes, all with keys from one file that never enters the database.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"giftimbiz/internal/backup"
)

const (
	keySize   = 32
	keyIDSize = 4 // bytes before each ciphertext that name its key
)

// ErrUnreadable says that a ciphertext was damaged, belongs to another unit, or was made with a key we do not have.
var ErrUnreadable = errors.New("vault: the number cannot be decrypted")

// Vault holds the keys. Its methods may be called from any goroutine.
type Vault struct {
	lookupKey     []byte
	capabilityKey []byte
	pepper        []byte
	tokenKey      []byte
	backupKey     backup.Key
	fingerprint   string
	data          map[uint32]cipher.AEAD
	dataPrints    map[uint32]string
	newest        uint32
	codes         chan struct{} // bounds the slow hashes that run at once
	signers       sync.Pool     // of *signer
}

func newVault(root []byte, data map[uint32][]byte) (*Vault, error) {
	v := &Vault{
		lookupKey: derive(root, "lookup"), capabilityKey: derive(root, "capability"), pepper: derive(root, "pepper"),
		tokenKey: derive(root, "tokens"), backupKey: backupKeyOf(root), fingerprint: fingerprint(root), data: map[uint32]cipher.AEAD{},
		dataPrints: map[uint32]string{}, codes: make(chan struct{}, codesAtOnce),
	}
	v.signers.New = func() any { return newSigner(v.capabilityKey) }
	for id, key := range data {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if v.data[id], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
		v.dataPrints[id] = fingerprint(key)
		v.newest = max(v.newest, id)
	}
	return v, nil
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

// Seal encrypts a unit's number with the newest key. The result names the key and is bound to the unit.
func (v *Vault) Seal(unit int64, plain string) ([]byte, error) {
	id := binary.BigEndian.AppendUint32(nil, v.newest)
	return v.data[v.newest].Seal(id, nil, []byte(plain), binding(unit, id)), nil
}

// Open decrypts what Seal made for the same unit, with whichever key it was made. It returns ErrUnreadable otherwise.
func (v *Vault) Open(unit int64, sealed []byte) (string, error) {
	if len(sealed) < keyIDSize {
		return "", ErrUnreadable
	}
	id := sealed[:keyIDSize]
	key := v.data[binary.BigEndian.Uint32(id)]
	if key == nil {
		return "", ErrUnreadable
	}
	plain, err := key.Open(nil, nil, sealed[keyIDSize:], binding(unit, id))
	if err != nil {
		return "", ErrUnreadable
	}
	return string(plain), nil
}

func binding(unit int64, keyID []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(unit)), keyID...)
}

// Lookup returns the 32-byte keyed hash under which a value is found again. Kinds keep the hashes of different things
// apart.
func (v *Vault) Lookup(kind, value string) []byte { return keyedHash(v.lookupKey, kind, []byte(value)) }

// TokenKey returns the key that tokens are signed with.
func (v *Vault) TokenKey() []byte { return slices.Clone(v.tokenKey) }

// Fingerprint tells two root keys apart without giving anything away.
func (v *Vault) Fingerprint() string { return v.fingerprint }

// DataFingerprints does the same for the data keys, by their numbers.
func (v *Vault) DataFingerprints() map[uint32]string { return maps.Clone(v.dataPrints) }

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
