package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/pflag"

	"giftimbiz/internal/vault"
)

// config is what every subcommand may need. Variables give the defaults, flags override them.
type config struct {
	Listen         string   `env:"LISTEN" envDefault:"127.0.0.1:8080"`
	Data           string   `env:"DATA" envDefault:"giftimbiz-data"`
	Database       string   `env:"DATABASE"`
	PublicURL      string   `env:"PUBLIC_URL"`
	KeyFile        string   `env:"KEY_FILE"`
	Keys           string   `env:"KEYS,unset"`
	TrustedProxies []string `env:"TRUSTED_PROXIES"`
	LogLevel       string   `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat      string   `env:"LOG_FORMAT" envDefault:"text"`
}

func configFromEnv() (*config, error) {
	cfg, err := env.ParseAsWithOptions[config](env.Options{Prefix: "GIFTIMBIZ_"})
	if err != nil {
		return &cfg, usageError{fmt.Errorf("environment: %w", err)}
	}
	return &cfg, nil
}

func (c *config) addFlags(f *pflag.FlagSet) {
	f.StringVar(&c.Listen, "listen", c.Listen, "address to listen on, host:port")
	f.StringVar(&c.Data, "data", c.Data, "folder of the embedded database, the keys and credentials.json")
	f.StringVar(&c.Database, "database", c.Database, "sqlite:PATH or postgres://… (default sqlite:DATA/giftimbiz.db)")
	f.StringVar(&c.PublicURL, "public-url", c.PublicURL, "how partners and phones reach this server (default http://LISTEN)")
	f.StringVar(&c.KeyFile, "key-file", c.KeyFile, "file of the encryption keys (default DATA/vault.keys; GIFTIMBIZ_KEYS holds keys themselves)")
	f.StringSliceVar(&c.TrustedProxies, "trusted-proxies", c.TrustedProxies, "addresses or networks whose X-Forwarded-For is believed")
	f.StringVar(&c.LogLevel, "log-level", c.LogLevel, "debug, info, warn or error")
	f.StringVar(&c.LogFormat, "log-format", c.LogFormat, "text or json")
}

// database returns the URL of the database to open.
func (c *config) database() string {
	if c.Database != "" {
		return c.Database
	}
	return "sqlite:" + filepath.Join(c.Data, "giftimbiz.db")
}

// vault reads the keys, or makes them on the first start.
func (c *config) vault() (*vault.Vault, error) {
	if c.Keys != "" {
		return vault.ParseEnv(c.Keys)
	}
	path := c.KeyFile
	if path == "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return nil, err
		}
		path = filepath.Join(c.Data, "vault.keys")
	}
	return vault.LoadOrCreate(path)
}

// publicURL returns the base of all absolute links, without a trailing slash.
func (c *config) publicURL(listening string) (string, error) {
	if c.PublicURL == "" {
		return "http://" + listening, nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", usageError{fmt.Errorf("--public-url %q: want https://host or http://host", c.PublicURL)}
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func (c *config) trustedProxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range c.TrustedProxies {
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, usageError{fmt.Errorf("--trusted-proxies: %w", err)}
		}
		list = append(list, prefix)
	}
	return list, nil
}

// parsePrefix reads a network or a single address.
func parsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", text)
	}
	return prefix.Masked(), nil
}

func (c *config) logger() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, usageError{fmt.Errorf("--log-level %q: want debug, info, warn or error", c.LogLevel)}
	}
	opts := &slog.HandlerOptions{Level: level}
	switch c.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, opts)), nil
	}
	return nil, usageError{fmt.Errorf("--log-format %q: want text or json", c.LogFormat)}
}
