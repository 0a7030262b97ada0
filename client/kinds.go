package client

import "errors"

// What an *Error can be about, for errors.Is. Each says which problems of API v2 it stands for, and which result codes of API v1.
// PD of API v1 says several of these, so that it is none of them: see Code.
var (
	// ErrSoldOut: there is not enough of an offer. sold-out, too-few, held.
	ErrSoldOut = errors.New("sold out")
	// ErrPriceChanged: the total is not what the items cost now; Error.RightTotal is. price-changed; PL.
	ErrPriceChanged = errors.New("the price changed")
	// ErrBalanceLow: the prepaid balance is lower than the total. balance-low; PC.
	ErrBalanceLow = errors.New("the balance is too low")
	// ErrExpired: the last valid day of what is bought or used is over. expired; M2.
	ErrExpired = errors.New("the last valid day is over")
	// ErrOfferUnknown: an offer is not on sale. offer-unknown, offer-not-found.
	ErrOfferUnknown = errors.New("not on sale")
	// ErrCouponTaken: the coupon that was named is sold, or is none of the offer. coupon-taken, coupon-unknown.
	ErrCouponTaken = errors.New("the coupon is not free")
	// ErrDailyLimit: the partner's purchases of today are used up. daily-limit; M3.
	ErrDailyLimit = errors.New("the daily limit is used up")
	// ErrOncePerPartner: the offer can be bought once. once-per-partner.
	ErrOncePerPartner = errors.New("it can be bought once")
	// ErrMayNotSpend: the partner is blacklisted. may-not-spend; UB.
	ErrMayNotSpend = errors.New("the partner may not buy")
	// ErrReferenceUsed: another purchase has this reference, of the order Error.OrderID. reference-used.
	ErrReferenceUsed = errors.New("the reference is used")
	// ErrReferenceClosed: the reference was closed, so that nothing is ever bought under it. reference-closed.
	ErrReferenceClosed = errors.New("the reference is closed")
	// ErrKeyReused: the idempotency key belongs to another purchase. idempotency-key-reused.
	ErrKeyReused = errors.New("the idempotency key belongs to another purchase")
	// ErrPaidBefore: this was bought before, by the order Error.OrderID. PPA of API v1.
	ErrPaidBefore = errors.New("bought before")
	// ErrQuoteExpired: the quote's time is over. quote-expired.
	ErrQuoteExpired = errors.New("the quote has expired")
	// ErrQuoteUsed: the quote was bought, by the order Error.OrderID. quote-used.
	ErrQuoteUsed = errors.New("the quote is used")
	// ErrTooManyQuotes: too much is held by quotes of the partner. too-many-quotes.
	ErrTooManyQuotes = errors.New("too many quotes")
	// ErrNotFound: there is no such thing, or it is somebody else's. not-found, offer-not-found; N.
	ErrNotFound = errors.New("not found")
	// ErrNotCancellable: a voucher of the order cannot be cancelled; the message says which and why. not-cancellable.
	ErrNotCancellable = errors.New("not cancellable")
	// ErrInvalid: the request is not as it has to be. parameter-invalid, body-invalid, idempotency-key-missing,
	// idempotency-key-invalid, kinds-mixed, webhook-url-refused; Q, L.
	ErrInvalid = errors.New("the request is not valid")
	// ErrCredentials: the partner's keys or tokens are wrong. token-missing, token-invalid, token-expired, invalid_client; UP and the
	// codes of tokens.
	ErrCredentials = errors.New("the credentials are wrong")
	// ErrBarred: the partner is suspended, has withdrawn, or may not call from this address. partner-barred, address-refused,
	// unauthorized_client; TOKEN04, T7, M4.
	ErrBarred = errors.New("the partner may not call")
	// ErrSandboxOnly: this is for sandbox partners. sandbox-only.
	ErrSandboxOnly = errors.New("for sandbox partners only")
	// ErrTooManyRequests: too much at a time; Error.RetryAfter says when to come back. rate-limited, too-many-polls; HTTP 429.
	ErrTooManyRequests = errors.New("too many requests")
	// ErrUnavailable: the server cannot do it now. busy, unavailable, starting, outcome-unknown, failed; GPLF.
	ErrUnavailable = errors.New("the server cannot do it now")
)

// kind is what the server says of what an error is about, by the names of either API.
type kind struct {
	err   error
	types []string // of problems of API v2
	codes []string // of API v1; only those that say this and nothing else
}

// kinds tells what the errors above stand for.
var kinds = []kind{
	{err: ErrSoldOut, types: []string{"sold-out", "too-few", "held"}},
	{err: ErrPriceChanged, types: []string{"price-changed"}, codes: []string{"PL"}},
	{err: ErrBalanceLow, types: []string{"balance-low"}, codes: []string{"PC"}},
	{err: ErrExpired, types: []string{"expired"}, codes: []string{"M2"}},
	{err: ErrOfferUnknown, types: []string{"offer-unknown", "offer-not-found"}},
	{err: ErrCouponTaken, types: []string{"coupon-taken", "coupon-unknown"}},
	{err: ErrDailyLimit, types: []string{"daily-limit"}, codes: []string{"M3"}},
	{err: ErrOncePerPartner, types: []string{"once-per-partner"}},
	{err: ErrMayNotSpend, types: []string{"may-not-spend"}, codes: []string{"UB"}},
	{err: ErrReferenceUsed, types: []string{"reference-used"}},
	{err: ErrReferenceClosed, types: []string{"reference-closed"}},
	{err: ErrKeyReused, types: []string{"idempotency-key-reused"}},
	{err: ErrPaidBefore, codes: []string{"PPA"}},
	{err: ErrQuoteExpired, types: []string{"quote-expired"}},
	{err: ErrQuoteUsed, types: []string{"quote-used"}},
	{err: ErrTooManyQuotes, types: []string{"too-many-quotes"}},
	{err: ErrNotFound, types: []string{"not-found", "offer-not-found"}, codes: []string{"N"}},
	{err: ErrNotCancellable, types: []string{"not-cancellable"}},
	{
		err: ErrInvalid,
		types: []string{
			"parameter-invalid", "body-invalid", "idempotency-key-missing", "idempotency-key-invalid",
			"kinds-mixed", "webhook-url-refused",
		},
		codes: []string{"Q", "L"},
	},
	{
		err:   ErrCredentials,
		types: []string{"token-missing", "token-invalid", "token-expired", "invalid_client"},
		codes: []string{
			"UP", "T", "T1", "T2", "T3", "T4", "T5", "T6", "Z", "TOKEN00", "TOKEN01", "TOKEN02",
			"TOKEN03", "TOKEN05", "TOKEN06", "TOKEN07", "TOKEN08", "TOKEN09",
		},
	},
	{
		err:   ErrBarred,
		types: []string{"partner-barred", "address-refused", "unauthorized_client"},
		codes: []string{"TOKEN04", "T7", "M4"},
	},
	{err: ErrSandboxOnly, types: []string{"sandbox-only"}},
	{err: ErrTooManyRequests, types: []string{"rate-limited", "too-many-polls"}},
	{err: ErrUnavailable, types: []string{"busy", "unavailable", "starting", "outcome-unknown", "failed"}, codes: []string{"GPLF"}},
}
