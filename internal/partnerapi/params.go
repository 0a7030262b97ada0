package partnerapi

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
)

// maxItems is how many items one purchase may have.
const maxItems = 100

// reader reads typed parameters and remembers the first that is wrong. An empty parameter is an absent one.
type reader struct {
	params
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// text returns a parameter that must be there.
func (r *reader) text(name string) string {
	v := r.get(name)
	if v == "" {
		r.fail(refuse(missing, "name", name))
	}
	return v
}

// number returns a number from 0 up that must be there.
func (r *reader) number(name string) int64 {
	v := r.text(name)
	if v == "" {
		return 0
	}
	return r.parse(name, v)
}

// numberOr returns a number from 0 up, or another when the parameter is absent.
func (r *reader) numberOr(name string, absent int64) int64 {
	v := r.get(name)
	if v == "" {
		return absent
	}
	return r.parse(name, v)
}

// parse reads digits and nothing else; leading zeros and spaces around them are forgiven.
func (r *reader) parse(name, v string) int64 {
	n, err := parseNumber(v)
	switch {
	case errors.Is(err, strconv.ErrRange):
		r.fail(refuse(tooLarge, "name", name))
	case err != nil:
		r.fail(refuse(notANumber, "name", name))
	}
	return n
}

func parseNumber(v string) (n int64, err error) {
	v = strings.TrimSpace(v)
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return 0, strconv.ErrSyntax
		}
	}
	return strconv.ParseInt(v, 10, 64)
}

// index returns the number of a thing; absent is 0, which no thing has, so a 0 that is sent finds nothing.
func (r *reader) index(name string) int64 {
	v := r.get(name)
	if v == "" {
		return 0
	}
	if n := r.parse(name, v); n != 0 {
		return n
	}
	return math.MaxInt64
}

// numbers returns a list written with | between its members.
func (r *reader) numbers(name string) []int64 {
	v := r.text(name)
	if v == "" {
		return nil
	}
	parts := strings.SplitN(v, "|", maxItems+1)
	if len(parts) > maxItems {
		r.fail(refuse(tooManyItems, "name", name, "limit", strconv.Itoa(maxItems)))
		return nil
	}
	list := make([]int64, len(parts))
	for i, part := range parts {
		n, err := parseNumber(part)
		if err != nil {
			r.fail(refuse(notNumbers, "name", name))
			return nil
		}
		list[i] = n
	}
	return list
}

// oneOf returns a parameter that must be one of some words; absent is the first of them.
func (r *reader) oneOf(name string, words ...string) (which int) {
	v := r.get(name)
	if v == "" {
		return 0
	}
	for i, word := range words {
		if v == word {
			return i
		}
	}
	r.fail(refuse(notOneOf, "name", name, "words", strings.Join(words, ", ")))
	return 0
}

// site must be "gift" where the guide asks for it.
func (r *reader) site() {
	if r.text("site") != "gift" {
		r.fail(refuse(notOneOf, "name", "site", "words", "gift"))
	}
}

// page returns which rows are asked for.
func (r *reader) page() (offset, limit int) {
	page, size := r.numberOr("page", 1), r.numberOr("limit", 20)
	if page < 1 {
		r.fail(refuse(pageTooLow))
	}
	if size < 1 || size > 1000 {
		r.fail(refuse(limitOutside))
	}
	const deepest = 1 << 40 // no list is so long; keeps the product in range
	return int(min(max(page-1, 0), deepest/1000) * min(size, 1000)), int(size)
}

// day returns a date; absent is 0.
func (r *reader) day(name string) gift.Day {
	v := r.get(name)
	if v == "" {
		return 0
	}
	day, err := gift.ParseDay(v)
	if err != nil {
		r.fail(refuse(notADay, "name", name))
	}
	return max(day, 1) // nothing was bought before 1970 either
}

// place returns where a history goes on: behind an order (its number), or behind a line of it (number:line).
func (r *reader) place(name string) (p gift.Place) {
	v := r.get(name)
	if v == "" {
		return p
	}
	ref, line, cut := strings.Cut(v, ":")
	var err, lineErr error
	p.OrderID, _, err = gift.ParseRef(ref)
	if cut {
		p.Line, lineErr = parseNumber(line)
	}
	if err != nil || lineErr != nil {
		r.fail(refuse(notAnOrder, "name", name))
	}
	return p
}

// order returns an order's number; absent is 0.
func (r *reader) order(name string) (id gift.ID, sandbox bool) {
	v := r.get(name)
	if v == "" {
		return 0, false
	}
	id, sandbox, err := gift.ParseRef(v)
	if err != nil {
		r.fail(refuse(notAnOrder, "name", name))
	}
	return id, sandbox
}
