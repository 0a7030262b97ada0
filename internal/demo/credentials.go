package demo

import (
	"context"
	"fmt"
	"strings"

	"giftimbiz/client"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/sample"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// Credentials is everything the demo handed out that is shown nowhere else. As JSON it is credentials.json.
type Credentials struct {
	BaseURL  string    `json:"base_url"`
	Console  Console   `json:"console"`
	Partners []Partner `json:"partners"`
	Sellers  []Seller  `json:"sellers"`
}

// Console is the operator's access to the console.
type Console struct {
	URL      string `json:"url"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Partner is what a partner calls with.
type Partner struct {
	client.Credentials
	Mode    string   `json:"mode"` // live or sandbox
	Balance gift.Won `json:"balance,omitempty"`
}

// Seller is what a seller redeems coupons with at its shop.
type Seller struct {
	SellerID    int64  `json:"msu_idx"`
	ShopID      int64  `json:"ms_idx"`
	ManagerCode string `json:"managecode"`
}

// work tells whether what was handed out at an earlier start works on this database. It does not when it is of another
// database, or the start was cut short. Of nil, nothing works.
func (c *Credentials) work(ctx context.Context, db *storage.DB, v *vault.Vault, clk clock.Clock) (bool, error) {
	if c == nil {
		return false, nil
	}
	directory := credential.NewDirectory(db)
	if err := directory.Refresh(ctx); err != nil {
		return false, err
	}
	authority := credential.NewAuthority(credential.Config{Vault: v, Clock: clk, Directory: directory})
	for _, p := range sample.Partners() {
		if !c.admit(authority, p.Name) {
			return false, nil
		}
	}
	sellers, err := db.Sellers(ctx)
	if err != nil {
		return false, err
	}
	return c.fit(ctx, sellers, v)
}

// admit tells whether a partner's keys are right, whatever else may keep it from calling from here and now.
func (c *Credentials) admit(authority *credential.Authority, name string) bool {
	p, err := c.Partner(name)
	if err != nil {
		return false
	}
	_, fault := authority.CheckRefreshOnly(credential.Presented{
		PartnerName: p.PartnerID, PartnerKey: p.PartnerKey, PartnerToken: p.PartnerToken,
		Refresh: credential.Header{Present: true, Value: p.RefreshToken},
	})
	if fault == nil {
		return true
	}
	switch fault.Kind {
	case credential.PartnerSuspended, credential.PartnerWithdrawn, credential.AddressRefused:
		return true
	}
	return false
}

// fit tells whether the manager codes are those of the sellers. All are handed out by one transaction, so that one of
// them, whose check is slow, speaks for all.
func (c *Credentials) fit(ctx context.Context, sellers []redeem.Seller, v *vault.Vault) (bool, error) {
	if len(c.Sellers) != len(sellers) {
		return false, nil
	}
	for i, s := range sellers {
		if c.Sellers[i].SellerID != s.ID || c.Sellers[i].ShopID != s.ShopID {
			return false, nil
		}
	}
	if len(sellers) == 0 {
		return true, nil
	}
	return v.CheckCode(ctx, sellers[0].CodeHash, c.Sellers[0].ManagerCode)
}

// readBalances notes what the live partners have left.
func (c *Credentials) readBalances(ctx context.Context, db *storage.DB) error {
	for i := range c.Partners {
		p, err := db.Partner(ctx, c.Partners[i].PartnerID)
		if err != nil {
			return err
		}
		if c.Partners[i].Balance = p.Balance; p.Sandbox {
			c.Partners[i].Balance = 0
		}
	}
	return nil
}

// Partner returns the partner with the given id, or the first when it is empty.
func (c *Credentials) Partner(id string) (*Partner, error) {
	var known []string
	for i := range c.Partners {
		if id == "" || c.Partners[i].PartnerID == id {
			return &c.Partners[i], nil
		}
		known = append(known, c.Partners[i].PartnerID)
	}
	return nil, fmt.Errorf("credentials.json has no partner %q; it has %s", id, strings.Join(known, ", "))
}
