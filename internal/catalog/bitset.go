package catalog

import "math/bits"

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) has(n int32) bool {
	w := int(n >> 6)
	return w < len(b) && b[w]&(1<<(n&63)) != 0
}

// set adds n, which must be below the size the set was made for.
func (b bitset) set(n int32) { b[n>>6] |= 1 << (n & 63) }

func (b bitset) remove(n int32) {
	if w := int(n >> 6); w < len(b) {
		b[w] &^= 1 << (n & 63)
	}
}

// grown returns the set with room for n numbers. The set itself may be its memory.
func (b bitset) grown(n int) bitset {
	for len(b) < (n+63)/64 {
		b = append(b, 0)
	}
	return b
}

// and keeps what is in o too.
func (b bitset) and(o bitset) {
	n := min(len(b), len(o))
	for i := range n {
		b[i] &= o[i]
	}
	clear(b[n:])
}

func (b bitset) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// each calls fn with every number in ascending order.
func (b bitset) each(fn func(n int32)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			fn(int32(i<<6 + bits.TrailingZeros64(w)))
		}
	}
}
