package intake

// sampleStarCategory groups the sample shop.
const sampleStarCategory = "카페·디저트"

// tables says of each kind which columns its files have. Reading this one list tells all formats.
var tables = map[Kind]*table{
	Categories: {
		name: Text{"카테고리", "Categories"},
		help: Text{"브랜드(기프티콘)나 매장(별별쿠폰)을 묶는 분류", "what groups brands (gifticons) or shops (star coupons)"},
		read: readCategory, second: map[string]any{"kind": "별별쿠폰", "name": sampleStarCategory, "sort": 2},
		columns: []column{
			numberColumn(),
			{key: "kind", title: Text{"종류", "kind"}, sample: "기프티콘"},
			{key: "name", title: Text{"이름", "name"}, also: []string{"카테고리", "category"}, needed: true, sample: "커피음료"},
			{key: "sort", title: Text{"순서", "sort"}, sample: 1},
			imageColumn("thumb", "이미지", "image"),
		},
	},
	Brands: {
		name: Text{"브랜드", "Brands"}, help: Text{"상품을 만드는 브랜드", "who makes products"}, read: readBrand,
		columns: []column{
			numberColumn(),
			{key: "category", title: Text{"카테고리", "category"}, needed: true, sample: "커피음료"},
			{key: "name", title: Text{"이름", "name"}, also: []string{"브랜드", "brand"}, needed: true, sample: "별커피"},
			{key: "in use", title: Text{"사용", "in use"}, sample: "Y"},
			imageColumn("thumb", "이미지", "image"),
		},
	},
	Products: {
		name: Text{"상품", "Products"}, help: Text{"기프티콘으로 파는 상품", "what gifticons are for"}, read: readProduct,
		columns: []column{
			numberColumn(),
			{key: "brand", title: Text{"브랜드", "brand"}, needed: true, sample: "별커피"},
			{key: "name", title: Text{"이름", "name"}, also: []string{"상품", "상품명", "product"}, needed: true, sample: "아메리카노 톨"},
			{key: "face", title: Text{"액면가", "face price"}, also: []string{"정가", "face"}, needed: true, sample: 4500},
			imageColumn("thumb", "이미지", "image"),
		},
	},
	Vouchers: {
		name: Text{"기프티콘 번호", "Vouchers"},
		help: Text{
			"파는 번호: 상품, 가격, 유효기간이 같은 행은 한 판매 상품이 됩니다. 판매가를 비우면 가격 규칙으로 계산합니다",
			"numbers to sell: rows with the same product, prices and last day are one offer. Empty prices are made by the price rules",
		},
		read: readVoucher, columns: voucherColumns(),
	},
	Shops: {
		name: Text{"매장", "Shops"}, help: Text{"별별쿠폰을 받는 매장", "who honours star coupons"}, read: readShop,
		columns: []column{
			numberColumn(),
			{key: "category", title: Text{"카테고리", "category"}, needed: true, sample: sampleStarCategory},
			{key: "name", title: Text{"이름", "name"}, also: []string{"매장", "매장명", "shop"}, needed: true, sample: "골목카페 연남점"},
			{key: "province", title: Text{"시도", "province"}, needed: true, sample: "서울특별시"},
			{key: "district", title: Text{"시군구", "district"}, needed: true, sample: "마포구"},
			{key: "town", title: Text{"읍면동", "town"}, also: []string{"동"}, sample: "연남동"},
			{key: "map", title: Text{"지도", "map"}, also: []string{"지도 주소", "map url"}, sample: "https://map.naver.com/"},
			imageColumn("thumb", "이미지", "image"),
		},
	},
	Sellers: {
		name: Text{"판매자", "Sellers"}, read: readSeller,
		help: Text{"매장에서 쿠폰을 확인하는 사람과 매니저 코드", "who redeems a shop's coupons, with a manager code"},
		columns: []column{
			numberColumn(), shopColumn(true),
			{key: "name", title: Text{"이름", "name"}, also: []string{"판매자", "seller"}, needed: true, sample: "점장"},
			{key: "code", title: Text{"매니저 코드", "manager code"}, also: []string{"관리코드", "code"}, secret: true, sample: "482913"},
		},
	},
	Campaigns: {
		name: Text{"쿠폰 발급", "Campaigns"}, help: Text{"매장이 낸 별별쿠폰", "star coupons that shops issue"}, read: readCampaign,
		columns: campaignColumns(),
	},
	Coupons: {
		name: Text{"별별쿠폰 수량", "Coupons"}, read: readCoupon,
		help: Text{
			"쿠폰 발급별로 파는 장수. 같은 유효기간의 수량을 늘려 다시 올리면 늘어난 만큼만 더합니다",
			"how many coupons of a campaign are for sale. A larger quantity for the same last day adds the difference",
		},
		columns: []column{
			{key: "campaign", title: Text{"쿠폰명", "campaign"}, also: []string{"쿠폰", "coupon", "coupon name"}, needed: true, sample: "아메리카노 할인"},
			shopColumn(false), lastDayColumn(),
			{key: "quantity", title: Text{"수량", "quantity"}, needed: true, sample: 100},
			{key: "once", title: Text{"한번만", "once per partner"}, also: []string{"매체사당 한번", "once"}, sample: "N"},
		},
	},
}

