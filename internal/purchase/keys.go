package purchase

// SecondKeys stands before the idempotency keys of the second version of the API, so that they never meet those of the first:
// partners' keys are visible characters.
const SecondKeys = "\x02"

// maxKey is how many characters an idempotency key may have.
const maxKey = 255

// ValidKey tells whether a partner may send a text as an idempotency key: 1 to 255 visible ASCII characters.
func ValidKey(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return key != "" && len(key) <= maxKey
}
