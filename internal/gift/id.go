package gift

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ID numbers an order or a ledger transaction: 41 bits of milliseconds since 2024, 9 bits of node, 13 bits of counter.
// IDs grow with time, so a range of IDs is a range of time.
type ID int64

var idEpoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

const (
	nodeBits    = 9
	counterBits = 13
)

// lastMillisecond is the last that fits into an ID, in the year 2093.
const lastMillisecond = 1<<(63-nodeBits-counterBits) - 1

// FirstIDAt returns the lowest ID that could be made at t, or the lowest or highest of all when t is too early or too late
// for any.
func FirstIDAt(t time.Time) ID {
	ms := min(max(t.UnixMilli()-idEpoch, 0), lastMillisecond)
	return ID(ms << (nodeBits + counterBits))
}

// Time returns when the ID was made, to the millisecond.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(id)>>(nodeBits+counterBits) + idEpoch)
}

// Node returns the number of the node that made the ID.
func (id ID) Node() int64 { return int64(id) >> counterBits & (1<<nodeBits - 1) }

// Nodes is how many nodes can make IDs at once; their numbers are 0 to Nodes-1.
const Nodes = 1 << nodeBits

// IDMaker makes IDs for one node. Its methods may be called from any goroutine.
type IDMaker struct {
	now func() time.Time

	mu   sync.Mutex
	node int64 // guarded by mu
	next ID    // guarded by mu: the lowest that may be made
}

// NewIDMaker returns a maker for the node with the given number (taken modulo 512). Two nodes that run at once must not
// share a number.
func NewIDMaker(node int64, now func() time.Time) *IDMaker {
	return &IDMaker{node: node % Nodes, now: now}
}

// Next returns an ID higher than any this maker returned before, also when the clock was set back.
func (m *IDMaker) Next() ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := max(firstOf(FirstIDAt(m.now()), m.node), m.next)
	m.next = id + 1
	if m.next.Node() != m.node { // the counter ran into the node's bits: borrow the next millisecond
		m.next = firstOf(afterMillisecond(id), m.node)
	}
	return id
}

// Continue goes on as another node, or the same, with IDs that are neither before the given time nor lower than any that
// were made before.
func (m *IDMaker) Continue(node int64, from time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.node = node % Nodes
	m.next = firstOf(max(FirstIDAt(from), afterMillisecond(m.next)), m.node)
}

// Bound returns a time that all IDs made are before. While the clock is not set back, it is hardly ahead of it.
func (m *IDMaker) Bound() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return afterMillisecond(m.next).Time()
}

// afterMillisecond returns the lowest ID of the next millisecond.
func afterMillisecond(id ID) ID { return (id>>(nodeBits+counterBits) + 1) << (nodeBits + counterBits) }

// firstOf returns the node's first ID of a millisecond, which is given by its lowest ID.
func firstOf(millisecond ID, node int64) ID { return millisecond | ID(node<<counterBits) }

// OrderRef is an order's number as partners see it: the day in Seoul, a hyphen and 13 characters, all in time order;
// with "TEST-" before it for sandbox orders. At most 32 characters of [0-9A-Za-z-].
type OrderRef string

// VoucherRef names a voucher or coupon as partners see it: its order, a full stop and its line, from 1 up.
type VoucherRef string

// Voucher names a line of the order.
func (r OrderRef) Voucher(line int64) VoucherRef {
	return VoucherRef(string(r) + "." + strconv.FormatInt(line, 10))
}

const (
	refDigits  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	testPrefix = "TEST-"
)

// idDigits is how many digits an ID has.
const idDigits = 13

// Digits returns the ID in 13 characters of [0-9A-Z], whose order is that of IDs.
func (id ID) Digits() string {
	var b [idDigits]byte
	for i, v := len(b)-1, uint64(id); i >= 0; i, v = i-1, v>>5 {
		b[i] = refDigits[v&31]
	}
	return string(b[:])
}

// ErrBadDigits says that a text is not what Digits returns.
var ErrBadDigits = errors.New("not the digits of a number")

// ParseDigits reads what Digits returned.
func ParseDigits(s string) (ID, error) {
	if len(s) != idDigits {
		return 0, ErrBadDigits
	}
	var v uint64
	for _, c := range []byte(s) {
		digit := strings.IndexByte(refDigits, c)
		if digit < 0 {
			return 0, ErrBadDigits
		}
		v = v<<5 | uint64(digit)
	}
	if id := ID(v); id >= 0 && id.Digits() == s {
		return id, nil
	}
	return 0, ErrBadDigits
}

// Ref returns the partner's name for the order.
func (id ID) Ref(sandbox bool) OrderRef {
	ref := id.Time().In(Seoul).Format("20060102") + "-" + id.Digits()
	if sandbox {
		ref = testPrefix + ref
	}
	return OrderRef(ref)
}

// ErrBadRef says that a text is no order's number.
var ErrBadRef = errors.New("not an order number")

// ParseRef reads an order's number; the text must be exactly what Ref returned.
func ParseRef(s string) (id ID, sandbox bool, err error) {
	rest, sandbox := strings.CutPrefix(s, testPrefix)
	if len(rest) != 8+1+idDigits {
		return 0, false, ErrBadRef
	}
	id, err = ParseDigits(rest[9:])
	if err != nil || string(id.Ref(sandbox)) != s {
		return 0, false, ErrBadRef
	}
	return id, sandbox, nil
}
