package partnerapi

import (
	"strconv"

	"giftimbiz/internal/quote"
)

// object appends JSON to b. Korean text and & < > stay as they are.
type object struct{ b []byte }

// open begins an object or a list, named or (name "") not.
func (o *object) open(name string, bracket byte) {
	o.next(name)
	o.b = append(o.b, bracket)
}

// close ends what open began.
func (o *object) close(bracket byte) { o.b = append(o.b, bracket) }

// next puts the comma after an earlier member, and a name.
func (o *object) next(name string) {
	if n := len(o.b); n > 0 && o.b[n-1] != '{' && o.b[n-1] != '[' {
		o.b = append(o.b, ',')
	}
	if name != "" {
		o.b = append(o.b, '"')
		o.b = append(o.b, name...)
		o.b = append(o.b, '"', ':')
	}
}

// text appends a string.
func (o *object) text(name, value string) {
	o.next(name)
	o.b = quote.Append(o.b, value)
}

// number appends a number.
func (o *object) number(name string, value int64) {
	o.next(name)
	o.b = strconv.AppendInt(o.b, value, 10)
}

// digits appends a number as a string, as the guide's lists have them.
func (o *object) digits(name string, value int64) {
	o.next(name)
	o.b = append(o.b, '"')
	o.b = strconv.AppendInt(o.b, value, 10)
	o.b = append(o.b, '"')
}

// raw appends members that are JSON already.
func (o *object) raw(json []byte) {
	o.next("")
	o.b = append(o.b, json...)
}
