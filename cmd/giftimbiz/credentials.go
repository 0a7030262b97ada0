package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"giftimbiz/internal/demo"
)

// errDamaged says that credentials.json is not what was written into it.
var errDamaged = errors.New("damaged")

// readCredentials reads a file that may be missing (fs.ErrNotExist) or damaged (errDamaged).
func readCredentials(path string) (*demo.Credentials, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; `giftimbiz demo` writes it, or name another with --credentials", err)
	}
	if err != nil {
		return nil, err
	}
	var c demo.Credentials
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	return &c, nil
}

// keptCredentials returns what an earlier start of the demo wrote, or nil when it is missing or damaged.
func keptCredentials(path string) (*demo.Credentials, error) {
	made, err := readCredentials(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) {
		return nil, nil
	}
	return made, err
}

// chosenPartner returns the partner that the command line names, or the first when it names none.
func chosenPartner(c *demo.Credentials, id string) (*demo.Partner, error) {
	p, err := c.Partner(id)
	if err != nil {
		return nil, usageError{err}
	}
	return p, nil
}

// writeCredentials replaces credentials.json, and demo.env beside it for shells. Both are for their owner's eyes only.
func writeCredentials(dir string, c *demo.Credentials) error {
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
