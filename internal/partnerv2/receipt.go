package partnerv2

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/trail"
)

const mostDigests = 1000 // of a part of the trail

var (
	monthOpen = problem{
		kind: "month-open", status: http.StatusConflict, code: "Q",
		ko: "아직 마감되지 않은 달입니다. 다음 달 1일 0시 30분 이후에 요청하십시오.",
		en: "The month is not closed yet. Ask from half past midnight on the first of the next one.",
	}
	noSuchReceipt = problem{
		kind: "not-found", status: http.StatusNotFound, code: "N",
		ko: "이 달의 확인서는 발급된 적이 없습니다. POST /api/v2/statement/receipts로 발급받으십시오.",
		en: "No receipt of this month was issued. POST /api/v2/statement/receipts issues one.",
	}
)

// trailHead is the head of the audit trail's chain at some moment.
type trailHead struct {
	Lines int64      `json:"lines"`
	Hash  trail.Hash `json:"hash"`
	At    *time.Time `json:"at,omitempty"` // of the last line
}

func trailHeadOf(h trail.Head) trailHead {
	answer := trailHead{Lines: h.Lines, Hash: h.Hash}
	if h.Lines > 0 {
		at := seoul(time.UnixMilli(h.At))
		answer.At = &at
	}
	return answer
}

// receiptLine is a line of the audit trail as it is hashed. Numbers too long for JavaScript are text.
type receiptLine struct {
	Number     int64      `json:"number"`
	ID         string     `json:"id"`
	At         int64      `json:"at"`
	OperatorID int64      `json:"operator_id"`
	Action     string     `json:"action"`
	Subject    string     `json:"subject"`
	Actor      trail.Hash `json:"actor_sha256"`
	Address    trail.Hash `json:"address_sha256"`
	Salt       string     `json:"content_salt"`
	Content    string     `json:"content"`
}

type receiptAnswer struct {
	Month string `json:"month"`
	office.ReceiptContent
	IssuedAt time.Time   `json:"issued_at"`
	Line     receiptLine `json:"line"`
	Before   trail.Hash  `json:"hash_before"`
	Hash     trail.Hash  `json:"hash"`
}

// createReceipt issues the receipt of a month's statement, or returns the one that was issued.
func (c *call) createReceipt() error {
	var body struct {
		Month *string `json:"month"`
	}
	if err := errors.Join(c.query().close(), c.neededBody(&body)); err != nil {
		return err
	}
	if body.Month == nil {
		return wrongMonth()
	}
	first, last, err := monthOf(*body.Month)
	if err != nil {
		return err
	}
	if err := c.polls.enter(c.partner.ID); err != nil { // it may last: all entries of the month are read
		return err
	}
	defer c.polls.leave(c.partner.ID)
	r, err := c.Store.IssueReceipt(c.changing(), c.partner.Name, first, last, c.Clock.Now())
	if errors.Is(err, office.ErrNotClosed) {
		return monthOpen
	}
	if err != nil {
		return accountFault(err)
	}
	return c.answerReceipt(*body.Month, r)
}

// receipt returns the receipt of a month's statement, if one was issued.
func (c *call) receipt() error {
	if err := c.query().close(); err != nil {
		return err
	}
	month := c.r.PathValue("month")
	first, _, err := monthOf(month)
	if err != nil {
		return noSuchReceipt
	}
	r, err := c.Store.Receipt(c.r.Context(), c.partner.Name, first)
	if errors.Is(err, office.ErrNotFound) {
		return noSuchReceipt
	}
	if err != nil {
		return accountFault(err)
	}
	return c.answerReceipt(month, r)
}

func (c *call) answerReceipt(month string, r office.Receipt) error {
	l := r.Line
	answer := receiptAnswer{
		Month: month, IssuedAt: seoul(time.UnixMilli(l.At)), Before: r.Before, Hash: r.Hash,
		Line: receiptLine{
			Number: l.Number, ID: strconv.FormatInt(l.ID, 10), At: l.At, OperatorID: l.OperatorID, Action: l.Action, Subject: l.Subject,
			Actor: l.Actor.Digest(), Address: l.Address.Digest(), Salt: hex.EncodeToString(l.Content.Seal), Content: l.Content.Texts[1],
		},
	}
	if err := json.Unmarshal([]byte(l.Content.Texts[1]), &answer.ReceiptContent); err != nil {
		return failed.because(err)
	}
	return c.answer(http.StatusOK, answer)
}

// monthOf returns the first and the last day of a month such as 2026-10.
func monthOf(text string) (first, last gift.Day, err error) {
	begin, err := time.ParseInLocation("2006-01", text, gift.Seoul)
	if err != nil || begin.Year() < 2000 || begin.Year() > 2100 {
		return 0, 0, wrongMonth()
	}
	return gift.DayOf(begin), gift.DayOf(begin.AddDate(0, 1, 0)) - 1, nil
}

func wrongMonth() error {
	return wrongMember("month", "2026-10 같은 달이어야 합니다.", "want a month such as 2026-10.")
}

type trailAnswer struct {
	From    trailHead    `json:"from"`
	To      trailHead    `json:"to"`
	Head    trailHead    `json:"head"` // the end, as it is now
	Digests []trail.Hash `json:"digests"`
}

// trail answers with the digests of lines of the audit trail, by which one head of it leads to another.
func (c *call) trail() error {
	q := c.query()
	after := q.number("after", 0, math.MaxInt64, 0)
	limit := q.number("limit", 1, mostDigests, mostDigests)
	if err := q.close(); err != nil {
		return err
	}
	p, err := c.Store.TrailPart(c.r.Context(), after, int(limit))
	if errors.Is(err, office.ErrNotFound) {
		return wrongParameter("after", "감사 기록이 그만큼 길지 않습니다.", "the trail is not so long.")
	}
	if err != nil {
		return accountFault(err)
	}
	answer := trailAnswer{From: trailHeadOf(p.From), To: trailHeadOf(p.To), Head: trailHeadOf(p.Head), Digests: p.Digests}
	if answer.Digests == nil {
		answer.Digests = []trail.Hash{}
	}
	return c.answer(http.StatusOK, answer)
}
