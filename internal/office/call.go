package office

import (
	"time"

	"giftimbiz/internal/gift"
)

// Call is an answer to a partner that support may be asked about. Nothing secret is in it.
type Call struct {
	ID        gift.ID // 0 until it is stored
	PartnerID int64
	Proven    bool // by the right keys; else only the partner's name was given
	At        time.Time
	Endpoint  string
	Code      string
	Message   string // what was said; "" of a success
	Request   string // its id
	Took      time.Duration
	Node      int64 // which answered
}

// CallQuery selects a partner's kept calls, the newest first.
type CallQuery struct {
	PartnerID int64
	Code      string  // "" = any
	Endpoint  string  // "" = any
	Before    gift.ID // 0 = from the newest
	Limit     int
}
