package office

import (
	"time"
)

// Success is the code of an answer to a call that was done (guide §1).
const Success = "0000"

// Answered is what those who count are told of an answer to a partner, in either version of the API. Nothing secret is in it.
type Answered struct {
	Endpoint string    // its name; "other" for unknown paths
	Code     string    // Success, or the guide's code of what was wrong
	At       time.Time // when the request came
	Took     time.Duration
	Request  string // its id
	Partner  int64  // who called; 0 = nobody with the right credentials
	Sandbox  bool   // Partner is a sandbox partner
	Claimed  string // the partner_id that was sent
	Writes   bool   // the endpoint changes something

	Said func() string // what was said, in Korean; nil of a success
}

// maxMessage bounds a message, which may repeat what was sent, in characters.
const maxMessage = 300

// Message is what was said, in Korean; "" of a success.
func (a Answered) Message() string {
	if a.Said == nil {
		return ""
	}
	text := []rune(a.Said())
	return string(text[:min(len(text), maxMessage)])
}
