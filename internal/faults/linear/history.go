// Package linear checks that what callers were told of balances, stock and coupons could have been told by one node that did one thing
// at a time, each of them between its question and its answer. Its tests have many callers at two nodes while statements fail and
// nodes die.
package linear

import (
	"math"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// An object is a number that is added to and taken from: a balance in won, the stock of an offer, or a coupon, which is 1 until it is
// used or refunded.

// act is what was asked for.
type act int

const (
	add  act = iota // always possible
	take            // refused where there is less
	look
)

// Told is what a caller was told.
type Told int

// What was Refused was more than there was. What is Unknown may have been done, may be done later, or never.
const (
	Done Told = iota
	Refused
	Unknown
)

// question and answer are the input and the output of an operation on one object.
type question struct {
	object string
	act    act
	n      int64
}

type answer struct {
	told Told
	n    int64 // what was seen
}

// History is what callers asked and were told. Its methods may be called from any goroutine.
type History struct {
	began time.Time

	mu  sync.Mutex
	ops []porcupine.Operation // guarded by mu
}

// NewHistory returns an empty history.
func NewHistory() *History { return &History{began: time.Now()} }

// Begin notes what there is of an object, before anything is asked about it.
func (h *History) Begin(object string, n int64) {
	asked := h.Now()
	h.note(0, asked, question{object, add, n}, answer{})
}

// Now is when a caller asks.
func (h *History) Now() int64 { return time.Since(h.began).Nanoseconds() }

// Add, Take and Look note what a caller, who asked for it at a time, is told now.
func (h *History) Add(caller int, asked int64, object string, n int64, t Told) {
	h.note(caller, asked, question{object, add, n}, answer{told: t})
}

// Take is Add for what takes away.
func (h *History) Take(caller int, asked int64, object string, n int64, t Told) {
	h.note(caller, asked, question{object, take, n}, answer{told: t})
}

// Look is Add for who is told what there is.
func (h *History) Look(caller int, asked int64, object string, n int64) {
	h.note(caller, asked, question{object, look, 0}, answer{n: n})
}

// note keeps an operation. One whose outcome is unknown does not end.
func (h *History) note(caller int, asked int64, q question, a answer) {
	answered := h.Now()
	if a.told == Unknown {
		answered = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: caller, Call: asked, Return: answered, Input: q, Output: a})
}
