package webhook

import (
	"time"

	"giftimbiz/internal/gift"
)

// Change changes an endpoint of a partner as both are stored, or says why that may not be. Whoever stores endpoints calls it
// with both kept from changing otherwise.
type Change func(gift.Partner, *Endpoint) error

// Edit is what people change of an endpoint: what is nil stays as it is.
type Edit struct {
	URL   *string           // as Guard.Check lets it pass
	Types *[]gift.EventType // none = all
	On    *bool             // switched on, whatever was the matter with it, or off
}

// Action is what the audit trail calls the edit.
func (d Edit) Action() string {
	switch {
	case d.URL != nil || d.Types != nil || d.On == nil:
		return "endpoint.change"
	case *d.On:
		return "endpoint.on"
	}
	return "endpoint.off"
}

// Apply is the Change. The endpoints of a partner that has withdrawn can be switched off, and nothing else (gift.ErrWithdrawn).
func (d Edit) Apply(p gift.Partner, e *Endpoint) error {
	if d.URL != nil {
		e.URL = *d.URL
	}
	if d.Types != nil {
		e.Types = *d.Types
	}
	if d.On == nil {
		return p.StillHere()
	}
	if *d.On {
		e.SwitchOn()
		return p.StillHere()
	}
	e.SwitchOff()
	if d.Action() == "endpoint.off" {
		return nil
	}
	return p.StillHere()
}

// RotateAction is what the audit trail calls a Rotation.
const RotateAction = "endpoint.rotate"

// Rotation gives an endpoint another secret, which seal encrypts for its number.
func Rotation(seal func(id int64) ([]byte, error), now time.Time) Change {
	return func(p gift.Partner, e *Endpoint) error {
		sealed, err := seal(e.ID)
		if err != nil {
			return err
		}
		e.Rotate(sealed, now)
		return p.StillHere()
	}
}
