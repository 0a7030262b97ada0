package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/pflag"

	"giftimbiz/internal/peer"
	"giftimbiz/internal/server"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/tracing/otlp"
	"giftimbiz/internal/vault"
)

// config is what every subcommand may need. Variables override the defaults, flags override variables.
type config struct {
	Listen         string        `env:"LISTEN"`
	Data           string        `env:"DATA"`
	Database       string        `env:"DATABASE"`
	PublicURL      string        `env:"PUBLIC_URL"`
	KeyFile        string        `env:"KEY_FILE"`
	KeyCommand     string        `env:"KEY_COMMAND"`
	Keys           string        `env:"KEYS,unset"`
	TrustedProxies []string      `env:"TRUSTED_PROXIES"`
	WebhookAllow   []string      `env:"WEBHOOK_ALLOW"`
	LogLevel       string        `env:"LOG_LEVEL"`
	LogFormat      string        `env:"LOG_FORMAT"`
	Drain          time.Duration `env:"DRAIN"`
	RateLimit      int           `env:"RATE_LIMIT"`
	RateLimitV1    int           `env:"RATE_LIMIT_V1"`
	AddressLimit   int           `env:"ADDRESS_LIMIT"`
	FailureLimit   int           `env:"FAILURE_LIMIT"`
	Connections    int           `env:"CONNECTIONS"`
	TLSCert        string        `env:"TLS_CERT"`
	TLSKey         string        `env:"TLS_KEY"`

	AddressConnections int   `env:"ADDRESS_CONNECTIONS"`
	OpenSandboxes      *bool `env:"OPEN_SANDBOXES"` // nil: nothing was said

	MetricsListen string `env:"METRICS_LISTEN"`

	figures server.FiguresTo // decided by decideFigures
	traces  *otlp.Sender     // where OpenTelemetry's own variables say; nil = nowhere
}

// newConfig returns the defaults that are built in.
func newConfig() *config {
	return &config{
		Listen: "127.0.0.1:8080", Data: "giftimbiz-data", LogLevel: "info", LogFormat: "text", Drain: 3 * time.Second,
		RateLimit: 100, AddressLimit: 2000, FailureLimit: 120, Connections: 16384, AddressConnections: 1024,
	}
}

// readEnvironment takes over what the variables say. It comes after the flags were declared, so that --help shows the
// defaults that are built in, and no variable's value.
func (c *config) readEnvironment() error {
	if err := env.ParseWithOptions(c, env.Options{Prefix: "GIFTIMBIZ_"}); err != nil {
		return usageError{fmt.Errorf("environment: %w", err)}
	}
	return nil
}

func (c *config) addFlags(f *pflag.FlagSet) {
	f.StringVar(&c.Listen, "listen", c.Listen, "address to listen on, host:port")
	f.StringVar(&c.Data, "data", c.Data, "folder of the embedded database, the keys and credentials.json")
	f.StringVar(&c.Database, "database", c.Database, "sqlite:PATH or postgres://… (default sqlite:DATA/giftimbiz.db)")
	f.StringVar(&c.PublicURL, "public-url", c.PublicURL, "how partners and phones reach this server, https://host (default http://LISTEN)")
	f.StringVar(&c.KeyFile, "key-file", c.KeyFile, "file of the master keys (default DATA/vault.keys; GIFTIMBIZ_KEYS holds keys themselves)")
	f.StringVar(&c.KeyCommand, "key-command", c.KeyCommand,
		"program, with arguments between spaces, that prints the master keys: it is run once at the start, without a shell")
	f.StringSliceVar(&c.TrustedProxies, "trusted-proxies", c.TrustedProxies, "addresses or networks whose X-Forwarded-For is believed")
	f.StringSliceVar(&c.WebhookAllow, "webhook-allow", c.WebhookAllow,
		"networks that are not public and that events may be sent to, also over http")
	f.StringVar(&c.MetricsListen, "metrics-listen", c.MetricsListen, "address of its own for /metrics, host:port; that of --listen = there, "+
		"for everybody (default: there, for this machine, while --public-url is not set)")
	f.StringVar(&c.LogLevel, "log-level", c.LogLevel, "debug, info, warn or error")
	f.StringVar(&c.LogFormat, "log-format", c.LogFormat, "text or json")
}

