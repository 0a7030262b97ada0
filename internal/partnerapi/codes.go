package partnerapi

import (
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
)

// What is said of requests that cannot be read (wire §1).
var (
	unknownPath    = reply{"L", "없는 주소입니다. 연동 가이드에 있는 /api/v1/ 아래 13개 경로를 확인하십시오.", "No such address. See the 13 paths of the guide under /api/v1/."}
	wrongMethod    = reply{"L", "POST로만 호출할 수 있습니다.", "Only POST is allowed here."}
	bodyTooLong    = reply{"Q", "요청 본문과 쿼리는 각각 1 MiB까지입니다.", "The body and the query may have 1 MiB each at most."}
	tooManyNames   = reply{"Q", "파라미터는 64개까지입니다.", "There may be 64 parameters at most."}
	valueTooLong   = reply{"Q", "{name} 값은 4 KiB까지입니다.", "The value of {name} may have 4 KiB at most."}
	notUTF8        = reply{"Q", "{name} 값이 UTF-8이 아닙니다.", "The value of {name} is not UTF-8."}
	namedTwice     = reply{"Q", "{name} 파라미터가 서로 다른 값으로 두 번 왔습니다. 아무것도 처리하지 않았습니다.", "The parameter {name} came twice with different values. Nothing was done."}
	badEscape      = reply{"Q", "{name} 파라미터의 % 인코딩이 잘못되었습니다.", "The %-encoding of the parameter {name} is broken."}
	badMultipart   = reply{"Q", "multipart 본문을 읽을 수 없습니다.", "The multipart body cannot be read."}
	badJSON        = reply{"Q", "JSON 본문은 이름과 값으로 된 객체 하나여야 합니다.", "A JSON body must be one object of names and values."}
	notFlat        = reply{"Q", "JSON의 {name} 값은 문자열, 정수, 참/거짓 또는 null이어야 합니다.", "The JSON value of {name} must be a string, an integer, a boolean or null."}
	missing        = reply{"Q", "{name} 파라미터가 필요합니다.", "The parameter {name} is required."}
	notANumber     = reply{"Q", "{name}에는 0 이상의 정수를 숫자로만 쓰십시오(쉼표·부호 없이).", "{name} must be an integer from 0 up, in digits only (no comma, no sign)."}
	tooLarge       = reply{"Q", "{name} 값이 너무 큽니다.", "{name} is too large."}
	notNumbers     = reply{"Q", "{name}에는 정수를 쓰고, 여러 개면 |로 구분하십시오.", "{name} must be integers with | between them."}
	tooManyItems   = reply{"Q", "{name}에는 한 번에 {limit}개까지 쓸 수 있습니다.", "{name} may have {limit} entries at most."}
	notOneOf       = reply{"Q", "{name} 값은 다음 중 하나여야 합니다: {words}", "{name} must be one of: {words}"}
	tooManyWords   = reply{"Q", "word에는 검색어를 {limit}개까지 쓸 수 있습니다.", "word may have {limit} words at most."}
	pageTooLow     = reply{"Q", "page는 1부터입니다.", "page begins at 1."}
	limitOutside   = reply{"Q", "limit은 1~1000입니다.", "limit is 1 to 1000."}
	notADay        = reply{"Q", "{name}에는 2025-09-15 같은 날짜를 쓰십시오.", "{name} must be a day such as 2025-09-15."}
	daysReversed   = reply{"Q", "sdate가 edate보다 늦습니다.", "sdate is later than edate."}
	notAnOrder     = reply{"Q", "{name} 값이 주문번호 형식이 아닙니다.", "{name} is not an order number."}
	countsDiffer   = reply{"Q", "{name}의 개수가 md_idx의 개수와 다릅니다.", "{name} must have as many entries as md_idx."}
	badKey         = reply{"Q", "Idempotency-Key 헤더는 공백 없는 ASCII 1~255자여야 합니다.", "The header Idempotency-Key must be 1 to 255 visible ASCII characters."}
	unknownOutcome = reply{"Q", "Sandbox-Outcome 헤더에는 다음 중 하나를 쓰십시오(재고·가격·잔액·한도·기간 거절은 구매 호출에만): {names}", "The header Sandbox-Outcome must be one of these, refusals on purchases only: {names}"}
	overTheLimit   = reply{"Q", "허용된 속도보다 자주 호출했습니다. Retry-After 초 뒤에 다시 보내십시오.", "You call more often than you may. Send this again after the seconds in Retry-After."}
	failedOften    = reply{"Q", "이 주소에서 잘못된 인증 정보가 너무 많이 왔습니다. 키와 토큰을 확인하고 Retry-After 초 뒤에 다시 보내십시오.", "Too many wrong credentials came from your address. Check keys and tokens, and send this again after the seconds in Retry-After."}
	bodyUnreadable = reply{"Q", "요청 본문을 끝까지 받지 못했습니다.", "The body did not arrive whole."}
)

