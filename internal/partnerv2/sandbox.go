package partnerv2

import (
	"context"
	"errors"
	"net/http"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/rehearsal"
)

// maxAhead is how far a sandbox's clock may be moved.
const maxAhead = 400 * 24 * time.Hour

// sandboxStore is what sandboxes need.
type sandboxStore interface {
	// SetClock lets decide say by how much a sandbox partner's clock is to be ahead, given by how much it is, and tells the
	// partner of what expires in the days that its clock passes so. What decide returns as an error is returned.
	SetClock(ctx context.Context, partnerID int64, now time.Time, decide func(ahead time.Duration) (time.Duration, error)) (
		time.Duration, error)
	// ResetSandbox makes a sandbox partner forget what it did, and returns how many orders those were.
	ResetSandbox(ctx context.Context, partnerID int64, now time.Time) (orders int64, err error)
}

// Counter uses coupons; see redeem.Counter.
type Counter interface {
	// RedeemInSandbox uses a coupon of a sandbox partner as its shop's counter would. Of a gifticon of theirs it returns the item
	// and NotYours.
	RedeemInSandbox(ctx context.Context, partnerID int64, at gift.Place) (*gift.BoughtItem, *gift.Refusal, error)
}

func sandboxRoutes() []route {
	return []route{
		{method: http.MethodGet, pattern: "sandbox", serve: inSandbox((*call).showSandbox)},
		{method: http.MethodPost, pattern: "sandbox/clock", serve: inSandbox((*call).moveClock)},
		{method: http.MethodPost, pattern: "sandbox/reset", serve: inSandbox((*call).resetSandbox)},
		{method: http.MethodPost, pattern: "sandbox/redeem", serve: inSandbox((*call).redeemInSandbox)},
	}
}

// inSandbox is for sandbox partners only.
func inSandbox(serve func(*call) error) func(*call) error {
	return func(c *call) error {
		if !c.partner.Sandbox {
			return sandboxOnly
		}
		return serve(c)
	}
}

// clockFace is what a sandbox's clock shows.
type clockFace struct {
	Now   string `json:"now"`
	Ahead int64  `json:"ahead_seconds"`
}

func (c *call) clockFace(ahead time.Duration) clockFace {
	return clockFace{
		Now: c.Clock.Now().Add(ahead).In(gift.Seoul).Format(time.RFC3339), Ahead: int64(ahead / time.Second),
	}
}

func (c *call) showSandbox() error {
	if err := c.query().close(); err != nil {
		return err
	}
	return c.answer(http.StatusOK, struct {
		Clock    clockFace `json:"clock"`
		Outcomes []string  `json:"outcomes"`
	}{c.clockFace(c.partner.ClockAhead), rehearsal.Names()})
}

// clockMove is how a clock is to be moved: one of these.
type clockMove struct {
	Now     *string `json:"now"`
	Advance *int64  `json:"advance_seconds"`
	Reset   *bool   `json:"reset"`
}

// ahead returns what reads from the real time and by how much the clock is ahead how much it is to be.
func (m *clockMove) ahead() (func(now time.Time, ahead time.Duration) time.Duration, error) {
	given := 0
	for _, is := range []bool{m.Now != nil, m.Advance != nil, m.Reset != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, wrongBody("now, advance_seconds, reset 중 하나를 보내십시오.",
			"Send one of now, advance_seconds and reset.")
	case m.Reset != nil:
		if !*m.Reset {
			return nil, wrongMember("reset", "true여야 합니다.", "want true.")
		}
		return func(time.Time, time.Duration) time.Duration { return 0 }, nil
	case m.Advance != nil:
		if *m.Advance < 1 || *m.Advance > int64(maxAhead/time.Second) {
			return nil, wrongMember("advance_seconds", "1부터 34560000까지의 정수여야 합니다.",
				"want an integer from 1 to 34560000 (400 days).")
		}
		return func(_ time.Time, ahead time.Duration) time.Duration {
			return ahead + time.Duration(*m.Advance)*time.Second
		}, nil
	}
	to, err := time.Parse(time.RFC3339, *m.Now)
	if err != nil {
		return nil, wrongMember("now", "2026-12-31T09:00:00+09:00 같은 시각이어야 합니다.",
			"want a time such as 2026-12-31T09:00:00+09:00.")
	}
	return func(now time.Time, _ time.Duration) time.Duration { return to.Sub(now) }, nil
}

