package console_test

import (
	"errors"

	"giftimbiz/internal/console"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
)

// completed adds to a configuration what its test has no use for, and what fails when it is used.
func completed(cfg console.Config) console.Config {
	if cfg.Numbers == nil {
		cfg.Numbers = unused{}
	}
	if cfg.Keys == nil {
		cfg.Keys = unused{}
	}
	return cfg
}

type unused struct{}

var errUnused = errors.New("this test has no use for it")

// Open implements console.Numbers.
func (unused) Open(int64, []byte) (string, error) { return "", errUnused }

// Tail implements console.Numbers.
func (unused) Tail(string) []byte { return nil }

// NewKeys implements console.KeyMaker.
func (unused) NewKeys(gift.Partner) (credential.Secrets, credential.Keys) { panic(errUnused) }