// What is said of the data asked for.
var (
	notARegion    = reply{"L", "없는 행정구역 이름입니다: {name} “{value}”", "“{value}” ({name}) is not the name of a region."}
	notInProvince = reply{"L", "{province}에 없는 시·군·구입니다: gu “{value}”", "“{value}” (gu) is not in {province}."}
	notATown      = reply{"L", "dong 값은 동·읍·면·리·가·로로 끝나야 합니다: “{value}”", "“{value}” (dong) does not end as names of towns do (동, 읍, 면, 리, 가, 로)."}
	notOnSale     = reply{"M", "판매 중인 상품이 아닙니다: {name} {value}", "{name} {value} is not on sale."}
	notTogether   = reply{"M", "서로 맞지 않는 번호입니다: {first}, {second}", "{first} and {second} do not go together."}
)

// What is said when we are at fault.
var (
	failed        = reply{"GPLF", "서버 오류로 처리하지 못했습니다. 같은 오류가 이어지면 X-Request-Id 값을 알려 주십시오.", "The server failed. If it goes on, tell us the X-Request-Id."}
	notReadable   = reply{"GPLF", "지금은 데이터를 읽을 수 없습니다. 잠시 후 다시 시도하십시오.", "The data cannot be read at present. Try again in a moment."}
	notWritten    = reply{"GPLF", "주문을 기록하지 못해 구매하지 않았습니다. 잠시 후 다시 시도하십시오.", "The order could not be recorded, so nothing was bought. Try again in a moment."}
	tooManyBodies = reply{"GPLF", "큰 요청이 너무 많습니다. 잠시 후 다시 시도하십시오.", "Too many large requests at a time. Try again in a moment."}
	starting      = reply{"GPLF", "서버가 시작하는 중입니다. 잠시 후 다시 시도하십시오.", "The server is starting. Try again in a moment."}
	crowded       = reply{"GPLF", "사용처리 요청이 밀려 처리하지 않았습니다. 잠시 후 다시 시도하십시오.", "Too many coupons are being redeemed, so nothing was done. Try again in a moment."}
	busy          = reply{"GPLF", "주문이 밀려 이 요청은 처리하지 않았습니다(이 요청으로 구매된 것은 없습니다). Retry-After 초 뒤에 같은 Idempotency-Key로 다시 보내십시오.", "Too many orders are waiting, so nothing was bought by this request. Send it again, with the same Idempotency-Key, after the seconds in Retry-After."}
	tooManyCalls  = reply{"GPLF", "요청이 너무 많아 처리하지 않았습니다. Retry-After 초 뒤에 다시 보내십시오.", "Too many requests at a time, so nothing was done. Send this one again after the seconds in Retry-After."}
	unknownEnd    = reply{"GPLF", "주문이 기록되었는지 확인하지 못했습니다. 같은 Idempotency-Key로 다시 요청하거나 구매내역을 확인하십시오.", "It is not known whether the order was recorded. Ask again with the same Idempotency-Key, or look into the history."}
	useUnknown    = reply{"GPLF", "사용처리 결과를 확인하지 못했습니다. 다시 요청하면 결과를 알 수 있습니다.", "It is not known whether the coupon was used. Asking again tells."}
)

// What is said on success.
var (
	boughtGift = reply{"0000", "구매가 완료되었습니다.", "Purchase complete."}
	boughtTest = reply{"0000", "시험 구매가 완료되었습니다. 재고와 잔액은 그대로입니다.", "Test purchase complete: stock and balance are unchanged."}
	couponUsed = reply{"0000", "사용처리가 완료되었습니다.", "The coupon has been redeemed."}
)

