package gift

// codes has the result code by which partners are told of each reason, in every version of their API (guide §1).
var codes = map[Reason]string{
	MayNotSpend:     "UB",
	KeyReused:       "PPA",
	Repeated:        "PPA",
	UnknownOffer:    "PD",
	WrongCampaign:   "PD",
	WrongCoupon:     "PD",
	CouponTwice:     "PD",
	NameMismatch:    "PD",
	Expired:         "M2",
	TookLast:        "PPA",
	CouponYours:     "PPA",
	CouponTaken:     "PD",
	SoldOut:         "PD",
	TooFew:          "PD",
	WrongAmount:     "PL",
	DailyLimit:      "M3",
	OncePerPartner:  "M1",
	LowBalance:      "PC",
	ReferenceUsed:   "PPA",
	ReferenceClosed: "PPA",
	QuoteUnknown:    "N",
	QuoteLapsed:     "PD",
	QuoteUsed:       "PPA",
	AllHeld:         "PD",
	TooManyQuotes:   "Q",
	NotYours:        "N",
	AlreadyUsed:     "M1",
	Cancelled:       "PD",
	Lapsed:          "M2",
	WrongCode:       "N",
	SellerLocked:    "N",
}

// Code returns the result code of the reason, such as "PD".
func (r Reason) Code() string { return codes[r] }
