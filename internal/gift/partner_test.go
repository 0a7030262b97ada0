package gift_test

import (
	"testing"

	"giftimbiz/internal/gift"
)

func TestASuspensionAndABlacklistingDoNotEndEachOther(t *testing.T) {
	const (
		active      = gift.Active
		suspended   = gift.Suspended
		withdrawn   = gift.Withdrawn
		blacklisted = gift.Blacklisted
		both        = gift.SuspendedBlacklisted
	)
	for from, want := range map[gift.PartnerState]struct {
		suspend, resume, blacklist, pardon gift.PartnerState
		mayCall                            bool
	}{
		active:      {suspended, active, blacklisted, active, true},
		suspended:   {suspended, active, both, suspended, false},
		blacklisted: {both, blacklisted, blacklisted, active, true},
		both:        {both, blacklisted, both, suspended, false},
		withdrawn:   {withdrawn, withdrawn, withdrawn, withdrawn, false},
	} {
		if from.Suspend() != want.suspend || from.Resume() != want.resume || from.Blacklist() != want.blacklist ||
			from.Pardon() != want.pardon || from.MayCall() != want.mayCall {
			t.Errorf("%s: suspend %s, resume %s, blacklist %s, pardon %s, may call %v",
				from, from.Suspend(), from.Resume(), from.Blacklist(), from.Pardon(), from.MayCall())
		}
	}
}
