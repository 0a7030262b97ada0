package vault

// SealSecret encrypts what is no voucher's number: an operator's second factor, for example. The result names the key, and is
// bound to its kind and to the id of whose it is.
func (v *Vault) SealSecret(kind string, id int64, plain string) ([]byte, error) {
	return v.seal(plain, func(mark []byte) []byte { return secretBinding(kind, id, mark) })
}

// OpenSecret decrypts what SealSecret made for the same kind and id, with whichever key it was made. It returns
// ErrUnreadable otherwise.
func (v *Vault) OpenSecret(kind string, id int64, sealed []byte) (string, error) {
	return v.open(sealed, func(mark []byte) []byte { return secretBinding(kind, id, mark) })
}

// ResealSecret seals a secret anew, with the key that seals at present.
func (v *Vault) ResealSecret(kind string, id int64, sealed []byte) ([]byte, error) {
	plain, err := v.OpenSecret(kind, id, sealed)
	if err != nil {
		return nil, err
	}
	return v.SealSecret(kind, id, plain)
}

// secretBinding is longer than any binding of a voucher's number, so that neither passes for the other.
func secretBinding(kind string, id int64, mark []byte) []byte {
	return append([]byte("secret\x00"+kind+"\x00"), binding(id, mark)...)
}
