package gift

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultDuplicateSec is the window of a new partner in which an equal purchase without a key counts as a mistake.
const DefaultDuplicateSec = 10

// What a slipped key must not exceed.
const (
	MaxDuplicateSec   = 86_400 // a day
	MaxDailyLimit     = 1_000_000_000
	MaxPartnerTitle   = 200 // characters
	MaxAllowedSources = 100 // of an allow-list

	// MaxDeposit bounds one deposit or adjustment, so that no sum comes near the edge of an int64.
	MaxDeposit = Won(1_000_000_000_000)
	// MaxLowBalance bounds what a balance must fall below to be told of.
	MaxLowBalance = MaxDeposit
)

// ErrWithdrawn says that a partner left for good.
var ErrWithdrawn = errors.New("has withdrawn for good; nothing of it can be changed, open a new partner")

// ErrPartnerTitle says that a text cannot be a partner's title.
var ErrPartnerTitle = fmt.Errorf("want one line of %d characters at most", MaxPartnerTitle)

// ErrPartnerName says that a text cannot be a partner's name.
var ErrPartnerName = errors.New("want 1 to 64 of A-Z a-z 0-9 . _ -")

var partnerName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// CheckPartnerName returns ErrPartnerName for what cannot be a new partner's name. Names of dots only, and "new", are none:
// a partner's page has the name in its address.
func CheckPartnerName(name string) error {
	switch {
	case !partnerName.MatchString(name):
		return ErrPartnerName
	case strings.Trim(name, ".") == "" || name == "new":
		return fmt.Errorf("%w, and neither dots alone nor \"new\"", ErrPartnerName)
	}
	return nil
}

// CheckPartnerTitle returns ErrPartnerTitle for what cannot be a partner's title.
func CheckPartnerTitle(title string) error {
	if !utf8.ValidString(title) || utf8.RuneCountInString(title) > MaxPartnerTitle || strings.ContainsFunc(title, unicode.IsControl) {
		return ErrPartnerTitle
	}
	return nil
}

// StillHere returns ErrWithdrawn for a partner that left: nothing of it can be changed.
func (p Partner) StillHere() error {
	if p.State == Withdrawn {
		return fmt.Errorf("%s %w", p.Name, ErrWithdrawn)
	}
	return nil
}