// callerFaults has an answer for each way in which credentials can be wrong (wire §7).
var callerFaults = map[credential.FaultKind]reply{
	credential.MissingCredential:      {"Q", "필요한 값이 없습니다: {names}", "Missing: {names}"},
	credential.UnknownKey:             {"UP", "Partnerkey에 해당하는 매체사가 없습니다.", "No partner has this Partnerkey."},
	credential.KeyOfAnother:           {"TOKEN03", "Partnerkey가 partner_id의 것이 아닙니다.", "The Partnerkey does not belong to this partner_id."},
	credential.PartnerTokenWrong:      {"TOKEN06", "Partnertoken이 Partnerkey와 맞지 않습니다.", "The Partnertoken does not belong to this Partnerkey."},
	credential.PartnerWithdrawn:       {"T7", "탈퇴한 매체사입니다.", "This partner has withdrawn."},
	credential.PartnerSuspended:       {"TOKEN04", "이용이 정지된 매체사입니다. 운영자에게 문의하십시오.", "This partner is suspended. Ask the operator."},
	credential.AddressRefused:         {"M4", "허용되지 않은 IP에서 호출했습니다. 운영자에게 IP 등록을 요청하십시오.", "Calls from this address are not allowed. Ask the operator to add it."},
	credential.RefreshMissing:         {"TOKEN02", "{header} 헤더가 없습니다.", "The header {header} is missing."},
	credential.RefreshEmpty:           {"T5", "{header} 헤더가 비어 있습니다.", "The header {header} is empty."},
	credential.RefreshTooLong:         {"T", "리프레시 토큰이 너무 깁니다(8 KiB까지).", "The refresh token is too long (8 KiB at most)."},
	credential.RefreshMalformed:       {"TOKEN00", "리프레시 토큰이 토큰 형식이 아닙니다.", "The refresh token is not a token."},
	credential.RefreshInvalid:         {"TOKEN09", "리프레시 토큰의 서명이나 내용이 올바르지 않습니다.", "The refresh token's signature or contents are wrong."},
	credential.RefreshExpired:         {"TOKEN07", "리프레시 토큰의 유효기간이 지났습니다. 운영자에게 재발급을 요청하십시오.", "The refresh token has expired. Ask the operator for a new one."},
	credential.RefreshNotRegistered:   {"TOKEN05", "등록된 리프레시 토큰이 아닙니다. 교체되었거나 폐기된 토큰입니다.", "This refresh token is not the registered one: it was rotated or revoked."},
	credential.AccessMissing:          {"TOKEN01", "Access-Token 헤더가 없습니다. getAccessToken으로 발급받으십시오.", "The header Access-Token is missing. getAccessToken issues one."},
	credential.AccessEmpty:            {"T5", "Access-Token이 비어 있습니다. getAccessToken으로 발급받으십시오.", "The Access-Token is empty. getAccessToken issues one."},
	credential.AccessTooLong:          {"T", "Access-Token이 너무 깁니다(8 KiB까지).", "The Access-Token is too long (8 KiB at most)."},
	credential.AccessMalformed:        {"T4", "Access-Token의 구조가 올바르지 않습니다.", "The Access-Token does not consist of three encoded parts."},
	credential.AccessNotOurs:          {"T2", "Access-Token의 형식(알고리즘 또는 종류)이 다릅니다.", "The Access-Token is of another algorithm or type."},
	credential.AccessSignatureWrong:   {"T3", "Access-Token의 서명이 올바르지 않습니다.", "The Access-Token's signature is wrong."},
	credential.AccessExpired:          {"T1", "Access-Token의 유효기간이 지났습니다. getAccessToken으로 다시 발급받으십시오.", "The Access-Token has expired. getAccessToken issues a new one."},
	credential.AccessOfUnknownPartner: {"T6", "Access-Token의 매체사가 존재하지 않습니다.", "The partner named in the Access-Token does not exist."},
	credential.AccessInvalid:          {"TOKEN08", "Access-Token이 유효하지 않습니다. 키가 교체되었다면 다시 발급받으십시오.", "The Access-Token is not valid. If keys were rotated, get a new one."},
	credential.AccessOfAnother:        {"Z", "Access-Token이 partner_id의 것이 아닙니다.", "The Access-Token does not belong to this partner_id."},
}

