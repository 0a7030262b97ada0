package main

import "fmt"

// text returns a text in a language. Texts stand in the order of the pages.
func text(language, name string, args ...any) string {
	both, ok := texts[name]
	if !ok {
		panic("storefront: there is no text " + name)
	}
	said := both[0]
	if language == "en" {
		said = both[1]
	}
	if len(args) == 0 {
		return said
	}
	return fmt.Sprintf(said, args...)
}

// texts are Korean, English.
var texts = map[string][2]string{
	"shop":     {"모퉁이", "Corner"},
	"tagline":  {"작은 선물 가게", "the little gift shop"},
	"skip":     {"본문으로", "Skip to content"},
	"search":   {"검색", "Search"},
	"search-h": {"브랜드, 상품, 초성(ㅅㅌㅂㅅ)", "Brand or product"},
	"menu":     {"메뉴", "Menu"},
	"tab-home": {"선물", "Gifts"},
	"tab-star": {"동네 쿠폰", "Local"},
	"mine":     {"내 쿠폰", "My vouchers"},
	"points":   {"내 포인트", "My points"},
	"language": {"English", "한국어"},
	"about": {
		"데모 가게입니다. 포인트는 가상이며 1 P는 1원입니다.",
		"A demo shop. Points are pretended; 1 P is ₩1.",
	},

	"hello":        {"오늘, 누구에게\n커피 한 잔 어때요?", "A coffee for\nsomebody today?"},
	"hello-points": {"포인트 %s로 시작해 보세요.", "Your first %s are on us."},
	"categories":   {"카테고리", "Categories"},
	"popular":      {"지금 인기", "Popular now"},
	"deals":        {"할인 큰 선물", "Big discounts"},
	"nearby":       {"동네 가게 쿠폰", "Coupons of local shops"},
	"brands":       {"브랜드", "Brands"},
	"all":          {"전체", "All"},
	"see-all":      {"전체 보기", "See all"},

	"all-gifticon":  {"선물 전체", "All gifts"},
	"all-star":      {"동네 쿠폰 전체", "All local coupons"},
	"found":         {"‘%s’ 검색 결과", "Results for “%s”"},
	"count":         {"%d개", "%d items"},
	"none":          {"찾는 상품이 없습니다.", "Nothing found."},
	"none-h":        {"다른 낱말로 검색해 보세요. 초성만 써도 됩니다.", "Try another word. Korean initial consonants work, too."},
	"unsearched":    {"지금은 검색할 수 없습니다. 잠시 후 다시 시도해 주세요.", "Search does not work right now. Try again in a moment."},
	"sort":          {"정렬", "Sort"},
	"sort-popular":  {"인기순", "Popular"},
	"sort-cheap":    {"낮은 가격순", "Lowest price"},
	"sort-discount": {"할인율순", "Biggest discount"},
	"previous":      {"이전", "Previous"},
	"next":          {"다음", "Next"},
	"page-of":       {"%d / %d쪽", "Page %d of %d"},
	"free":          {"무료", "Free"},

	"off":           {"%d%%", "−%d%%"},
	"face":          {"정가", "Value"},
	"price":         {"가격", "Price"},
	"last-day":      {"유효기간", "Valid until"},
	"where":         {"사용처", "Use at"},
	"condition":     {"사용 조건", "Condition"},
	"map":           {"지도 보기", "Map"},
	"buy":           {"구매하기", "Buy"},
	"get-free":      {"무료로 받기", "Get it free"},
	"similar":       {"이런 선물은 어때요?", "You may like these"},
	"how-gift":      {"구매하면 바로 바코드가 나옵니다. 매장에서 보여 주세요.", "You get a bar code at once. Show it at the store."},
	"how-star":      {"구매하면 바로 QR이 나옵니다. 가게에서 찍으면 이 화면이 바뀝니다.", "You get a QR code at once. When the shop scans it, your page changes."},
	"left-over":     {"기간 지남", "Expired"},
	"left-today":    {"오늘까지", "Last day"},
	"left-tomorrow": {"내일까지", "Until tomorrow"},
	"left-days":     {"%d일 남음", "%d days left"},

	"reason-sold-out":    {"방금 다 팔렸습니다", "Just sold out"},
	"reason-held":        {"마지막 상품을 다른 분이 결제하고 있습니다", "Somebody is paying for the last one"},
	"reason-gone":        {"지금은 팔지 않는 상품입니다", "Not on sale any more"},
	"reason-lapsed":      {"가격 보장 시간이 끝났습니다", "The price was held no longer"},
	"reason-repriced":    {"가격이 바뀌었습니다", "The price has changed"},
	"reason-busy":        {"주문이 몰려 있습니다", "Too many orders right now"},
	"reason-unavailable": {"일시적으로 구매할 수 없습니다", "Temporarily unavailable"},
	"reason-given-up":    {"주문이 완료되지 않았습니다", "The order did not go through"},
	"advice-sold-out":    {"비슷한 선물을 골라 보세요.", "Here is something like it."},
	"advice-held":        {"1분 뒤에 다시 보거나, 비슷한 선물을 골라 보세요.", "Look again in a minute, or pick something like it."},
	"advice-gone":        {"비슷한 선물을 골라 보세요.", "Here is something like it."},
	"advice-lapsed":      {"다시 구매할 수 있습니다.", "You can buy it again."},
	"advice-repriced":    {"바뀐 가격을 확인하고 다시 구매할 수 있습니다.", "See what it costs now and buy it again."},
	"advice-busy":        {"잠시 후 다시 시도해 주세요.", "Try again in a moment."},
	"advice-unavailable": {"곧 해결하겠습니다. 나중에 다시 찾아 주세요.", "We are on it. Please come back later."},
	"advice-given-up":    {"아무것도 구매되지 않았습니다.", "Nothing was bought."},
	"points-back":        {"포인트 %s를 돌려드렸습니다.", "Your %s are back."},
	"again":              {"다시 구매하기", "Buy again"},
	"back-to-item":       {"상품으로", "Back to the item"},

	"checkout":     {"결제 확인", "Checkout"},
	"held-for":     {"이 가격과 재고를 잡아 두었습니다", "Price and stock are held for you"},
	"seconds":      {"초", "sec"},
	"hold-over":    {"보장 시간이 끝났습니다. 결제하면 가격을 다시 확인합니다.", "The hold is over. We check the price again when you pay."},
	"not-held":     {"지금 주문이 많아 가격을 잡아 두지 못했습니다. 바뀌면 다시 여쭤보겠습니다.", "We cannot hold the price right now. If it changes, we ask you again."},
	"price-turned": {"그 사이 가격이 바뀌었습니다", "The price has changed meanwhile"},
	"old-price":    {"조금 전", "Before"},
	"new-price":    {"지금", "Now"},
	"ask-again":    {"이 가격에 구매할까요?", "Buy it at this price?"},
	"wallet":       {"내 포인트", "My points"},
	"after":        {"결제 후", "Left after"},
	"pay":          {"%s 결제하기", "Pay %s"},
	"pay-free":     {"무료로 받기", "Get it free"},
	"no-thanks":    {"그만두기", "No, thanks"},
	"too-few":      {"포인트가 %s 부족합니다.", "You are %s short."},
	"pending":      {"확인 중입니다", "Being confirmed"},
	"pending-h": {
		"주문이 되었는지 확인하고 있습니다. 이 화면은 저절로 바뀌니 다시 결제하지 마세요. 구매되지 않았다면 포인트를 돌려드립니다.",
		"We are finding out whether your order went through. This page changes by itself: please do not pay again. If nothing was bought, your points come back.",
	},

	"state-usable":    {"사용 가능", "Ready to use"},
	"state-used":      {"사용 완료", "Used"},
	"state-cancelled": {"취소됨", "Cancelled"},
	"state-expired":   {"기간 만료", "Expired"},
	"state-withdrawn": {"사용 중지", "Withdrawn"},
	"state-pending":   {"확인 중", "Being confirmed"},
	"state-failed":    {"구매 안 됨", "Not bought"},
	"used-at":         {"%s에서 사용했습니다", "Used at %s"},
	"cancelled-h":     {"포인트 %s를 돌려드렸습니다.", "Your %s are back."},
	"expired-h":       {"유효기간이 지났습니다.", "It is past its last day."},
	"withdrawn-h":     {"발행처가 사용을 중지했습니다. 환불을 준비하고 있습니다.", "The issuer withdrew it. We are seeing to a refund."},
	"unreached":       {"지금은 번호를 불러올 수 없습니다. 잠시 후 새로고침해 주세요.", "The code cannot be loaded right now. Reload in a moment."},
	"code-gift":       {"바코드", "Bar code"},
	"code-star":       {"QR 코드", "QR code"},
	"show-gift":       {"계산할 때 보여 주세요", "Show it when you pay"},
	"show-star":       {"가게에서 이 QR을 찍습니다", "The shop scans this code"},
	"copy":            {"번호 복사", "Copy number"},
	"copied":          {"복사했습니다", "Copied"},
	"give":            {"선물 링크 보내기", "Send as a gift"},
	"given":           {"선물 링크를 복사했습니다", "Gift link copied"},
	"give-title":      {"선물이 도착했어요", "A gift for you"},
	"open":            {"선물 페이지 열기", "Open the gift page"},
	"cancel":          {"구매 취소", "Cancel"},
	"cancel-h":        {"쓰지 않은 쿠폰은 7일 안에 취소할 수 있습니다.", "An unused coupon can be cancelled for 7 days."},
	"uncancelled":     {"취소할 수 없습니다.", "It cannot be cancelled."},
	"bought-at":       {"구매 시각", "Bought"},
	"paid":            {"결제", "Paid"},
	"order-number":    {"주문 번호", "Order"},

	"none-bought":   {"아직 구매한 쿠폰이 없습니다", "No vouchers yet"},
	"none-bought-h": {"마음에 드는 선물을 골라 보세요.", "Pick something you like."},
	"look-around":   {"둘러보기", "Look around"},
	"usable-now":    {"지금 쓸 수 있어요", "Ready to use"},
	"past":          {"지난 내역", "Past"},
	"notices":       {"소식", "News"},

	"notice-used":          {"%s 쿠폰을 %s에서 사용했습니다.", "%s was used at %s."},
	"notice-undone":        {"%s 쿠폰의 사용이 취소되었습니다(%s). 다시 쓸 수 있습니다.", "The use of %s was undone (%s). You can use it again."},
	"notice-cancelled":     {"%s 구매가 취소되어 %s를 돌려드렸습니다.", "%s was cancelled; your %s are back."},
	"notice-expiring":      {"%s 쿠폰이 %s일 뒤에 끝납니다.", "%s ends in %s days."},
	"notice-expiring-last": {"%s 쿠폰이 곧 끝납니다. 서둘러 주세요.", "%s is about to end."},
	"notice-expired":       {"%s 쿠폰의 기간이 지났습니다.", "%s has expired."},
	"notice-withdrawn":     {"%s 쿠폰의 사용이 중지되었습니다. 환불을 준비하고 있습니다.", "%s was withdrawn. We are seeing to a refund."},

	"nowhere":   {"없는 페이지입니다", "There is no such page"},
	"nowhere-h": {"주소를 확인하거나 처음으로 돌아가 주세요.", "Check the address, or go back to the start."},
	"closed":    {"곧 문을 엽니다", "We open in a moment"},
	"closed-h":  {"상품을 진열하고 있습니다. 이 화면은 저절로 바뀝니다.", "We are filling the shelves. This page changes by itself."},
	"failed":    {"문제가 생겼습니다", "Something went wrong"},
	"failed-h":  {"잠시 후 다시 시도해 주세요.", "Please try again in a moment."},
	"to-start":  {"처음으로", "To the start"},
}
