package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"giftimbiz/client"
	"giftimbiz/internal/gift"
)

// credentials is credentials.json: everything the demo made up that is shown nowhere else.
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

func readCredentials(path string) (*credentials, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist; `giftimbiz demo` writes it, or name another with --credentials", path)
	}
	if err != nil {
		return nil, err
	}
	var c credentials
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return &c, nil
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
