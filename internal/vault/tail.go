package vault

import "strings"

const (
	tailLength   = 4 // letters and digits
	tailHashSize = 8 // bytes; two of a million tails share a hash about as often as never
)

// Tail returns the keyed hash of a number's last four letters and digits, by which vouchers are found without decrypting
// any: nil for a number that has fewer. Capitals and what stands between the characters make no difference. Whoever has
// the database but not the key learns which numbers end alike, and not how.
func (v *Vault) Tail(number string) []byte {
	var kept []byte
	for i := len(number) - 1; i >= 0 && len(kept) < tailLength; i-- {
		if c := number[i]; c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			kept = append(kept, c)
		}
	}
	if len(kept) < tailLength {
		return nil
	}
	return v.Lookup("tail", strings.ToUpper(string(kept)))[:tailHashSize]
}
