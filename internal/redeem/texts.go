package redeem

import (
	"fmt"
	"strconv"
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
	Code, CodeHint, Button           string
	NoSeller, Incomplete, WrongCode  string
	NotFound, NotFoundDetail         string
	Forbidden, ForbiddenDetail       string
	Unavailable, UnavailableDetail   string
	locked, usedAt, usedAtFormat     string
	until, untilFormat, otherRefusal string

	Keep, KeepHint, SignedAs, SignedUntil    string
	Undo, UndoHint, UndoSeconds              string
	Undone, UndoneDetail, Next               string
	Counter, HowToSignIn, SignIn, SignInHint string
	SignInButton, SignOut, Sound, OldAddress string
	Scan, Scanning, ScanHint, Stop           string
	NoCamera, NoCode, NotACoupon             string
	Photo, Number, NumberHint, Open          string
	NoSuchNumber, OtherShop, TooLate         string
	NotStanding, Sending, NotSent            string
	Letters, Digits, Erase                   string
	ListTitle, From, To, Show, Total         string
	File, Empty, More, BadPeriod, ListHint   string
	RowUndo, RowUndone                       string
	coupon, coupons, won, viaAPI, viaPage    string
	viaShift, viaNumber, viaConsole          string
	fileDay, fileTime, fileNumber, fileVia   string
	fileFace, fileOwed, fileNote             string
}

// Won writes an amount of money.
func (t *texts) Won(amount gift.Won) string {
	if amount < 0 {
		return "−" + t.Won(-amount)
	}
	return fmt.Sprintf(t.won, inThousands(int64(amount)))
}

// inThousands writes a number that is not below zero with commas.
func inThousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// via says how a coupon was used.
func (t *texts) via(via string) string {
	switch via {
	case ViaAPI:
		return t.viaAPI
	case ViaPage:
		return t.viaPage
	case ViaShift:
		return t.viaShift
	case ViaNumber:
		return t.viaNumber
	case ViaConsole:
		return t.viaConsole
	}
	return via
}

// fileHead is the first row of a file.
func (t *texts) fileHead() []any {
	return []any{t.fileDay, t.fileTime, t.Coupon, t.fileNumber, t.SellerLabel, t.fileVia, t.fileFace, t.fileOwed, t.fileNote}
}

// Until says up to which day a coupon is valid.
func (t *texts) Until(day gift.Day) string {
	return fmt.Sprintf(t.until, day.Start().Format(t.untilFormat))
}

// UsedAt says when, in Seoul, where and by which seller, if that is known, a coupon was used.
func (t *texts) UsedAt(at time.Time, shop, seller string) string {
	said := fmt.Sprintf(t.usedAt, at.In(gift.Seoul).Format(t.usedAtFormat), shop)
	if seller != "" {
		said += " · " + seller
	}
	return said
}

