package webhook

import (
	"errors"
	"testing"

	"giftimbiz/internal/gift"
)

// TestAPartnerThatWithdrewCanOnlyBeToldNothing says which edits are left of its endpoints, and what each is called.
func TestAPartnerThatWithdrewCanOnlyBeToldNothing(t *testing.T) {
	address, types, on, off := "https://shop.example/new", []gift.EventType{gift.OrderCompleted}, true, false
	for _, test := range []struct {
		edit   Edit
		action string
		gone   error
	}{
		{Edit{URL: &address}, "endpoint.change", gift.ErrWithdrawn},
		{Edit{Types: &types}, "endpoint.change", gift.ErrWithdrawn},
		{Edit{Types: &types, On: &off}, "endpoint.change", gift.ErrWithdrawn},
		{Edit{On: &on}, "endpoint.on", gift.ErrWithdrawn},
		{Edit{On: &off}, "endpoint.off", nil},
		{Edit{}, "endpoint.change", gift.ErrWithdrawn},
	} {
		e := Endpoint{URL: "https://shop.example/", State: GivenUp, OffReason: Gone}
		if err := test.edit.Apply(gift.Partner{State: gift.Active}, &e); err != nil || test.edit.Action() != test.action {
			t.Errorf("%s: %v, called %s", test.action, err, test.edit.Action())
		}
		if d := test.edit; d.URL != nil && e.URL != address || d.URL == nil && e.URL == address ||
			d.Types != nil && len(e.Types) != 1 || d.On == nil && e.State != GivenUp || d.On != nil && e.OffReason != "" {
			t.Errorf("%s: %+v", test.action, e)
		}
		if err := test.edit.Apply(gift.Partner{State: gift.Withdrawn}, &e); !errors.Is(err, test.gone) {
			t.Errorf("%s of one that withdrew: %v", test.action, err)
		}
	}
}
