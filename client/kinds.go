package client

// kind is what errors are about. It stands for all that the server says of it, by the names of either API.
type kind struct {
	text  string
	types []string // of problems of API v2
	codes []string // of API v1; only those that say this and nothing else
}

func (k *kind) Error() string { return k.text }

// What an *Error can be about, for errors.Is. Each says which problems of API v2 it stands for, and which result codes of API v1.
// PD of API v1 says several of these, so that it is none of them: see Code.
var (
	// ErrSoldOut: there is not enough of an offer. sold-out, too-few, held.
	ErrSoldOut error = &kind{text: "sold out", types: []string{"sold-out", "too-few", "held"}}
	// ErrPriceChanged: the total is not what the items cost now; Error.RightTotal is. price-changed; PL.
	ErrPriceChanged error = &kind{text: "the price changed", types: []string{"price-changed"}, codes: []string{"PL"}}
	// ErrBalanceLow: the prepaid balance is lower than the total. balance-low; PC.
	ErrBalanceLow error = &kind{text: "the balance is too low", types: []string{"balance-low"}, codes: []string{"PC"}}
	// ErrExpired: the last valid day of what is bought or used is over. expired; M2.
	ErrExpired error = &kind{text: "the last valid day is over", types: []string{"expired"}, codes: []string{"M2"}}
	// ErrOfferUnknown: an offer is not on sale. offer-unknown, offer-not-found.
	ErrOfferUnknown error = &kind{text: "not on sale", types: []string{"offer-unknown", "offer-not-found"}}
	// ErrCouponTaken: the coupon that was named is sold, or is none of the offer. coupon-taken, coupon-unknown.
	ErrCouponTaken error = &kind{text: "the coupon is not free", types: []string{"coupon-taken", "coupon-unknown"}}
	// ErrDailyLimit: the partner's purchases of today are used up. daily-limit; M3.
	ErrDailyLimit error = &kind{text: "the daily limit is used up", types: []string{"daily-limit"}, codes: []string{"M3"}}
	// ErrOncePerPartner: the offer can be bought once. once-per-partner.
	ErrOncePerPartner error = &kind{text: "it can be bought once", types: []string{"once-per-partner"}}
	// ErrMayNotSpend: the partner is blacklisted. may-not-spend; UB.
	ErrMayNotSpend error = &kind{text: "the partner may not buy", types: []string{"may-not-spend"}, codes: []string{"UB"}}
	// ErrReferenceUsed: another purchase has this reference, of the order Error.OrderID. reference-used.
	ErrReferenceUsed error = &kind{text: "the reference is used", types: []string{"reference-used"}}
	// ErrReferenceClosed: the reference was closed, so that nothing is ever bought under it. reference-closed.
	ErrReferenceClosed error = &kind{text: "the reference is closed", types: []string{"reference-closed"}}
	// ErrKeyReused: the idempotency key belongs to another purchase. idempotency-key-reused.
	ErrKeyReused error = &kind{text: "the idempotency key belongs to another purchase", types: []string{"idempotency-key-reused"}}
	// ErrPaidBefore: this was bought before, by the order Error.OrderID. PPA of API v1.
	ErrPaidBefore error = &kind{text: "bought before", codes: []string{"PPA"}}
	// ErrQuoteExpired: the quote's time is over. quote-expired.
	ErrQuoteExpired error = &kind{text: "the quote has expired", types: []string{"quote-expired"}}
	// ErrQuoteUsed: the quote was bought, by the order Error.OrderID. quote-used.
	ErrQuoteUsed error = &kind{text: "the quote is used", types: []string{"quote-used"}}
	// ErrTooManyQuotes: too much is held by quotes of the partner. too-many-quotes.
	ErrTooManyQuotes error = &kind{text: "too many quotes", types: []string{"too-many-quotes"}}
	// ErrNotFound: there is no such thing, or it is somebody else's. not-found, offer-not-found; N.
	ErrNotFound error = &kind{text: "not found", types: []string{"not-found", "offer-not-found"}, codes: []string{"N"}}
	// ErrNotCancellable: a voucher of the order cannot be cancelled; the message says which and why. not-cancellable.
	ErrNotCancellable error = &kind{text: "not cancellable", types: []string{"not-cancellable"}}
	// ErrInvalid: the request is not as it has to be. parameter-invalid, body-invalid, idempotency-key-missing,
	// idempotency-key-invalid, kinds-mixed, webhook-url-refused; Q, L.
	ErrInvalid error = &kind{
		text: "the request is not valid",
		types: []string{
			"parameter-invalid", "body-invalid", "idempotency-key-missing", "idempotency-key-invalid", "kinds-mixed", "webhook-url-refused",
		},
		codes: []string{"Q", "L"},
	}
	// ErrCredentials: the partner's keys or tokens are wrong. token-missing, token-invalid, token-expired, invalid_client; UP and the
	// codes of tokens.
	ErrCredentials error = &kind{
		text:  "the credentials are wrong",
		types: []string{"token-missing", "token-invalid", "token-expired", "invalid_client"},
		codes: []string{
			"UP", "T", "T1", "T2", "T3", "T4", "T5", "T6", "Z", "TOKEN00", "TOKEN01", "TOKEN02", "TOKEN03", "TOKEN05", "TOKEN06",
			"TOKEN07", "TOKEN08", "TOKEN09",
		},
	}
	// ErrBarred: the partner is suspended, has withdrawn, or may not call from this address. partner-barred, address-refused,
	// unauthorized_client; TOKEN04, T7, M4.
	ErrBarred error = &kind{
		text: "the partner may not call", types: []string{"partner-barred", "address-refused", "unauthorized_client"},
		codes: []string{"TOKEN04", "T7", "M4"},
	}
	// ErrSandboxOnly: this is for sandbox partners. sandbox-only.
	ErrSandboxOnly error = &kind{text: "for sandbox partners only", types: []string{"sandbox-only"}}
	// ErrTooManyRequests: too much at a time; Error.RetryAfter says when to come back. rate-limited, too-many-polls.
	ErrTooManyRequests error = &kind{text: "too many requests", types: []string{"rate-limited", "too-many-polls"}}
	// ErrUnavailable: the server cannot do it now. busy, unavailable, starting, outcome-unknown, failed; GPLF.
	ErrUnavailable error = &kind{
		text: "the server cannot do it now", types: []string{"busy", "unavailable", "starting", "outcome-unknown", "failed"},
		codes: []string{"GPLF"},
	}
)
