package partnerv2

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
)

// refusalRow is how a reason of the domain is told: the sort of problem, and what is said, with {names} for what differs
// from case to case. Its result code is the reason's own.
type refusalRow struct {
	kind   string
	status int
	ko, en string
	more   string // the member that says how much or how many; "" = none
}

// retryHeld is after how many seconds what quotes hold may be free again; all of it is after a minute.
const retryHeld = "15"

// refusalRows has a row for each reason. Those of names, campaigns and repeated purchases cannot come up: this version names
// offers by their numbers only, and every order has a key.
var refusalRows = map[gift.Reason]refusalRow{
	gift.MayNotSpend:    {"may-not-spend", http.StatusForbidden, "구매가 정지된 매체사입니다. 운영자에게 문의하십시오.", "The partner may not buy. Ask the operator.", ""},
	gift.KeyReused:      {"idempotency-key-reused", http.StatusUnprocessableEntity, "이 Idempotency-Key는 다른 본문의 주문에 쓰였습니다. 아무것도 구매하지 않았습니다.", "This Idempotency-Key was sent with another body. Nothing was bought.", ""},
	gift.Repeated:       {"reference-used", http.StatusConflict, "같은 구매가 방금 완료되었습니다.", "An equal purchase was just completed.", ""},
	gift.UnknownOffer:   {"offer-unknown", http.StatusConflict, "판매하는 상품이 아닙니다: {offer}", "{offer} is not on sale.", ""},
	gift.WrongCampaign:  {"offer-unknown", http.StatusConflict, "판매하는 상품이 아닙니다: {offer}", "{offer} is not on sale.", ""},
	gift.WrongCoupon:    {"coupon-unknown", http.StatusConflict, "{offer}에 없는 coupon_id입니다. 아무 쿠폰이나 사려면 빼고 보내십시오.", "{offer} has no such coupon_id. Leave it out to buy any.", ""},
	gift.CouponTwice:    {"coupon-taken", http.StatusConflict, "같은 coupon_id를 두 번 지정했습니다: {offer}", "A coupon_id of {offer} is named twice.", ""},
	gift.NameMismatch:   {"offer-unknown", http.StatusConflict, "판매하는 상품이 아닙니다: {offer}", "{offer} is not on sale.", ""},
	gift.Expired:        {"expired", http.StatusConflict, "유효기간이 끝난 상품입니다: {offer}", "The last valid day of {offer} is over.", ""},
	gift.TookLast:       {"sold-out", http.StatusConflict, "품절되었고, 마지막으로 구매한 쪽이 귀사입니다: {offer}", "{offer} is sold out, and you bought the last one.", ""},
	gift.CouponYours:    {"coupon-taken", http.StatusConflict, "귀사가 이미 구매한 쿠폰입니다: {offer}", "You have bought this coupon of {offer} already.", ""},
	gift.CouponTaken:    {"coupon-taken", http.StatusConflict, "이미 판매된 쿠폰입니다: {offer}", "This coupon of {offer} is sold.", ""},
	gift.SoldOut:        {"sold-out", http.StatusConflict, "품절된 상품입니다: {offer}", "{offer} is sold out.", ""},
	gift.TooFew:         {"too-few", http.StatusConflict, "재고가 모자랍니다: {offer}, 남은 수량 {limit}개", "Only {limit} left of {offer}.", "available"},
	gift.WrongAmount:    {"price-changed", http.StatusConflict, "total이 현재 판매가의 합과 다릅니다. 맞는 금액은 {amount}원입니다.", "total is not the sum of the current prices, which is {amount}.", "right_total"},
	gift.DailyLimit:     {"daily-limit", http.StatusConflict, "하루 구매 한도({limit}건)를 모두 썼습니다. 한국 시간 자정에 다시 열립니다.", "The daily limit of {limit} purchases is used up. It resets at midnight in Seoul.", "limit"},
	gift.OncePerPartner: {"once-per-partner", http.StatusConflict, "매체사당 하나만 살 수 있는 상품입니다(이미 구매했거나 한 주문에 둘 이상 있습니다): {offer}", "A partner can buy {offer} once; it was bought before or is named twice.", ""},
	gift.LowBalance:     {"balance-low", http.StatusPaymentRequired, "충전금이 부족합니다(잔액 {amount}원).", "The balance is too low ({amount} left).", "balance"},

	gift.ReferenceUsed:   {"reference-used", http.StatusConflict, "이 reference의 주문이 이미 있습니다.", "An order has this reference already.", ""},
	gift.ReferenceClosed: {"reference-closed", http.StatusConflict, "닫힌 reference입니다. 이 reference로는 주문할 수 없습니다.", "This reference was closed: no order can have it.", ""},
	gift.QuoteUnknown:    {"not-found", http.StatusNotFound, "없는 견적입니다.", "There is no such quote.", ""},
	gift.QuoteLapsed:     {"quote-expired", http.StatusConflict, "견적의 시간이 지났거나 해제되었습니다. 새로 받으십시오.", "The quote's time is over, or it was released. Ask for a new one.", ""},
	gift.QuoteUsed:       {"quote-used", http.StatusConflict, "이미 주문한 견적입니다.", "An order was made of this quote.", ""},
	gift.AllHeld:         {"held", http.StatusConflict, "남은 수량을 다른 견적이 최대 1분 동안 잡고 있습니다: {offer}. 다시 주문할 때는 새 Idempotency-Key를 쓰십시오.", "What is left of {offer} is held by quotes, for a minute at most. To order again, make a new Idempotency-Key.", ""},
	gift.TooManyQuotes:   {"too-many-quotes", http.StatusTooManyRequests, "열린 견적 또는 잡아 둔 수량이 한도({limit})를 넘습니다.", "More open quotes or held units than {limit}.", "limit"},

	gift.NotYours:     {"not-found", http.StatusNotFound, "없는 주문이나 쿠폰입니다.", "There is no such order or coupon.", ""},
	gift.AlreadyUsed:  {"not-redeemable", http.StatusConflict, "이미 사용된 쿠폰입니다({when}, {where}).", "The coupon was used already ({when}, {where}).", ""},
	gift.Cancelled:    {"not-redeemable", http.StatusConflict, "취소된 쿠폰입니다.", "The coupon was cancelled.", ""},
	gift.Lapsed:       {"not-redeemable", http.StatusConflict, "유효기간이 지난 쿠폰입니다({when}까지).", "The coupon was valid until {when}.", ""},
	gift.WrongCode:    {"not-found", http.StatusNotFound, "판매자와 쿠폰이 맞지 않습니다.", "The seller and the coupon do not go together.", ""},
	gift.SellerLocked: {"not-redeemable", http.StatusConflict, "이 판매자가 잠겨 있습니다. {limit}분 뒤에 다시 하십시오.", "This seller is locked. Try again in {limit} minutes.", ""},
}

