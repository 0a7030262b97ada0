package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// TrailHead is the end of the server's audit trail at a moment: of all changes that anybody made. Keep those of your statements: by
// a later one VerifyTrail proves that nothing before it was changed since.
type TrailHead struct {
	Lines int64     `json:"lines"`
	Hash  string    `json:"hash"`        // SHA-256, 64 hexadecimal digits
	At    time.Time `json:"at,omitzero"` // of the last line; zero = there is none
}

// Receipt says what the statement of a month says, by a line of the audit trail. Verify checks it.
type Receipt struct {
	ReceiptContent
	Month      string      `json:"month"` // such as 2026-10
	IssuedAt   time.Time   `json:"issued_at"`
	Line       ReceiptLine `json:"line"`
	HashBefore string      `json:"hash_before"` // of the trail before the line
	Hash       string      `json:"hash"`        // and with it
}

// ReceiptContent is what a receipt says of a statement. Sums are won.
type ReceiptContent struct {
	Partner       string `json:"partner"`
	From          Day    `json:"from"`
	To            Day    `json:"to"`
	Opening       int64  `json:"opening"`
	Closing       int64  `json:"closing"`
	Purchases     int64  `json:"purchases"`
	Entries       int64  `json:"entries"`        // how many
	EntriesSHA256 string `json:"entries_sha256"` // of them, the oldest first
}

// ReceiptLine is the line of the audit trail, as it is hashed.
type ReceiptLine struct {
	Number        int64  `json:"number"`
	ID            string `json:"id"`
	At            int64  `json:"at"` // milliseconds since 1970
	OperatorID    int64  `json:"operator_id"`
	Action        string `json:"action"`
	Subject       string `json:"subject"`
	ActorSHA256   string `json:"actor_sha256"`
	AddressSHA256 string `json:"address_sha256"`
	ContentSalt   string `json:"content_salt"`
	Content       string `json:"content"` // the ReceiptContent, as JSON
}

// Trail is a part of the audit trail: the digests of the lines after From up to To.
type Trail struct {
	From    TrailHead `json:"from"`
	To      TrailHead `json:"to"`
	Head    TrailHead `json:"head"` // the end, as it is now
	Digests []string  `json:"digests"`
}

// IssueReceipt has the statement of a month, such as 2026-10, receipted, or returns the receipt that was issued. The month must be
// closed, which it is half an hour after its end in Seoul.
func (c *Client) IssueReceipt(ctx context.Context, month string, options ...Option) (*Receipt, error) {
	in := struct {
		Month string `json:"month"`
	}{month}
	return post[Receipt](ctx, c, "/statement/receipts", in, true, options)
}

// Receipt returns the receipt of a month, such as 2026-10, if one was issued.
func (c *Client) Receipt(ctx context.Context, month string, options ...Option) (*Receipt, error) {
	return get[Receipt](ctx, c, "/statement/receipts/"+url.PathEscape(month), nil, options)
}

// Trail returns up to 1,000 digests of the audit trail, of the lines after some.
func (c *Client) Trail(ctx context.Context, after int64, options ...Option) (*Trail, error) {
	return get[Trail](ctx, c, "/trail", url.Values{"after": {strconv.FormatInt(after, 10)}}, options)
}

// ErrNotProved is wrapped by errors that say that hashes do not fit.
var ErrNotProved = errors.New("not proved")

func notProved(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrNotProved}, args...)...)
}

// Head is the head of the audit trail with the receipt's line.
func (r *Receipt) Head() TrailHead {
	return TrailHead{Lines: r.Line.Number, Hash: r.Hash, At: time.UnixMilli(r.Line.At)}
}

