package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// credentials is credentials.json: everything the demo handed out that is shown nowhere else.
type credentials struct {
	BaseURL  string               `json:"base_url"`
	Console  consoleCredentials   `json:"console"`
	Partners []partnerCredentials `json:"partners"`
	Sellers  []sellerCredentials  `json:"sellers"`
}

type consoleCredentials struct {
	URL      string `json:"url"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

type partnerCredentials struct {
	client.Credentials
	Mode    string   `json:"mode"` // live or sandbox
	Balance gift.Won `json:"balance,omitempty"`
}

type sellerCredentials struct {
	SellerID    int64  `json:"msu_idx"`
	ShopID      int64  `json:"ms_idx"`
	ManagerCode string `json:"managecode"`
}

// errDamaged says that credentials.json is not what was written into it.
var errDamaged = errors.New("damaged")

// readCredentials reads a file that may be missing (fs.ErrNotExist) or damaged (errDamaged).
func readCredentials(path string) (*credentials, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; `giftimbiz demo` writes it, or name another with --credentials", err)
	}
	if err != nil {
		return nil, err
	}
	var c credentials
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	return &c, nil
}

// keptCredentials returns what was handed out at an earlier start, or nil when it does not work on this database: the
// file is gone, or is of another database, or the start was cut short.
func keptCredentials(ctx context.Context, path string, db *storage.DB, v *vault.Vault, clk clock.Clock) (*credentials, error) {
	made, err := readCredentials(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	directory := credential.NewDirectory(db)
	if err := directory.Refresh(ctx); err != nil {
		return nil, err
	}
	authority := credential.NewAuthority(credential.Config{Vault: v, Clock: clk, Directory: directory})
	for _, p := range sample.Partners() {
		if !made.admit(authority, p.Name) {
			return nil, nil
		}
	}
	sellers, err := db.Sellers(ctx)
	if err != nil || !made.fit(sellers, v) {
		return nil, err
	}
	return made, nil
}

// admit tells whether a partner's keys are right, whatever else may keep it from calling from here and now.
func (c *credentials) admit(authority *credential.Authority, name string) bool {
	p, err := c.partner(name)
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
func (c *credentials) fit(sellers []redeem.Seller, v *vault.Vault) bool {
	if len(c.Sellers) != len(sellers) {
		return false
	}
	for i, s := range sellers {
		if c.Sellers[i].SellerID != s.ID || c.Sellers[i].ShopID != s.ShopID {
			return false
		}
	}
	return len(sellers) == 0 || v.CheckCode(sellers[0].CodeHash, c.Sellers[0].ManagerCode)
}

// readBalances notes what the live partners have left.
func (c *credentials) readBalances(ctx context.Context, db *storage.DB) error {
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

// partner returns the partner with the given id, or the first.
func (c *credentials) partner(id string) (*partnerCredentials, error) {
	var known []string
	for i := range c.Partners {
		if id == "" || c.Partners[i].PartnerID == id {
			return &c.Partners[i], nil
		}
		known = append(known, c.Partners[i].PartnerID)
	}
	return nil, usageError{fmt.Errorf("credentials.json has no partner %q; it has %s", id, strings.Join(known, ", "))}
}

// write replaces credentials.json, and demo.env beside it for shells. Both are for their owner's eyes only.
func (c *credentials) write(dir string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	var shell strings.Builder
	p := c.Partners[0]
	fmt.Fprintf(&shell, "BASE_URL=%s\nPARTNER_ID=%s\nPARTNERKEY=%s\nPARTNERTOKEN=%s\nREFRESH_TOKEN=%s\n",
		c.BaseURL, p.PartnerID, p.PartnerKey, p.PartnerToken, p.RefreshToken)
	return errors.Join(
		writeSecret(filepath.Join(dir, "credentials.json"), append(text, '\n')),
		writeSecret(filepath.Join(dir, "demo.env"), []byte(shell.String())),
	)
}

// writeSecret replaces a file in one step.
func writeSecret(path string, text []byte) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