// refusalProblem puts a refusal of the domain into this version's words. lines are what the request named, in its own order;
// nil where it named nothing.
func refusalProblem(r *gift.Refusal, lines []orderLine) problem {
	row := refusalRows[r.Reason]
	p := problem{kind: row.kind, status: row.status, code: r.Reason.Code()}
	offer := "offer"
	if i := lineOf(lines, r.Item); i >= 0 {
		offer = "offer " + strconv.FormatInt(lines[i].offer, 10)
		p = p.with("item", i).with("offer_id", lines[i].offer)
	}
	values := strings.NewReplacer("{offer}", offer, "{amount}", strconv.FormatInt(int64(r.Amount), 10),
		"{limit}", strconv.FormatInt(r.Limit, 10), "{when}", r.When, "{where}", r.Where)
	p.ko, p.en = values.Replace(row.ko), values.Replace(row.en)
	switch row.more {
	case "":
	case "right_total", "balance":
		p = p.with(row.more, r.Amount)
	default:
		p = p.with(row.more, r.Limit)
	}
	if r.First != "" {
		p = p.with("order_id", r.First)
	}
	if r.Reason == gift.AllHeld || r.Reason == gift.TooManyQuotes {
		p = p.retryAfter(retryHeld)
	}
	return p
}

// lineOf returns which line of a request a unit of it belongs to, -1 = none.
func lineOf(lines []orderLine, unit int) int {
	for i := range lines {
		if unit >= 0 && unit < int(lines[i].quantity) {
			return i
		}
		unit -= int(lines[i].quantity)
	}
	return -1
}

// keptRefusal is a refusal as it is kept with an idempotency key, to be told again in any language.
type keptRefusal struct {
	Kind   string         `json:"kind"`
	Status int            `json:"status"`
	Code   string         `json:"code"`
	Ko     string         `json:"ko"`
	En     string         `json:"en"`
	More   map[string]any `json:"more,omitempty"`
}

// keep returns what is kept of a problem.
func (p problem) keep() []byte {
	return encode(keptRefusal{Kind: p.kind, Status: p.status, Code: p.code, Ko: p.ko, En: p.en, More: p.more})
}

// refusedBefore reads what keep returned.
func refusedBefore(body []byte) (problem, error) {
	var kept struct {
		keptRefusal
		More map[string]json.RawMessage `json:"more"`
	}
	if err := json.Unmarshal(body, &kept); err != nil {
		return problem{}, err
	}
	p := problem{kind: kept.Kind, status: kept.Status, code: kept.Code, ko: kept.Ko, en: kept.En}
	for name, value := range kept.More {
		p = p.with(name, value)
	}
	return p, nil
}