// addSandboxes declares the flag that lends sandboxes, and says what holds without it.
func (c *config) addSandboxes(f *pflag.FlagSet, usually string) {
	f.BoolFunc("open-sandboxes", "lend sandboxes to whoever tries the API on the documentation's pages (default "+usually+")",
		func(text string) error {
			open, err := strconv.ParseBool(text)
			c.OpenSandboxes = &open
			return err
		})
}

// check refuses settings of a server that cannot be meant, before anything is opened.
func (c *config) check() error {
	if err := c.checkDoor(); err != nil {
		return err
	}
	if err := checkListen("--listen", c.Listen); err != nil {
		return err
	}
	if c.MetricsListen != "" {
		if err := checkListen("--metrics-listen", c.MetricsListen); err != nil {
			return err
		}
	}
	if _, err := c.publicURL(c.Listen); err != nil {
		return err
	}
	if _, err := c.trustedProxies(); err != nil {
		return err
	}
	_, err := c.webhookAllow()
	return err
}

// database returns the URL of the database to open.
func (c *config) database() string {
	if c.Database != "" {
		return c.Database
	}
	return "sqlite:" + filepath.Join(c.Data, "giftimbiz.db")
}

// vault opens the keys of a database. A database that has keys gets no new key file, which would not open them and look as if it did.
func (c *config) vault(ctx context.Context, db *storage.DB) (*vault.Vault, error) {
	if c.lacksKeyFile() {
		there, err := db.HasKeys(ctx)
		if err != nil {
			return nil, err
		}
		if there {
			return nil, fmt.Errorf("%w: there is no key file %s; copy it from another server or from its backup, or name another one (--key-file)",
				vault.ErrOtherKeys, c.keyFile())
		}
	}
	masters, err := c.masters(ctx)
	if err != nil {
		return nil, err
	}
	return db.OpenVault(ctx, masters)
}

// lacksKeyFile tells whether the master keys are to be in a file that is not there.
func (c *config) lacksKeyFile() bool {
	_, err := os.Stat(c.keyFile())
	return c.Keys == "" && c.KeyCommand == "" && errors.Is(err, fs.ErrNotExist)
}

// masters reads the master keys, or makes the first one on the first start.
func (c *config) masters(ctx context.Context) (*vault.Masters, error) {
	if c.KeyCommand != "" && (c.Keys != "" || c.KeyFile != "") || c.Keys != "" && c.KeyFile != "" {
		return nil, usageError{errors.New("the master keys are given twice: --key-file, --key-command and GIFTIMBIZ_KEYS exclude each other")}
	}
	if c.KeyCommand != "" {
		return vault.FromCommand(ctx, c.KeyCommand)
	}
	if c.Keys != "" {
		return vault.ParseEnv(c.Keys)
	}
	if c.KeyFile == "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return nil, err
		}
	}
	return vault.LoadOrCreate(c.keyFile())
}

// knownMasters is masters for who needs the keys that there are: it makes none. It returns nil when there are none.
func (c *config) knownMasters(ctx context.Context) (*vault.Masters, error) {
	switch {
	case !c.lacksKeyFile():
		return c.masters(ctx)
	case c.KeyFile != "":
		_, err := os.Stat(c.KeyFile)
		return nil, fmt.Errorf("key file: %w", err)
	}
	return nil, nil
}

// keyFile is where the keys are, unless the environment holds them.
func (c *config) keyFile() string {
	if c.KeyFile != "" {
		return c.KeyFile
	}
	return filepath.Join(c.Data, "vault.keys")
}

// credentialsFile is where the demo writes the keys it handed out.
func (c *config) credentialsFile() string { return filepath.Join(c.Data, "credentials.json") }

// publicURL returns the base of all absolute links, without a trailing slash.
func (c *config) publicURL(listening string) (string, error) {
	if c.PublicURL == "" {
		return c.secured(likelyURL(listening)), nil
	}
	return parsePublicURL(c.PublicURL)
}

func (c *config) trustedProxies() ([]netip.Prefix, error) {
	return parseNetworks("--trusted-proxies", c.TrustedProxies)
}

// webhookAllow returns the networks that events may be sent to besides the public Internet.
func (c *config) webhookAllow() ([]netip.Prefix, error) {
	return parseNetworks("--webhook-allow", c.WebhookAllow)
}

func parseNetworks(flag string, texts []string) (list []netip.Prefix, err error) {
	for _, text := range texts {
		prefix, err := peer.ParsePrefix(text)
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %w", flag, err)}
		}
		list = append(list, prefix)
	}
	return list, nil
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