func numberColumn() column {
	return column{key: "id", title: Text{"번호", "number"}, also: []string{"no", "코드번호"}, sample: ""}
}

func imageColumn(key, korean, english string) column {
	return column{key: key, title: Text{korean, english}, sample: ""}
}

func shopColumn(needed bool) column {
	return column{key: "shop", title: Text{"매장", "shop"}, also: []string{"매장명"}, needed: needed, sample: "골목카페 연남점"}
}

func lastDayColumn() column {
	return column{
		key: "last day", title: Text{"유효기간", "last day"}, also: []string{"만료일", "유효기한", "expiry", "expires"}, needed: true,
		sample: sampleDay{},
	}
}

func voucherColumns() []column {
	return []column{
		{key: "product", title: Text{"상품", "product"}, also: []string{"상품명", "상품번호"}, needed: true, sample: "아메리카노 톨"},
		{key: "brand", title: Text{"브랜드", "brand"}, sample: "별커피"},
		{key: "face", title: Text{"액면가", "face price"}, also: []string{"정가", "face"}, sample: 4500},
		{key: "far", title: Text{"판매가 60일 초과", "price over 60 days"}, also: []string{"판매가1", "판매가", "sell price", "price"}, sample: 4100},
		{key: "mid", title: Text{"판매가 31~60일", "price 31-60 days"}, also: []string{"판매가2"}, sample: 4000},
		{key: "near", title: Text{"판매가 30일 이하", "price up to 30 days"}, also: []string{"판매가3"}, sample: 3600},
		lastDayColumn(),
		{
			key: "number", title: Text{"쿠폰번호", "voucher number"}, also: []string{"번호", "핀번호", "pin", "number"}, needed: true,
			sample: "900012345678", secret: true,
		},
	}
}

func campaignColumns() []column {
	return []column{
		numberColumn(), shopColumn(true),
		{key: "coupon", title: Text{"쿠폰명", "coupon name"}, also: []string{"쿠폰", "coupon"}, needed: true, sample: "아메리카노 할인"},
		{key: "product", title: Text{"상품", "product"}, also: []string{"혜택"}, needed: true, sample: "아메리카노 1,000원 할인"},
		{key: "terms", title: Text{"사용조건", "terms"}, also: []string{"조건", "condition"}, sample: "1인 1매"},
		{key: "org price", title: Text{"정가", "regular price"}, also: []string{"org price"}, sample: 4500},
		{key: "price", title: Text{"판매가", "price"}, also: []string{"할인가", "discounted price"}, sample: 500},
		{key: "maker", title: Text{"만든이", "maker"}, also: []string{"maker id"}, sample: ""},
		imageColumn("thumb", "이미지", "image"), imageColumn("front", "앞면 이미지", "front image"),
		imageColumn("use", "사용 이미지", "use image"),
	}
}
