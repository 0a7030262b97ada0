package vault

import "encoding/binary"

// SealSecret encrypts what is no voucher's number: an operator's second factor, for example. The result names the key, and is
// bound to its kind and to the id of whose it is.
func (v *Vault) SealSecret(kind string, id int64, plain string) ([]byte, error) {
	keyID := binary.BigEndian.AppendUint32(nil, v.newest)
	return v.data[v.newest].Seal(keyID, nil, []byte(plain), secretBinding(kind, id, keyID)), nil
}

// OpenSecret decrypts what SealSecret made for the same kind and id, with whichever key it was made. It returns
// ErrUnreadable otherwise.
func (v *Vault) OpenSecret(kind string, id int64, sealed []byte) (string, error) {
	if len(sealed) < keyIDSize {
		return "", ErrUnreadable
	}
	keyID := sealed[:keyIDSize]
	key := v.data[binary.BigEndian.Uint32(keyID)]
	if key == nil {
		return "", ErrUnreadable
	}
	plain, err := key.Open(nil, nil, sealed[keyIDSize:], secretBinding(kind, id, keyID))
	if err != nil {
		return "", ErrUnreadable
	}
	return string(plain), nil
}

// secretBinding is longer than any binding of a voucher's number, so that neither passes for the other.
func secretBinding(kind string, id int64, keyID []byte) []byte {
	return append([]byte("secret\x00"+kind+"\x00"), binding(id, keyID)...)
}
