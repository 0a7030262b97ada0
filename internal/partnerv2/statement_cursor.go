package partnerv2

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"net/url"

	"giftimbiz/internal/gift"
)

// A cursor of a list that is sorted by numbers, the newest first, is the last number of a page, and a sum of what was asked for:
// of anything else the page behind would make no sense.
const cursorSize = 8 + 4

// before reads where a page begins: 0 = at the newest.
func (c *call) before(q *query) gift.ID {
	text := q.text("cursor")
	if text == "" {
		return 0
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != cursorSize || binary.BigEndian.Uint32(raw[8:]) != c.asked(q) {
		q.fail(wrongParameter("cursor", "이 목록과 조건의 next 값이 아닙니다.", "want the next of this list, with the same filters."))
		return 0
	}
	return gift.ID(binary.BigEndian.Uint64(raw))
}

// cursor is where the page behind a number begins.
func (c *call) cursor(q *query, last gift.ID) string {
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, cursorSize), uint64(last))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(raw, c.asked(q)))
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
