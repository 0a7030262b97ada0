package partnerapi

import (
	"net/http"
	"strings"
	"sync/atomic"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
)

// reply is a kind of answer: its code and what is said, with {names} for what differs from case to case.
type reply struct{ code, ko, en string }

// saying is what is said in a reply whose code the domain knows.
type saying struct{ ko, en string }

// under returns the reply to a refusal for the given reason.
func (s saying) under(reason gift.Reason) reply { return reply{reason.Code(), s.ko, s.en} }

// in returns the text in a language, its {names} replaced by the values given in pairs.
func (p reply) in(lang locale.Language, args ...string) string {
	text := p.ko
	if lang == locale.English {
		text = p.en
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, len(args))
	for i, arg := range args {
		if pairs[i] = arg; i%2 == 0 {
			pairs[i] = "{" + arg + "}"
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// failure is an answer that is not a success.
type failure struct {
	reply
	args       []string      // for the text, in pairs
	status     int           // of HTTP; 0 = 200, as for all that the guide's code table names
	first      gift.OrderRef // the order that was completed before
	retryAfter string        // seconds
	allow      string        // the methods that are allowed
	cause      error         // for the log; never shown
	expected   bool          // no fault of the server's, whatever its status: not logged as an error
}

// Error describes the failure for logs.
func (f *failure) Error() string {
	text := f.code + ": " + f.in(locale.English, f.args...)
	if f.cause != nil {
		text += ": " + f.cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.cause }

func (f *failure) httpStatus() int {
	if f.status == 0 {
		return http.StatusOK
	}
	return f.status
}

// append writes the answer's body.
func (f *failure) append(b []byte, lang locale.Language) []byte {
	o := object{b}
	o.open("", '{')
	o.text("result", f.code)
	o.text("msg", f.in(lang, f.args...))
	if f.first != "" {
		o.text("tid", string(f.first))
	}
	o.close('}')
	return o.b
}

// tooBusy is a failure of a caller's that came when too many others were there: nothing was done, and nothing is wrong.
func tooBusy(p reply, cause error) *failure {
	return &failure{reply: p, status: http.StatusServiceUnavailable, retryAfter: soon(), cause: cause, expected: true}
}

var refused atomic.Uint32

// soon is 1, 2 or 3 seconds in turn: those who are refused in one moment must not all come back in another.
func soon() string { return [...]string{"1", "2", "3"}[refused.Add(1)%3] }

func refuse(p reply, args ...string) *failure { return &failure{reply: p, args: args} }

// unavailable is a failure that is nobody's fault and may be over soon.
func unavailable(p reply, cause error) *failure {
	return &failure{reply: p, status: http.StatusServiceUnavailable, retryAfter: "5", cause: cause}
}
