package sample

import "math/bits"

// numbers makes voucher numbers that look drawn at random and never repeat: the n-th is n times a stride, modulo how many
// there are. The stride has no factor in common with the modulus, so all of them come once.
type numbers struct {
	n uint64
}

const (
	lowest  = 100_000_000_000 // twelve digits
	modulus = 900_000_000_000
	stride  = 556_324_899_401
)

func newNumbers(seed int64) numbers { return numbers{n: uint64(seed) % modulus} }

// next returns a number of 12 to 16 digits. All numbers of a brand have the same length and the same beginning.
func (g *numbers) next(brandID int64) string {
	g.n = (g.n + 1) % modulus
	high, low := bits.Mul64(g.n, stride)
	tail := lowest + bits.Rem64(high, low, modulus)

	var b [16]byte
	i := len(b)
	for ; tail > 0; tail /= 10 {
		i--
		b[i] = byte('0' + tail%10)
	}
	for range brandID % 5 {
		i--
		b[i] = byte('1' + (brandID+int64(i))%9)
	}
	return string(b[i:])
}
