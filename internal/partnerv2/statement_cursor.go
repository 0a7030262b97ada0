package partnerv2

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"net/url"

	"giftimbiz/internal/gift"
)

// A cursor of a list that is sorted by numbers, the newest first, is the last number of a page, and a sum of what was asked for:
// of anything else the page behind would make no sense. The line of an order stands at its end.
const cursorSize = 8 + 4

// before reads where a page begins: 0 = at the newest.
func (c *call) before(q *query) gift.ID { return c.behind(q).OrderID }

// behind is before for a list of lines of orders: zero = at the newest.
func (c *call) behind(q *query) (last gift.Place) {
	text := q.text("cursor")
	if text == "" {
		return last
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil && len(raw) > cursorSize && binary.BigEndian.Uint32(raw[8:]) == c.asked(q) {
		line, size := binary.Uvarint(raw[cursorSize:])
		last = gift.Place{OrderID: gift.ID(binary.BigEndian.Uint64(raw)), Line: int64(line)}
		if size == len(raw)-cursorSize && last.OrderID > 0 && line <= maxUnits {
			return last
		}
	}
	q.fail(wrongParameter("cursor", "이 목록과 조건의 next 값이 아닙니다.", "want the next of this list, with the same filters."))
	return gift.Place{}
}

// cursor is where the page behind a number begins.
func (c *call) cursor(q *query, last gift.ID) string { return c.cursorAt(q, gift.Place{OrderID: last}) }

// cursorAt is where the page behind a line of an order begins.
func (c *call) cursorAt(q *query, last gift.Place) string {
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, cursorSize+1), uint64(last.OrderID))
	raw = binary.BigEndian.AppendUint32(raw, c.asked(q))
	return base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(raw, uint64(last.Line)))
}

// asked sums up the list and its filters: all parameters but those that say which part of it is meant.
func (c *call) asked(q *query) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.r.URL.Path)) // a hash's Write never fails
	filters := make(map[string][]string, len(q.values))
	for name, values := range q.values {
		if name != "cursor" && name != "limit" {
			filters[name] = values
		}
	}
	_, _ = h.Write([]byte("?" + url.Values(filters).Encode()))
	return h.Sum32()
}