// Where a clock cannot be moved to.
var (
	clockBack = wrongMember("now", "시계는 앞으로만 갑니다. 처음으로 돌리려면 {\"reset\":true}를 보내십시오.",
		"The clock goes forward only; {\"reset\":true} puts it back to the real time.")
	clockTooFar = wrongBody("시계는 실제 시각보다 400일까지 앞설 수 있습니다.", "The clock may be 400 days ahead of the real time at most.")
)

// moveClock moves the partner's clock. This node goes by it before it answers; the others do within a moment.
func (c *call) moveClock() error {
	var m clockMove
	if err := errors.Join(c.query().close(), c.neededBody(&m)); err != nil {
		return err
	}
	to, err := m.ahead()
	if err != nil {
		return err
	}
	now := c.Clock.Now()
	ahead, err := c.Store.SetClock(c.r.Context(), c.partner.ID, now, func(ahead time.Duration) (time.Duration, error) {
		next := to(now, ahead)
		if next > ahead-time.Second && next < ahead { // what the clock shows is cut to seconds
			next = ahead
		}
		switch {
		case next < ahead && m.Reset == nil:
			return 0, clockBack
		case next > maxAhead:
			return 0, clockTooFar
		}
		return next, nil
	})
	var p problem
	switch {
	case errors.As(err, &p):
		return p
	case err != nil:
		return accountFault(err)
	}
	c.catchUp()
	return c.answer(http.StatusOK, c.clockFace(ahead))
}

// catchUp lets this node know at once what was just stored of the partner. Where it cannot, it learns of it as the others do.
func (c *call) catchUp() {
	if err := c.Authority.Refresh(c.r.Context()); err != nil {
		c.Logger.WarnContext(c.r.Context(), "v2: the partners are not read again", "error", err)
	}
}

func (c *call) resetSandbox() error {
	if err := errors.Join(c.query().close(), c.body(&struct{}{})); err != nil {
		return err
	}
	orders, err := c.Store.ResetSandbox(c.r.Context(), c.partner.ID, c.Clock.Now())
	if err != nil {
		return accountFault(err)
	}
	c.catchUp()
	return c.answer(http.StatusOK, struct {
		Orders int64 `json:"orders"`
	}{orders})
}

// notRedeemable are what is said of coupons that cannot be used; their result codes are those of the reasons.
var notRedeemable = map[gift.Reason][2]string{
	gift.AlreadyUsed: {"이미 사용된 쿠폰입니다.", "The coupon was used already."},
	gift.Cancelled:   {"취소된 쿠폰입니다.", "The coupon was cancelled."},
	gift.Lapsed:      {"유효기간이 지난 쿠폰입니다.", "The last valid day of the coupon is over."},
}

// usedElsewhere says that a gifticon is not used at our shops' counters.
var usedElsewhere = problem{
	kind: "not-redeemable", status: http.StatusConflict, code: gift.Cancelled.Code(),
	ko: "기프티콘은 브랜드 매장에서 사용합니다. 여기서는 별별쿠폰만 사용할 수 있습니다.",
	en: "A gifticon is used at its brand's shops; only star coupons can be used here.",
}

// redeemInSandbox uses a star coupon as its shop's counter would.
func (c *call) redeemInSandbox() error {
	var body struct {
		Voucher string `json:"voucher_id"`
	}
	if err := errors.Join(c.query().close(), c.neededBody(&body)); err != nil {
		return err
	}
	at, ok := c.parseVoucher(body.Voucher)
	if !ok {
		return noVoucher
	}
	item, refusal, err := c.Counter.RedeemInSandbox(c.r.Context(), c.partner.ID, at)
	switch {
	case err != nil:
		return accountFault(err)
	case refusal == nil:
		return c.answerVoucher(item)
	}
	if refusal.Reason == gift.NotYours && item != nil {
		return usedElsewhere.with("voucher_id", body.Voucher)
	}
	said, ok := notRedeemable[refusal.Reason]
	if !ok {
		return noVoucher
	}
	return problem{
		kind: "not-redeemable", status: http.StatusConflict, code: refusal.Reason.Code(), ko: said[0], en: said[1],
	}.with("voucher_id", body.Voucher)
}
