package server

import (
	"context"
	"errors"

	"giftimbiz/internal/docs"
	"giftimbiz/internal/lending"
)

// sandboxes returns what lends sandboxes, nil where none are lent.
func (n *Node) sandboxes(keys lending.Keys) docs.Sandboxes {
	if !n.OpenSandboxes {
		return nil
	}
	return sandboxes{lending.New(n.DB, keys, n.Clock)}
}

// sandboxes lends to readers of the documentation.
type sandboxes struct{ lender *lending.Lender }

// Lend implements docs.Sandboxes.
func (s sandboxes) Lend(ctx context.Context) (docs.Keys, error) {
	loan, err := s.lender.Lend(ctx)
	if errors.Is(err, lending.ErrNoneLeft) {
		return docs.Keys{}, docs.ErrNoneLeft
	}
	if err != nil {
		return docs.Keys{}, err
	}
	return docs.Keys{
		PartnerID: loan.Partner.Name, PartnerKey: loan.PartnerKey, PartnerToken: loan.PartnerToken,
		RefreshToken: loan.RefreshToken, AccessToken: loan.AccessToken,
	}, nil
}
