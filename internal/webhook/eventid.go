package webhook

import (
	"errors"
	"strings"

	"giftimbiz/internal/gift"
)

const (
	eventPrefix = "evt_"
	idDigits    = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // in the order of their bytes, so that texts sort like the numbers
	idLength    = 13
)

// ErrBadID says that a text is no event's number.
var ErrBadID = errors.New("not an event's number such as evt_0AND54RRG0000")

// EventID is an event's number as partners see it. Later events have greater ones, compared as texts.
func EventID(id gift.ID) string {
	var b [idLength]byte
	for i, v := len(b)-1, uint64(id); i >= 0; i, v = i-1, v>>5 {
		b[i] = idDigits[v&31]
	}
	return eventPrefix + string(b[:])
}

// ParseEventID reads what EventID returned.
func ParseEventID(text string) (gift.ID, error) {
	digits, ok := strings.CutPrefix(text, eventPrefix)
	if !ok || len(digits) != idLength {
		return 0, ErrBadID
	}
	var v uint64
	for _, c := range []byte(digits) {
		digit := strings.IndexByte(idDigits, c)
		if digit < 0 {
			return 0, ErrBadID
		}
		v = v<<5 | uint64(digit)
	}
	if id := gift.ID(v); id >= 0 && EventID(id) == text {
		return id, nil
	}
	return 0, ErrBadID
}
