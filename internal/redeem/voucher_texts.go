package redeem

import (
	"fmt"
	"net/http"
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
)

// voucherTexts is what a voucher page says in one language.
type voucherTexts struct {
	Lang, Site                               string
	Gifticon, StarCoupon                     string // what it is
	Sandbox                                  string
	Valid, Price, Shop, Coupon, Terms, Place string
	Map, How                                 string
	Barcode, QRCode, Number, TestNumber      string
	Save, SaveHint, Careful, OpenToSee       string
	Used, Expired, Cancelled                 string
	ExpiredDetail, CancelledDetail           string
	NotFound, NotFoundDetail                 string
	Unavailable, UnavailableDetail           string
	lastDay, daysLeft, dayLeft, until        string
	dayFormat, usedAt, usedAtFormat, won     string
	gifticonSteps, starSteps, longSteps      []string
}

func voucherTextsFor(r *http.Request) *voucherTexts {
	if locale.Of(r.Header.Get("Accept-Language")) == locale.English {
		return &englishVoucher
	}
	return &koreanVoucher
}

// DaysLeft says for how many days more, today not counted, a voucher can be used.
func (t *voucherTexts) DaysLeft(days int64) string {
	switch days {
	case 0:
		return t.lastDay
	case 1:
		return t.dayLeft
	}
	return fmt.Sprintf(t.daysLeft, days)
}

// Until says up to which day a voucher is valid.
func (t *voucherTexts) Until(day gift.Day) string {
	return fmt.Sprintf(t.until, day.Start().Format(t.dayFormat))
}

// UsedAt says when, in Seoul, and where a coupon was used.
func (t *voucherTexts) UsedAt(item *gift.BoughtItem) string {
	return fmt.Sprintf(t.usedAt, item.UsedAt.In(gift.Seoul).Format(t.usedAtFormat), item.Shop.Name)
}

// Won writes an amount with a comma before each three digits.
func (t *voucherTexts) Won(amount gift.Won) string {
	digits := strconv.FormatInt(int64(amount), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return fmt.Sprintf(t.won, digits)
}

// Kind says what an item is.
func (t *voucherTexts) Kind(kind gift.Kind) string {
	if kind == gift.StarCoupon {
		return t.StarCoupon
	}
	return t.Gifticon
}

// steps says how an item is used.
func (t *voucherTexts) steps(item *gift.BoughtItem, code *grid) []string {
	switch {
	case item.Offer.Kind == gift.StarCoupon:
		return append([]string{fmt.Sprintf(t.starSteps[0], item.Shop.Name)}, t.starSteps[1:]...)
	case code != nil && !code.Bars():
		return t.longSteps
	}
	return t.gifticonSteps
}

var koreanVoucher = voucherTexts{
	Lang: "ko", Site: "기프티엠비즈", Gifticon: "모바일 상품권", StarCoupon: "별별쿠폰",
	Sandbox: "테스트용입니다. 실제 매장에서는 사용할 수 없습니다.",

	Valid: "유효기간", Price: "금액", Shop: "사용 매장", Coupon: "쿠폰", Terms: "사용 조건", Place: "위치", Map: "지도 보기",
	How: "사용 방법", Barcode: "바코드", QRCode: "QR 코드", Number: "상품권 번호", TestNumber: "테스트 번호",
	gifticonSteps: []string{
		"주문하거나 계산할 때 직원에게 바코드를 보여 주세요.",
		"바코드가 읽히지 않으면 번호를 알려 주세요.",
		"이미 사용했는지는 매장에서 번호를 조회해 확인할 수 있습니다.",
	},
	longSteps: []string{
		"주문하거나 계산할 때 직원에게 이 화면을 보여 주세요.",
		"QR 코드가 읽히지 않으면 번호를 알려 주세요.",
		"이미 사용했는지는 매장에서 번호를 조회해 확인할 수 있습니다.",
	},
	starSteps: []string{
		"%s에서 직원에게 이 화면을 보여 주세요.",
		"직원이 QR 코드를 찍고 매니저 코드를 입력하면 사용이 끝납니다.",
	},
	Save: "그림으로 저장", SaveHint: "저장되지 않고 그림이 열리면 그림을 길게 눌러 저장하세요.",
	Careful:   "이 링크를 아는 사람은 누구나 쓸 수 있습니다. 선물할 사람에게만 보내세요.",
	OpenToSee: "번호는 링크를 직접 열면 보입니다.",

	lastDay: "오늘까지", dayLeft: "1일 남음", daysLeft: "%d일 남음", until: "%s까지", dayFormat: "2006년 1월 2일",
	usedAt: "%s · %s", usedAtFormat: "2006년 1월 2일 15:04", won: "%s원",

	Used: "사용 완료", Expired: "기간 만료", Cancelled: "취소됨",
	ExpiredDetail:   "유효기간이 지나 사용할 수 없습니다.",
	CancelledDetail: "구매가 취소되어 사용할 수 없습니다. 보내 주신 분께 문의하세요.",

	NotFound:          "링크를 열 수 없습니다",
	NotFoundDetail:    "주소가 잘못되었거나 새 링크로 바뀌었습니다. 보내 주신 분이나 구매한 곳에 새 링크를 요청하세요.",
	Unavailable:       "잠시 후 다시 열어 주세요",
	UnavailableDetail: "지금은 보여 드릴 수 없습니다. 상품권은 그대로 있습니다.",
}

var englishVoucher = voucherTexts{
	Lang: "en", Site: "GiftiMBiz", Gifticon: "Gift voucher", StarCoupon: "Star coupon",
	Sandbox: "This is a test. It cannot be used in a real shop.",

	Valid: "Valid", Price: "Value", Shop: "Shop", Coupon: "Coupon", Terms: "Condition", Place: "Where", Map: "Show the map",
	How: "How to use it", Barcode: "Bar code", QRCode: "QR code", Number: "Voucher number", TestNumber: "Test number",
	gifticonSteps: []string{
		"Show the bar code when you order or pay.",
		"If it cannot be scanned, read out the number.",
		"Whether it was used already, the shop can look up by the number.",
	},
	longSteps: []string{
		"Show this page when you order or pay.",
		"If the QR code cannot be scanned, read out the number.",
		"Whether it was used already, the shop can look up by the number.",
	},
	starSteps: []string{
		"Show this page to the staff of %s.",
		"They scan the QR code and enter their manager code. That is all.",
	},
	Save: "Save as picture", SaveHint: "If a picture opens instead, press it long to save it.",
	Careful:   "Whoever has this link can use it. Send it to nobody but the one it is for.",
	OpenToSee: "Open the link yourself to see the number.",

	lastDay: "last day today", dayLeft: "1 day left", daysLeft: "%d days left", until: "until %s", dayFormat: "2 January 2006",
	usedAt: "%s (Seoul) · %s", usedAtFormat: "2 January 2006, 15:04", won: "₩%s",

	Used: "Used", Expired: "Expired", Cancelled: "Cancelled",
	ExpiredDetail:   "Its last day is over; it can no longer be used.",
	CancelledDetail: "The purchase was cancelled; it can no longer be used. Ask whoever sent it.",

	NotFound:          "This link leads nowhere",
	NotFoundDetail:    "The address is not right, or a new link has taken its place. Ask whoever sent it, or where it was bought.",
	Unavailable:       "Open it again in a moment",
	UnavailableDetail: "It cannot be shown just now. Nothing happened to the voucher.",
}
