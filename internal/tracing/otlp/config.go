package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Settings are OpenTelemetry's own environment variables, as far as they say what is recorded and where it goes. Those about how
// spans are gathered (OTEL_BSP_…) and how long they may be (OTEL_SPAN_…) are read by its library, and so is what the service is
// called (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES).
type Settings struct {
	Disabled bool   `env:"OTEL_SDK_DISABLED"`
	Exporter string `env:"OTEL_TRACES_EXPORTER"` // otlp or none

	Base     string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`        // v1/traces is added
	Endpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"` // the whole address
	Sampler  string `env:"OTEL_TRACES_SAMPLER"`
	Ratio    string `env:"OTEL_TRACES_SAMPLER_ARG"`

	General  transport `envPrefix:"OTEL_EXPORTER_OTLP_"`
	OfTraces transport `envPrefix:"OTEL_EXPORTER_OTLP_TRACES_"` // goes before General
}

// transport is what may be said in general, and of traces.
type transport struct {
	Protocol    string `env:"PROTOCOL"`
	Headers     string `env:"HEADERS"` // name=value, with commas between; values are percent-encoded
	TimeoutMs   int    `env:"TIMEOUT"`
	Compression string `env:"COMPRESSION"` // gzip or none
	Certificate string `env:"CERTIFICATE"` // file of the authorities that the collector is to be known by
	ClientCert  string `env:"CLIENT_CERTIFICATE"`
	ClientKey   string `env:"CLIENT_KEY"`
}

const defaultTimeout = 10 * time.Second

// ReadSettings takes variables as os.Environ has them.
func ReadSettings(environ []string) (Settings, error) {
	var s Settings
	err := env.ParseWithOptions(&s, env.Options{Environment: env.ToMap(environ)})
	return s, err
}

// On tells whether spans are sent at all.
func (s Settings) On() bool {
	return !s.Disabled && s.Exporter != "none" && (s.Base != "" || s.Endpoint != "")
}

// Check tells what is wrong with the settings, before anything is sent by them.
func (s Settings) Check() error {
	if !s.On() {
		return nil
	}
	if s.Exporter != "" && s.Exporter != "otlp" {
		return fmt.Errorf("OTEL_TRACES_EXPORTER=%s: want otlp or none", s.Exporter)
	}
	t := s.transport()
	if t.Protocol != "" && t.Protocol != "http/protobuf" {
		return fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%s: want http/protobuf, which collectors take at port 4318", t.Protocol)
	}
	if t.Compression != "" && t.Compression != "gzip" && t.Compression != "none" {
		return fmt.Errorf("OTEL_EXPORTER_OTLP_COMPRESSION=%s: want gzip or none", t.Compression)
	}
	_, err := s.address()
	_, headersErr := t.headers()
	_, tlsErr := t.tls()
	_, samplerErr := s.sampler()
	return errors.Join(err, headersErr, tlsErr, samplerErr)
}

// sampler decides what is recorded: what the caller records, and of what has no such caller a ratio; all unless something is said.
func (s Settings) sampler() (sdktrace.Sampler, error) {
	ratio := 1.0
	if s.Ratio != "" {
		var err error
		if ratio, err = strconv.ParseFloat(s.Ratio, 64); err != nil || !(ratio >= 0 && ratio <= 1) { // NaN is neither
			return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG=%s: want a ratio, 0 to 1", s.Ratio)
		}
	}
	switch s.Sampler {
	case "", "parentbased_traceidratio":
		return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio)), nil
	case "parentbased_always_on":
		return sdktrace.ParentBased(sdktrace.AlwaysSample()), nil
	case "parentbased_always_off":
		return sdktrace.ParentBased(sdktrace.NeverSample()), nil
	case "traceidratio":
		return sdktrace.TraceIDRatioBased(ratio), nil
	case "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	}
	return nil, fmt.Errorf("OTEL_TRACES_SAMPLER=%s: want parentbased_traceidratio, with OTEL_TRACES_SAMPLER_ARG=0.05 or so", s.Sampler)
}

// transport returns what holds for traces.
func (s Settings) transport() transport {
	t := s.General
	t.Protocol = or(s.OfTraces.Protocol, t.Protocol)
	t.Headers = or(s.OfTraces.Headers, t.Headers)
	t.Compression = or(s.OfTraces.Compression, t.Compression)
	t.Certificate = or(s.OfTraces.Certificate, t.Certificate)
	if s.OfTraces.ClientCert != "" {
		t.ClientCert, t.ClientKey = s.OfTraces.ClientCert, s.OfTraces.ClientKey
	}
	if s.OfTraces.TimeoutMs > 0 {
		t.TimeoutMs = s.OfTraces.TimeoutMs
	}
	return t
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

func (s Settings) address() (string, error) {
	name, text := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", s.Endpoint
	if text == "" {
		name, text = "OTEL_EXPORTER_OTLP_ENDPOINT", strings.TrimRight(s.Base, "/")+"/v1/traces"
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fmt.Errorf("%s: want an address such as http://127.0.0.1:4318", name)
	}
	return text, nil
}

// Host is where spans are sent, for the log: an address may hold more.
func (s Settings) Host() string {
	address, err := s.address()
	if err != nil {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

func (t transport) timeout() time.Duration {
	if t.TimeoutMs <= 0 {
		return defaultTimeout
	}
	return time.Duration(t.TimeoutMs) * time.Millisecond
}

// headers reads what is sent besides, which is often a secret: the error does not show it.
func (t transport) headers() (map[string]string, error) {
	all := map[string]string{}
	for pair := range strings.SplitSeq(t.Headers, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		plain, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || err != nil || !isHeader(name, plain) {
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS: want name=value, with commas between")
		}
		all[name] = plain
	}
	return all, nil
}

// isHeader tells whether HTTP can send it: what it cannot would be noticed only when spans are lost.
func isHeader(name, value string) bool {
	notInName := func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c) }
	notInValue := func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
	return name != "" && !strings.ContainsFunc(name, notInName) && !strings.ContainsFunc(value, notInValue)
}

// tls returns nil where the system's authorities do and no certificate is shown.
func (t transport) tls() (*tls.Config, error) {
	if t.Certificate == "" && t.ClientCert == "" {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.Certificate != "" {
		pem, err := os.ReadFile(t.Certificate)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: no certificate in %s", t.Certificate)
		}
	}
	if t.ClientCert != "" {
		own, err := tls.LoadX509KeyPair(t.ClientCert, t.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: %w", err)
		}
		cfg.Certificates = []tls.Certificate{own}
	}
	return cfg, nil
}
