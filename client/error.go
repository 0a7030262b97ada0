package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Error is what the server answers to what it does not do. errors.Is tells what it is about; see ErrSoldOut and the others.
type Error struct {
	Code      string // the result code of API v1, such as PD; API v2 gives the one that v1 would
	Type      string // of API v2's problems, such as sold-out; "" of API v1
	Status    int    // of HTTP; API v1 answers 200 to most of what it refuses
	Message   string // what a developer can act on, in the Options' language
	RequestID string // for the operator's support

	// What some problems name. Sums are won.
	Parameter  string        // the parameter or member that is wrong
	Item       int           // the index of the item that is at fault; -1 = none
	OfferID    int64         // of that item
	RightTotal int64         // ErrPriceChanged: what the purchase costs now
	Balance    int64         // ErrBalanceLow: what is left
	Available  int64         // ErrSoldOut: how many there are
	Limit      int64         // what may not be exceeded
	OrderID    string        // the order that was made before: ErrReferenceUsed, ErrQuoteUsed, ErrPaidBefore, ErrKeyReused
	RetryAfter time.Duration // the server asks to wait for so long; 0 = it does not say

	Body json.RawMessage // the whole answer
}

// Error returns what it is, and the message.
func (e *Error) Error() string {
	if e.Type != "" {
		return e.Type + ": " + e.Message
	}
	return e.Code + ": " + e.Message
}

// Is tells whether target is one of this package's Err… that stands for this error.
func (e *Error) Is(target error) bool {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.err == target })
	switch {
	case i < 0:
		return false
	case e.Type != "":
		return slices.Contains(kinds[i].types, e.Type)
	case e.Status == http.StatusTooManyRequests: // API v1 has no code of its own for it
		return target == ErrTooManyRequests
	}
	return slices.Contains(kinds[i].codes, e.Code)
}

// Code returns the result code, such as PD, of an error that the server answered with, or "".
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// noAnswer is a call that got no answer, or not all of it.
type noAnswer struct{ err error }

func (n *noAnswer) Error() string { return n.err.Error() }
func (n *noAnswer) Unwrap() error { return n.err }

// signInError is a call that was not sent, because there is no access token for it.
type signInError struct{ err error }

func (s *signInError) Error() string { return "sign in: " + s.err.Error() }
func (s *signInError) Unwrap() error { return s.err }

// refusedHere is a call that cannot be sent at all.
type refusedHere struct{ err error }

func (r *refusedHere) Error() string { return r.err.Error() }
func (r *refusedHere) Unwrap() error { return r.err }

// strangeAnswer is an answer that is not the server's, or not whole.
type strangeAnswer struct {
	answer *answer
	what   string
}

func (s *strangeAnswer) Error() string {
	return fmt.Sprintf("the server answered %s with %s; is the base URL right?", s.answer.status, s.what)
}

// failure returns nil when the answer is a success: HTTP 2xx, and of API v1 the result "0000", or the number 0 of getAccessToken.
func failure(a *answer, r *request) error {
	switch {
	case a.code >= 300 && a.code < 400:
		return &strangeAnswer{a, fmt.Sprintf(
			"a redirect to %q, which is not followed: give the address itself", a.header.Get("Location"))}
	case len(a.body) > maxAnswer:
		return &strangeAnswer{a, fmt.Sprintf("more than %d bytes", maxAnswer)}
	case r.v1:
		return v1Failure(a)
	case a.code >= 200 && a.code < 300:
		return nil
	}
	return problem(a)
}

// newError has what an answer says of every failure.
func newError(a *answer) *Error {
	return &Error{
		Status: a.code, Item: -1, RequestID: a.header.Get("X-Request-Id"), RetryAfter: retryAfter(a.header), Body: a.body,
	}
}

// v1Failure reads an answer of API v1.
func v1Failure(a *answer) error {
	var said struct {
		Result  any    `json:"result"`
		Message string `json:"msg"`
		First   string `json:"tid"`
	}
	if err := json.Unmarshal(a.body, &said); err != nil {
		return &strangeAnswer{a, "something other than a JSON object"}
	}
	code, isText := said.Result.(string)
	switch {
	case a.code < 300 && (code == "0000" || said.Result == float64(0)):
		return nil
	case !isText || code == "" || code == "0000":
		return &strangeAnswer{a, "JSON that has no result code"}
	}
	e := newError(a)
	e.Code, e.Message, e.OrderID = code, said.Message, said.First
	return e
}

// problem reads a failure of API v2: as RFC 9457 has it, or RFC 6749 where a token was asked for.
func problem(a *answer) error {
	var p struct {
		Type             string `json:"type"`
		Detail           string `json:"detail"`
		Code             string `json:"code"`
		OAuth            string `json:"error"`
		OAuthDescription string `json:"error_description"`
		Parameter        string `json:"parameter"`
		Item             *int   `json:"item"`
		OfferID          int64  `json:"offer_id"`
		RightTotal       int64  `json:"right_total"`
		Balance          int64  `json:"balance"`
		Available        int64  `json:"available"`
		Limit            int64  `json:"limit"`
		OrderID          string `json:"order_id"`
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		return &strangeAnswer{a, "something other than a JSON object"}
	}
	e := newError(a)
	e.Code, e.Parameter, e.OfferID, e.RightTotal, e.Balance = p.Code, p.Parameter, p.OfferID, p.RightTotal, p.Balance
	e.Available, e.Limit, e.OrderID = p.Available, p.Limit, p.OrderID
	if p.Item != nil {
		e.Item = *p.Item
	}
	switch name, ours := strings.CutPrefix(p.Type, problemType); {
	case ours && name != "":
		e.Type, e.Message = name, p.Detail
	case p.OAuth != "":
		e.Type, e.Message = p.OAuth, p.OAuthDescription
	default:
		return v1Failure(a) // of a server that takes the path for one of API v1
	}
	return e
}

// problemType is how the types of problems begin.
const problemType = "urn:giftimbiz:problem:"

// retryAfter reads the header of that name: seconds, or a date. 0 = there is none.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(0, time.Duration(n)*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