func (t *texts) refusal(r *gift.Refusal) string {
	switch r.Reason {
	case incomplete:
		return t.Incomplete
	case gift.WrongCode:
		return t.WrongCode
	case otherShop:
		return t.OtherShop
	case tooLate:
		return t.TooLate
	case notStanding:
		return t.NotStanding
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

	Keep:         "이 기기에서 12시간 동안 코드 없이 사용",
	KeepHint:     "매장 기기에서만 선택하세요.",
	SignedAs:     "로그인",
	SignedUntil:  "까지",
	Undo:         "방금 사용 취소",
	UndoHint:     "60초 안에만 취소할 수 있습니다.",
	UndoSeconds:  "초 남음",
	Undone:       "사용을 취소했습니다",
	UndoneDetail: "쿠폰을 다시 사용할 수 있습니다.",
	Next:         "다음 손님",
	Counter:      "쿠폰 받기",
	SignIn:       "매장 기기 로그인",
	HowToSignIn: "손님 쿠폰의 QR 코드를 휴대폰 카메라로 찍고 매니저 코드를 입력할 때 ‘이 기기에서 12시간 동안 코드 없이 사용’을 " +
		"선택하거나, 운영자가 보낸 로그인 주소를 여세요.",
	SignInHint:   "12시간 동안 코드를 다시 묻지 않습니다. 매장 기기에서만 로그인하세요.",
	SignInButton: "로그인",
	SignOut:      "로그아웃",
	Sound:        "사용 완료 소리",
	OldAddress:   "로그인 주소가 올바르지 않거나 매니저 코드가 바뀌었습니다. 운영자에게 새 주소를 받으세요.",
	Scan:         "카메라로 QR 찍기",
	Scanning:     "QR 코드를 화면 가운데에 맞추세요.",
	Stop:         "카메라 끄기",
	ScanHint:     "QR 코드가 보이면 쿠폰 화면이 바로 열립니다.",
	NoCamera:     "카메라를 쓸 수 없습니다. 사진에서 읽거나 번호를 입력하세요.",
	NoCode:       "사진에서 QR 코드를 찾지 못했습니다. 더 가까이, 밝은 곳에서 다시 찍어 주세요.",
	NotACoupon:   "별별쿠폰의 QR 코드가 아닙니다.",
	Photo:        "사진에서 읽기",
	Number:       "쿠폰 번호",
	NumberHint:   "QR 코드를 읽을 수 없을 때 입력하세요.",
	Open:         "열기",
	NoSuchNumber: "이 매장에서 쓸 수 있는 쿠폰 번호가 아닙니다.",
	OtherShop:    "다른 매장의 쿠폰입니다. 아래 매장의 매니저 코드가 있어야 사용할 수 있습니다.",
	TooLate:      "60초가 지나 여기서는 취소할 수 없습니다. 운영자에게 문의하세요.",
	NotStanding:  "이미 취소되었거나 바뀐 사용 기록입니다.",
	Sending:      "보내는 중…",
	NotSent:      "연결이 끊겼습니다. 다시 눌러도 두 번 사용되지 않습니다.",
	Letters:      "문자",
	Digits:       "숫자판",
	Erase:        "지우기",
	ListTitle:    "사용 내역",
	From:         "시작일",
	To:           "종료일",
	Show:         "보기",
	Total:        "합계",
	File:         "CSV 내려받기",
	Empty:        "이 기간에 사용된 쿠폰이 없습니다.",
	More:         "더 보기",
	BadPeriod:    "기간을 다시 고르세요. 1년까지 볼 수 있습니다. 오늘 내역을 보여 드립니다.",
	ListHint:     "테스트 쿠폰은 빠집니다. 금액은 매장에 정산될 금액입니다.",
	RowUndo:      "사용 취소",
	RowUndone:    "취소됨",
	coupon:       "%d장",
	coupons:      "%d장",
	won:          "%s원",
	viaAPI:       "매체사 앱",
	viaPage:      "매니저 코드",
	viaShift:     "매장 기기",
	viaNumber:    "번호 입력",
	viaConsole:   "운영자",
	fileDay:      "정산일",
	fileTime:     "일시",
	fileNumber:   "쿠폰 번호",
	fileVia:      "방법",
	fileFace:     "액면가",
	fileOwed:     "정산 금액",
	fileNote:     "비고",
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

	Keep:         "Ask for no code on this device for 12 hours",
	KeepHint:     "Only on the shop's own device.",
	SignedAs:     "Signed in",
	SignedUntil:  "until",
	Undo:         "Undo",
	UndoHint:     "Only within 60 seconds.",
	UndoSeconds:  "s left",
	Undone:       "Undone",
	UndoneDetail: "The coupon can be used again.",
	Next:         "Next customer",
	Counter:      "Take coupons",
	SignIn:       "Sign in this device",
	HowToSignIn: "Scan a customer's QR code with the telephone's camera and tick “Ask for no code on this device for 12 hours” " +
		"where you enter the manager code, or open the sign-in address that the operator gave you.",
	SignInHint:   "No code is asked for during 12 hours. Only on the shop's own device.",
	SignInButton: "Sign in",
	SignOut:      "Sign out",
	Sound:        "Sound on success",
	OldAddress:   "This address is not right, or the manager code was changed. Ask the operator for the new address.",
	Scan:         "Scan with the camera",
	Scanning:     "Hold the QR code in the middle.",
	Stop:         "Stop the camera",
	ScanHint:     "The coupon opens as soon as its QR code is seen.",
	NoCamera:     "The camera cannot be used. Read a photo or type the number.",
	NoCode:       "No QR code was found in the photo. Take it closer and in better light.",
	NotACoupon:   "This is not a star coupon's QR code.",
	Photo:        "Read a photo",
	Number:       "Coupon number",
	NumberHint:   "Where the QR code cannot be read.",
	Open:         "Open",
	NoSuchNumber: "No coupon of this shop has that number.",
	OtherShop:    "This coupon is another shop's. It takes the manager code of the shop below.",
	TooLate:      "60 seconds are over: it cannot be undone here. Ask the operator.",
	NotStanding:  "It was undone already, or used anew.",
	Sending:      "Sending…",
	NotSent:      "The connection broke. Pressing again does not use the coupon twice.",
	Letters:      "ABC",
	Digits:       "123",
	Erase:        "Erase",
	ListTitle:    "Redemptions",
	From:         "From",
	To:           "To",
	Show:         "Show",
	Total:        "Total",
	File:         "Download CSV",
	Empty:        "No coupon was used in these days.",
	More:         "More",
	BadPeriod:    "Choose other days, a year at most. Today's are shown.",
	ListHint:     "Without test coupons. Amounts are what the shop is owed.",
	RowUndo:      "undo",
	RowUndone:    "undone",
	coupon:       "%d coupon",
	coupons:      "%d coupons",
	won:          "₩%s",
	viaAPI:       "partner's app",
	viaPage:      "manager code",
	viaShift:     "shop's device",
	viaNumber:    "number typed",
	viaConsole:   "operator",
	fileDay:      "Settled as of",
	fileTime:     "Time",
	fileNumber:   "Coupon number",
	fileVia:      "How",
	fileFace:     "Face value",
	fileOwed:     "Owed",
	fileNote:     "Note",
}
