package client_test

import (
	"errors"
	"fmt"
	"testing"

	"giftimbiz/client"
)

// strange is an error that cannot be compared.
type strange []string

func (strange) Error() string { return "strange" }

func TestErrorsAreWhatTheyAreAbout(t *testing.T) {
	all := []error{
		client.ErrSoldOut, client.ErrPriceChanged, client.ErrBalanceLow, client.ErrExpired, client.ErrOfferUnknown, client.ErrCouponTaken,
		client.ErrDailyLimit, client.ErrOncePerPartner, client.ErrMayNotSpend, client.ErrReferenceUsed, client.ErrReferenceClosed,
		client.ErrKeyReused, client.ErrPaidBefore, client.ErrQuoteExpired, client.ErrQuoteUsed, client.ErrTooManyQuotes, client.ErrNotFound,
		client.ErrNotCancellable, client.ErrInvalid, client.ErrCredentials, client.ErrBarred, client.ErrSandboxOnly,
		client.ErrTooManyRequests, client.ErrUnavailable,
	}
	for _, test := range []struct {
		err  client.Error
		want []error
	}{
		{client.Error{Type: "sold-out", Code: "PD"}, []error{client.ErrSoldOut}},
		{client.Error{Type: "held", Code: "PD"}, []error{client.ErrSoldOut}},
		{client.Error{Type: "expired", Code: "M2"}, []error{client.ErrExpired}},
		{client.Error{Type: "reference-used", Code: "PPA"}, []error{client.ErrReferenceUsed}},
		{client.Error{Type: "offer-not-found", Code: "M"}, []error{client.ErrOfferUnknown, client.ErrNotFound}},
		{client.Error{Type: "rate-limited", Code: "Q", Status: 429}, []error{client.ErrTooManyRequests}},
		{client.Error{Type: "something-new", Code: "PL"}, nil},
		{client.Error{Code: "PD"}, nil},
		{client.Error{Code: "PPA"}, []error{client.ErrPaidBefore}},
		{client.Error{Code: "M3"}, []error{client.ErrDailyLimit}},
		{client.Error{Code: "Q"}, []error{client.ErrInvalid}},
		{client.Error{Code: "Q", Status: 429}, []error{client.ErrTooManyRequests}},
		{client.Error{Code: "T1"}, []error{client.ErrCredentials}},
		{client.Error{Code: "T7"}, []error{client.ErrBarred}},
	} {
		var is []error
		err := fmt.Errorf("buy: %w", &test.err)
		for _, target := range all {
			if errors.Is(err, target) {
				is = append(is, target)
			}
		}
		if fmt.Sprint(is) != fmt.Sprint(test.want) || errors.Is(err, strange{"x"}) {
			t.Errorf("%+v is %v, want %v", test.err, is, test.want)
		}
	}
}