// Verify checks, without the server, that the receipt's line says what the receipt says, that its hash follows from the line, and
// that these are the entries of its month: all of them, as the statement has them, the newest first. That the line is in the trail
// is proved by a later head only: see VerifyTrail.
func (r *Receipt) Verify(entries []StatementEntry) error {
	var says ReceiptContent
	if err := json.Unmarshal([]byte(r.Line.Content), &says); err != nil || says != r.ReceiptContent {
		return notProved("the line says something else: %s", r.Line.Content)
	}
	l := r.Line
	if first, err := time.Parse("2006-01", r.Month); err != nil || string(r.From) != first.Format(time.DateOnly) ||
		string(r.To) != first.AddDate(0, 1, -1).Format(time.DateOnly) || r.IssuedAt.UnixMilli() != l.At {
		return notProved("the line is of %s to %s, written at %s", r.From, r.To, time.UnixMilli(l.At))
	}
	if l.Action != "statement.receipt" || l.Subject != "partner:"+r.Partner {
		return notProved("the line is a %s of %s", l.Action, l.Subject)
	}
	content := netstrings("giftimbiz audit text 1", l.ContentSalt, "", l.Content, "")
	digest := netstrings("giftimbiz audit line 1", strconv.FormatInt(l.Number, 10), l.ID, strconv.FormatInt(l.At, 10),
		strconv.FormatInt(l.OperatorID, 10), l.Action, l.Subject, l.ActorSHA256, l.AddressSHA256, content)
	if hash, err := hashAfter(r.HashBefore, digest); err != nil || hash != r.Hash {
		return notProved("the hash does not follow from the line")
	}
	return r.verifyEntries(entries)
}

func (r *Receipt) verifyEntries(entries []StatementEntry) error {
	text := sha256.New()
	balance, spent := r.Opening, int64(0)
	for _, e := range slices.Backward(entries) {
		if balance += e.Amount; balance != e.Balance {
			return notProved("entry %s leads to a balance of %d, it says %d", e.ID, balance, e.Balance)
		}
		if e.Type == "purchase" {
			spent -= e.Amount
		}
		fmt.Fprintf(text, "%s,%s,%d,%d\n", e.ID, e.Type, e.Amount, e.Balance)
	}
	switch {
	case int64(len(entries)) != r.Entries:
		return notProved("the receipt is of %d entries, not of %d", r.Entries, len(entries))
	case hex.EncodeToString(text.Sum(nil)) != r.EntriesSHA256:
		return notProved("the receipt is of other entries")
	case balance != r.Closing:
		return notProved("the entries lead to a balance of %d, the receipt says %d", balance, r.Closing)
	case spent != r.Purchases:
		return notProved("the entries have purchases of %d, the receipt says %d", spent, r.Purchases)
	}
	return nil
}

// VerifyTrail proves that a head of the audit trail which was noted earlier, or a receipt's, is one of the trail that a later head is
// the end of: that no line before the earlier one was changed, left out or put in. It asks the server for the digests between.
func (c *Client) VerifyTrail(ctx context.Context, earlier, later TrailHead, options ...Option) error {
	if earlier.Lines > later.Lines {
		return notProved("the trail is shorter than it was")
	}
	at := earlier
	for at.Lines < later.Lines {
		part, err := c.Trail(ctx, at.Lines, options...)
		if err != nil {
			return err
		}
		if len(part.Digests) == 0 {
			return notProved("the trail ends at line %d", at.Lines)
		}
		for _, digest := range part.Digests[:min(int64(len(part.Digests)), later.Lines-at.Lines)] {
			if at.Hash, err = hashAfter(at.Hash, digest); err != nil {
				return err
			}
			at.Lines++
		}
	}
	if at.Hash != later.Hash {
		return notProved("the hash of line %d is another", at.Lines)
	}
	return nil
}

// netstrings returns the SHA-256 of texts, each with its length before it.
func netstrings(texts ...string) string {
	var b bytes.Buffer
	for _, text := range texts {
		fmt.Fprintf(&b, "%d:%s,", len(text), text)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

// hashAfter returns the hash of a line with a digest behind one with a hash.
func hashAfter(before, digest string) (string, error) {
	both, err := hex.DecodeString(before + digest)
	if err != nil || len(before) != 2*sha256.Size || len(both) != 2*sha256.Size {
		return "", notProved("%q and %q are no hashes", before, digest)
	}
	sum := sha256.Sum256(both)
	return hex.EncodeToString(sum[:]), nil
}