// refusals has what is said of each reason of the domain (wire §5–§7).
var refusals = map[gift.Reason]saying{
	gift.MayNotSpend:     {"블랙 처리되어 구매할 수 없습니다. 운영자에게 문의하십시오.", "This partner is blacklisted and may not buy. Ask the operator."},
	gift.KeyReused:       {"이 Idempotency-Key는 다른 구매에 이미 쓰였습니다. 아무것도 구매하지 않았습니다.", "This Idempotency-Key was used for a different purchase. Nothing was bought."},
	gift.Repeated:        {"같은 구매가 방금 완료되었습니다(주문번호 {tid}). 한 번 더 구매하려면 새 Idempotency-Key를 보내십시오.", "An equal purchase was just completed (order {tid}). To buy once more, send a new Idempotency-Key."},
	gift.UnknownOffer:    {"판매하는 상품이 아닙니다: {item}", "{item} is not on sale."},
	gift.WrongCampaign:   {"msl_idx가 판매번호와 맞지 않습니다: {item}", "The msl_idx of {item} does not belong to it."},
	gift.WrongCoupon:     {"msc_idx가 판매번호와 맞지 않습니다: {item}. 아무 쿠폰이나 사려면 0을 보내십시오.", "The msc_idx of {item} does not belong to it. Send 0 to buy any coupon."},
	gift.CouponTwice:     {"같은 msc_idx를 두 번 지정했습니다: {item}", "The msc_idx of {item} is named twice."},
	gift.NameMismatch:    {"product가 md_idx의 상품명과 다릅니다. 여러 개면 상품명을 md_idx와 같은 순서로 |로 구분하십시오.", "product does not name what md_idx names. For several items, put | between the names, in the order of md_idx."},
	gift.Expired:         {"유효기간이 끝난 상품입니다: {item}", "The last valid day of {item} is over."},
	gift.TookLast:        {"품절되었고, 마지막으로 구매한 쪽이 귀사입니다(주문번호 {tid}). 응답을 받지 못했다면 그 주문입니다: {item}", "{item} is sold out, and you bought the last one (order {tid}). If you missed an answer, it was that order's."},
	gift.CouponYours:     {"귀사가 이미 구매한 쿠폰입니다(주문번호 {tid}): {item}", "You have bought this coupon of {item} already (order {tid})."},
	gift.CouponTaken:     {"이미 판매된 쿠폰입니다: {item}. 다른 msc_idx나 0을 보내십시오.", "This coupon of {item} is sold. Send another msc_idx, or 0."},
	gift.SoldOut:         {"품절된 상품입니다: {item}", "{item} is sold out."},
	gift.TooFew:          {"재고가 모자랍니다: {item}, 남은 수량 {limit}개", "Only {limit} left of {item}."},
	gift.WrongAmount:     {"cash가 현재 판매가의 합과 다릅니다. 맞는 금액은 {amount}원입니다.", "cash is not the sum of the current prices, which is {amount}."},
	gift.DailyLimit:      {"하루 구매 한도({limit}건)를 모두 썼습니다. 한국 시간 자정에 다시 열립니다.", "The daily limit of {limit} purchases is used up. It resets at midnight in Seoul."},
	gift.OncePerPartner:  {"매체사당 하나만 살 수 있는 상품입니다(이미 구매했거나 한 주문에 두 번 지정했습니다): {item}", "Each partner can buy {item} once; it was bought before or is named twice."},
	gift.LowBalance:      {"충전금이 부족합니다(잔액 {amount}원).", "The prepaid balance is too low ({amount} left)."},
	gift.ReferenceUsed:   {"이 참조번호로 이미 주문이 있습니다(주문번호 {tid}).", "An order has this reference already (order {tid})."},
	gift.ReferenceClosed: {"닫힌 참조번호입니다. 이 번호로는 주문할 수 없습니다.", "This reference was closed: no order can have it."},
	gift.QuoteUnknown:    {"없는 견적입니다.", "You have no such quote."},
	gift.QuoteLapsed:     {"견적의 시간이 지났습니다. 새로 받으십시오.", "The quote's time is over. Ask for a new one."},
	gift.QuoteUsed:       {"이미 주문한 견적입니다(주문번호 {tid}).", "An order was made of this quote already (order {tid})."},
	gift.AllHeld:         {"남은 수량을 다른 구매자가 잠시(최대 1분) 잡아 두었습니다: {item}. 잠시 후 다시 시도하십시오.", "What is left of {item} is held by others for a minute at most. Try again in a moment."},
	gift.TooManyQuotes:   {"잡아 둘 수 있는 견적이나 수량을 넘었습니다(한도 {limit}).", "You hold as much as you may ({limit})."},

	gift.NotYours:     {"주문번호(tid)와 쿠폰번호(msc_idx)가 일치하는 구매가 없습니다.", "You have no purchase with this tid and msc_idx."},
	gift.AlreadyUsed:  {"이미 사용된 쿠폰입니다({when}, {where}).", "The coupon was used already ({when}, {where})."},
	gift.Cancelled:    {"취소된 쿠폰입니다.", "The coupon was cancelled."},
	gift.Lapsed:       {"유효기간이 지난 쿠폰입니다({when}까지).", "The coupon was valid until {when}."},
	gift.WrongCode:    {"msu_idx, managecode 또는 msc_idx가 일치하지 않습니다.", "msu_idx, managecode or msc_idx do not match."},
	gift.SellerLocked: {"매니저 코드를 여러 번 틀려 이 판매자가 잠겨 있습니다. {limit}분 뒤에 다시 시도하십시오.", "Too many wrong manager codes: this seller is locked. Try again in {limit} minutes."},
}

// wrongName is said instead of NameMismatch's text when one item's name is at fault.
var wrongName = saying{"product가 상품명과 다릅니다: {item}의 상품명은 “{right}”입니다.", "product is wrong for {item}, whose name is “{right}”."}
