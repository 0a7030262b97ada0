package partnerv2

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
)

// keyMaker makes keys; see credential.Authority.
type keyMaker interface {
	NewKeys(partner gift.Partner) (credential.Secrets, credential.Keys)
	// Refresh makes this node know what was stored before the call.
	Refresh(ctx context.Context) error
}

type keyAnswer struct {
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // absent: until the next rotation
}

// keys answers with when the partner's last keys were made and until when they work; nothing secret is kept of them.
func (c *call) keys() error {
	if err := c.query().close(); err != nil {
		return err
	}
	list, err := c.Store.KeyGenerations(c.r.Context(), c.partner.ID)
	if err != nil {
		return accountFault(err)
	}
	answer := page[keyAnswer]{Data: make([]keyAnswer, len(list))}
	for i, k := range list {
		answer.Data[i] = keyAnswer{CreatedAt: seoul(k.CreatedAt), ExpiresAt: seoul(k.ExpiresAt)}
	}
	return c.answer(http.StatusOK, answer)
}

// rotation has new keys. They are in this answer and nowhere else.
type rotation struct {
	PartnerID    string    `json:"partner_id"`
	PartnerKey   string    `json:"partnerkey"`
	PartnerToken string    `json:"partnertoken"`
	RefreshToken string    `json:"refresh_token"`
	PreviousEnd  time.Time `json:"previous_expires_at"`
}

// rotateKeys gives the partner new keys. Who misses the answer rotates again with the keys before, while they work.
func (c *call) rotateKeys() error {
	var body struct {
		Hours *int64 `json:"grace_hours"`
	}
	if err := c.only(&body); err != nil {
		return err
	}
	const maxHours = int64(credential.MaxGrace / time.Hour)
	grace := credential.RotationGrace
	if body.Hours != nil {
		if *body.Hours < 0 || *body.Hours > maxHours {
			most := strconv.FormatInt(maxHours, 10)
			return wrongMember("grace_hours", "0부터 "+most+"까지의 정수여야 합니다.", "want an integer from 0 to "+most+".")
		}
		grace = time.Duration(*body.Hours) * time.Hour
	}
	secrets, keys := c.Authority.NewKeys(c.partner)
	until := keys.CreatedAt.Add(grace)
	if err := c.Store.RotateOwnKeys(c.changing(), c.partner.ID, c.who.Generation, keys, until); err != nil {
		return accountFault(err)
	}
	if err := c.Authority.Refresh(context.WithoutCancel(c.r.Context())); err != nil {
		c.Logger.WarnContext(c.r.Context(), "v2: this node learns of rotated keys later", "error", err)
	}
	return c.answer(http.StatusOK, rotation{
		PartnerID: c.partner.Name, PartnerKey: secrets.PartnerKey, PartnerToken: secrets.PartnerToken,
		RefreshToken: secrets.RefreshToken, PreviousEnd: seoul(until),
	})
}
