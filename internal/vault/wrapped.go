package vault

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
)

// KeyState is what a data key does.
type KeyState int

// A data key goes from one state to the next, and is deleted when nothing is left that it sealed.
const (
	Announced KeyState = iota + 1 // opens: not every node may have it yet
	Sealing                       // seals and opens; there is one
	Leaving                       // opens: what it sealed is being sealed anew
)

// String returns a word for people.
func (s KeyState) String() string {
	return map[KeyState]string{Announced: "announced", Sealing: "sealing", Leaving: "leaving"}[s]
}

// RootNumber is the number of the root key, from which all keys that hash and sign are derived. It never changes.
const RootNumber = 0

// WrappedKey is a key as the database keeps it. Nothing in it is secret but to whoever has its master key.
type WrappedKey struct {
	Number      uint32 // RootNumber, or that of a data key
	State       KeyState
	Master      uint32 // the master key that encrypts it
	Sealed      []byte
	Fingerprint string // tells it from others
}

// ErrOtherKeys says that the master keys given do not open the keys of the database.
var ErrOtherKeys = errors.New("the keys of this server are not those this database was filled with")

// Open returns the vault of a database's keys, all of which the master keys must open: an ErrOtherKeys says which they do
// not, and why.
func (m *Masters) Open(keys []WrappedKey) (*Vault, error) {
	for _, k := range keys {
		if k.Number != RootNumber {
			continue
		}
		root, err := m.unwrap(k)
		if err != nil {
			return nil, err
		}
		v := newVault(m, root)
		if err := v.Learn(keys); err != nil {
			return nil, err
		}
		if v.Sealing() == 0 {
			return nil, errors.New("the database has no key that seals")
		}
		return v, nil
	}
	return nil, errors.New("the database has no root key")
}

// Learn takes over what the database's keys are now. A key that is new and that the master keys do not open is left out, and
// told of by an ErrOtherKeys. What is gone from the database still opens, until the process ends: something may have
// been read before it was sealed anew.
func (v *Vault) Learn(keys []WrappedKey) (err error) {
	v.learning.Lock()
	defer v.learning.Unlock()
	before := v.ring.Load()
	next := &ring{keys: maps.Clone(before.keys), sealing: before.sealing}
	if next.keys == nil {
		next.keys = map[uint32]dataKey{}
	}
	for _, k := range keys {
		if k.Number == RootNumber {
			if k.Fingerprint != v.fingerprint {
				return fmt.Errorf("%w: the database has another root key by now", ErrOtherKeys)
			}
			continue
		}
		if fault := next.learn(v.masters, k); fault != nil {
			err = errors.Join(err, fault)
			continue
		}
		if k.State == Sealing {
			next.sealing = max(next.sealing, k.Number) // of two who read, the one that read first may come second
		}
	}
	v.ring.Store(next)
	return err
}

func (r *ring) learn(m *Masters, k WrappedKey) error {
	if known, ok := r.keys[k.Number]; ok {
		if known.print != k.Fingerprint {
			return fmt.Errorf("%w: the database has another data key %d by now", ErrOtherKeys, k.Number)
		}
		return nil
	}
	key, err := m.unwrap(k)
	if err != nil {
		return err
	}
	r.keys[k.Number] = dataKey{newAEAD(key), k.Fingerprint}
	return nil
}

// FirstKeys makes the keys of a new database: its root, and data key 1, which seals.
func (m *Masters) FirstKeys() []WrappedKey {
	return []WrappedKey{m.wrap(m.newest, RootNumber, Sealing, newKey()), m.wrap(m.newest, 1, Sealing, newKey())}
}

// NewDataKey makes a data key of a number that no other ever had. It is encrypted by the master key of that number, which
// every node has that has the root: the newest may not be everywhere yet. ErrOtherKeys: it is not here.
func (v *Vault) NewDataKey(number, master uint32) (WrappedKey, error) {
	if v.masters.keys[master] == nil {
		return WrappedKey{}, fmt.Errorf("%w: master key %d is missing", ErrOtherKeys, master)
	}
	return v.masters.wrap(master, number, Announced, newKey()), nil
}

// Rewrap encrypts a key by the newest master key. It returns the key as it is when that was done before: by this master key, not by
// another one of its number (ErrOtherKeys).
func (m *Masters) Rewrap(k WrappedKey) (WrappedKey, error) {
	key, err := m.unwrap(k)
	if err != nil {
		return WrappedKey{}, err
	}
	if k.Master == m.newest {
		return k, nil
	}
	return m.wrap(m.newest, k.Number, k.State, key), nil
}

// Fresh returns a vault of new keys that nothing keeps: what it seals can be opened by nothing else, ever.
func Fresh() *Vault {
	m := mustParse(Generate(1))
	v, err := m.Open(m.FirstKeys())
	if err != nil {
		panic("vault: new keys do not open: " + err.Error())
	}
	return v
}

func (m *Masters) wrap(master, number uint32, state KeyState, key []byte) WrappedKey {
	sealed := m.keys[master].Seal(nil, nil, key, wrapBinding(number, master))
	return WrappedKey{Number: number, State: state, Master: master, Sealed: sealed, Fingerprint: fingerprint(key)}
}

// unwrap opens a key and holds it against its fingerprint.
func (m *Masters) unwrap(k WrappedKey) ([]byte, error) {
	master := m.keys[k.Master]
	if master == nil {
		return nil, fmt.Errorf("%w: master key %d is missing, which the %s is encrypted by; add its line from another server's "+
			"key file, or from the file's backup", ErrOtherKeys, k.Master, nameOf(k.Number))
	}
	key, err := master.Open(nil, nil, k.Sealed, wrapBinding(k.Number, k.Master))
	if err != nil {
		return nil, fmt.Errorf("%w: master key %d is another one: it does not open the %s; give the right key file (--key-file), "+
			"GIFTIMBIZ_KEYS or --key-command", ErrOtherKeys, k.Master, nameOf(k.Number))
	}
	if len(key) != keySize || fingerprint(key) != k.Fingerprint {
		return nil, fmt.Errorf("%w: the %s is not the one of its fingerprint", ErrOtherKeys, nameOf(k.Number))
	}
	return key, nil
}

func nameOf(number uint32) string {
	if number == RootNumber {
		return "root key"
	}
	return fmt.Sprintf("data key %d", number)
}

// wrapBinding says what a wrapped key is for, and by which key it is wrapped.
func wrapBinding(number, master uint32) []byte {
	purpose := []byte("giftimbiz data key\x00")
	if number == RootNumber {
		purpose = []byte("giftimbiz root key\x00")
	}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(purpose, number), master)
}

func newKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails: it ends the program instead
	return key
}
