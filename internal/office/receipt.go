package office

import (
	"errors"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/trail"
)

// ErrNotClosed says that the days asked for are not over, or were so only minutes ago.
var ErrNotClosed = errors.New("are not closed yet")

// ReceiptContent is what a receipt says of a partner's statement, as the line of the audit trail has it in JSON.
type ReceiptContent struct {
	Partner   string     `json:"partner"`
	From      string     `json:"from"` // the first day of a month
	To        string     `json:"to"`   // its last
	Opening   gift.Won   `json:"opening"`
	Closing   gift.Won   `json:"closing"`
	Purchases gift.Won   `json:"purchases"`
	Entries   int64      `json:"entries"` // how many
	Digest    trail.Hash `json:"entries_sha256"`
}

// Receipt is what a partner can prove a statement by: a line of the audit trail says what the statement says.
type Receipt struct {
	Line         trail.Line // Content's second text is the ReceiptContent
	Before, Hash trail.Hash // of the chain before the line, and with it
}

// TrailPart is a part of the chain that the audit trail is: the digests of the lines after From up to To. Head is that of now.
type TrailPart struct {
	From, To, Head trail.Head
	Digests        []trail.Hash
}
