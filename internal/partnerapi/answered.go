package partnerapi

import (
	"time"

	"giftimbiz/internal/locale"
)

// Answered is what Observe is told of an answer. Nothing secret is in it.
type Answered struct {
	Endpoint string // its name; "other" for unknown paths
	Code     string
	At       time.Time // when the request came
	Took     time.Duration
	Request  string // its id
	Partner  int64  // who called; 0 = nobody with the right credentials
	Sandbox  bool   // Partner is a sandbox partner
	Claimed  string // the partner_id that was sent
	Writes   bool   // the endpoint changes something

	failure *failure
}

// maxMessage bounds a message, which may repeat what was sent, in characters.
const maxMessage = 300

// Message is what was said, in Korean; "" of a success.
func (a Answered) Message() string {
	if a.failure == nil {
		return ""
	}
	text := []rune(a.failure.in(locale.Korean, a.failure.args...))
	return string(text[:min(len(text), maxMessage)])
}

func (c *call) answered(code string, took time.Duration, f *failure) Answered {
	a := Answered{
		Endpoint: c.endpoint.name, Code: code, At: c.began, Took: took, Request: c.id, Writes: c.endpoint.writes, failure: f,
	}
	if c.who != nil {
		a.Partner, a.Sandbox = c.who.Partner.ID, c.who.Partner.Sandbox
	} else if f != nil {
		a.Claimed = c.in.get("partner_id")
	}
	return a
}
