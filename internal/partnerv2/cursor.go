package partnerv2

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"strings"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
)

// Cursors and sync tokens are opaque to callers: a version, in cursors a hash of the filters they belong to, and numbers.
const (
	cursorVersion = 1
	syncVersion   = 2
)

// cursor is where a list goes on.
type cursor struct{ numbers []int64 }

// write makes a cursor of a list with these filters.
func (cur cursor) write(filters string) string {
	b := binary.BigEndian.AppendUint64([]byte{cursorVersion}, hashed(filters))
	for _, n := range cur.numbers {
		b = binary.AppendVarint(b, n)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// readCursor reads so many numbers; false for what is no cursor of a list with these filters. There is one text for each cursor.
func readCursor(text, filters string, numbers int) (cur cursor, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 9 || b[0] != cursorVersion || binary.BigEndian.Uint64(b[1:]) != hashed(filters) {
		return cur, false
	}
	cur.numbers, ok = varints(b[9:], numbers)
	return cur, ok && cur.write(filters) == text
}

func hashed(filters string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(filters)) // never fails
	return h.Sum64()
}

func varints(b []byte, n int) (numbers []int64, ok bool) {
	for range n {
		v, size := binary.Varint(b)
		if size <= 0 {
			return nil, false
		}
		numbers, b = append(numbers, v), b[size:]
	}
	return numbers, len(b) == 0
}

// filtersOf writes what a list is asked for, however its parameters stand, without where it goes on and how long a page is.
func (c *call) filtersOf(q *query) string {
	var b strings.Builder
	b.WriteString(c.r.URL.Path)
	for _, name := range q.known {
		if name == "cursor" || name == "limit" {
			continue
		}
		for _, value := range q.values[name] {
			b.WriteString("\x00" + name + "\x00" + value)
		}
	}
	return b.String()
}

// cursor returns where the list goes on, as so many numbers: nil = it begins. The other parameters must be read before.
func (c *call) cursor(q *query, numbers int) []int64 {
	filters := c.filtersOf(q)
	text := q.text("cursor")
	if text == "" {
		return nil
	}
	cur, ok := readCursor(text, filters, numbers)
	if !ok {
		q.fail(wrongCursor)
	}
	return cur.numbers
}

// before returns where a list of numbered things goes on, the newest first: before this number; 0 = it begins. As of cursor, the
// other parameters must be read before.
func (c *call) before(q *query) gift.ID {
	if at := c.cursor(q, 1); at != nil {
		return gift.ID(at[0])
	}
	return 0
}

// behind is before for a list of lines of orders.
func (c *call) behind(q *query) gift.Place {
	if at := c.cursor(q, 2); at != nil {
		return gift.Place{OrderID: gift.ID(at[0]), Line: at[1]}
	}
	return gift.Place{}
}

// next is the cursor of what comes after these numbers.
func (c *call) next(q *query, last ...int64) string { return cursor{last}.write(c.filtersOf(q)) }

var wrongCursor = wrongParameter("cursor",
	"이 목록의 커서가 아닙니다. 같은 조건으로 받은 next를 그대로 보내십시오.", "it is no cursor of this list. Send next as it came, with the same filters.")

// writeSync makes a token of a state of the stock.
func writeSync(s catalog.Since) string {
	b := []byte{syncVersion}
	for _, n := range sinceNumbers(s) {
		b = binary.AppendVarint(b, n)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// readSync reads a token. There is one text for each.
func readSync(text string) (s catalog.Since, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) == 0 || b[0] != syncVersion {
		return s, false
	}
	n, ok := varints(b[1:], 3)
	if !ok {
		return s, false
	}
	s, ok = sinceOf(n)
	return s, ok && writeSync(s) == text
}

func sinceNumbers(s catalog.Since) []int64 { return []int64{s.Seq, int64(s.Day), int64(s.Later)} }

// maxDay is the last day of the year 9999.
const maxDay = 2932896

// sinceOf is the other way round. It refuses what cannot be.
func sinceOf(n []int64) (s catalog.Since, ok bool) {
	ok = n[0] >= 0 && 0 <= n[1] && n[1] <= n[2] && n[2] <= maxDay
	return catalog.Since{Seq: n[0], Day: gift.Day(n[1]), Later: gift.Day(n[2])}, ok
}
