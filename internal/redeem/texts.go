package redeem

import (
	"fmt"
	"time"

	"giftimbiz/internal/gift"
)

// texts is what the page says in one language.
type texts struct {
	Lang, Heading, Sandbox           string
	Shop, Coupon, Condition, Valid   string
	Usable, Used, Expired, Cancelled string
	ExpiredDetail, CancelledDetail   string
	Done, SellerLabel, SellerChoose  string
	Code, CodeHint, Button, Once     string
	NoSeller, Incomplete, WrongCode  string
	NotFound, NotFoundDetail         string
	Forbidden, ForbiddenDetail       string
	Unavailable, UnavailableDetail   string
	locked, usedAt, usedAtFormat     string
	until, untilFormat, otherRefusal string
}

// Until says up to which day a coupon is valid.
func (t *texts) Until(day gift.Day) string {
	return fmt.Sprintf(t.until, day.Start().Format(t.untilFormat))
}

// UsedAt says when, in Seoul, and where a coupon was used.
func (t *texts) UsedAt(at time.Time, shop string) string {
	return fmt.Sprintf(t.usedAt, at.In(gift.Seoul).Format(t.usedAtFormat), shop)
}

func (t *texts) refusal(r *gift.Refusal) string {
	switch r.Reason {
	case incomplete:
		return t.Incomplete
	case gift.WrongCode:
		return t.WrongCode
	case gift.SellerLocked:
		return fmt.Sprintf(t.locked, r.Limit)
	default:
		return t.otherRefusal
	}
}

var korean = texts{
	Lang:    "ko",
	Heading: "별별쿠폰",
	Sandbox: "테스트 쿠폰입니다. 실제 매장에서 받지 마세요.",

	Shop: "매장", Coupon: "쿠폰", Condition: "사용 조건", Valid: "유효기간",
	until: "%s까지", untilFormat: "2006년 1월 2일",

	Usable: "사용 가능", Used: "사용 완료", Expired: "기간 만료", Cancelled: "취소됨",
	ExpiredDetail:   "유효기간이 지나 사용할 수 없습니다.",
	CancelledDetail: "구매가 취소되어 사용할 수 없습니다.",
	Done:            "사용 처리되었습니다",
	usedAt:          "%s · %s", usedAtFormat: "2006년 1월 2일 15:04:05",

	SellerLabel: "판매자", SellerChoose: "선택하세요",
	Code: "매니저 코드", CodeHint: "매장 직원이 입력합니다.", Button: "쿠폰 사용하기",
	Once:     "사용하면 되돌릴 수 없습니다.",
	NoSeller: "이 매장에 등록된 판매자가 없습니다. 운영자에게 문의하세요.",

	Incomplete:   "매니저 코드를 입력하세요. 판매자가 여럿이면 판매자도 선택하세요.",
	WrongCode:    "판매자 또는 매니저 코드가 맞지 않습니다.",
	locked:       "잘못된 코드가 여러 번 입력되어 잠겼습니다. %d분 뒤에 다시 시도하세요.",
	otherRefusal: "지금은 사용할 수 없는 쿠폰입니다.",

	NotFound:          "쿠폰을 찾을 수 없습니다",
	NotFoundDetail:    "주소가 잘못되었습니다. QR 코드를 다시 찍어 주세요.",
	Forbidden:         "요청을 처리하지 않았습니다",
	ForbiddenDetail:   "QR 코드를 다시 찍고 이 화면에서 입력해 주세요.",
	Unavailable:       "잠시 후 다시 시도하세요",
	UnavailableDetail: "처리되었는지 확인하려면 QR 코드를 다시 찍어 주세요.",
}

var english = texts{
	Lang:    "en",
	Heading: "Star coupon",
	Sandbox: "This is a test coupon. Do not accept it in a real shop.",

	Shop: "Shop", Coupon: "Coupon", Condition: "Condition", Valid: "Valid",
	until: "until %s", untilFormat: "2 January 2006",

	Usable: "Ready to use", Used: "Used", Expired: "Expired", Cancelled: "Cancelled",
	ExpiredDetail:   "Its last day is over; it can no longer be used.",
	CancelledDetail: "The purchase was cancelled; it can no longer be used.",
	Done:            "Redeemed",
	usedAt:          "%s (Seoul) · %s", usedAtFormat: "2 January 2006, 15:04:05",

	SellerLabel: "Seller", SellerChoose: "Choose",
	Code: "Manager code", CodeHint: "Entered by the shop's staff.", Button: "Use this coupon",
	Once:     "This cannot be undone.",
	NoSeller: "This shop has no registered seller. Ask the operator.",

	Incomplete:   "Enter the manager code, and choose a seller where there are several.",
	WrongCode:    "The seller or the manager code is not right.",
	locked:       "Too many wrong codes: locked. Try again in %d min.",
	otherRefusal: "This coupon cannot be used now.",

	NotFound:          "Coupon not found",
	NotFoundDetail:    "The address is not right. Scan the QR code again.",
	Forbidden:         "Nothing was done",
	ForbiddenDetail:   "Scan the QR code again and enter the code on this page.",
	Unavailable:       "Try again in a moment",
	UnavailableDetail: "To see whether it was done, scan the QR code again.",
}
