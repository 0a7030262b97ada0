package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Certificate is a TLS certificate and its key in two files, which may be exchanged while the server runs. Its methods may be called from
// any goroutine, Reload from one at a time.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]
	read              [2]fileState // of the pair that was tried last
	untilGauge        prometheus.Gauge
}

// fileState tells whether a file was exchanged.
type fileState struct {
	modified time.Time
	size     int64
}

// ReadCertificate reads a certificate chain and its key, both PEM. An error says which of them is wrong; nothing of the key is in it.
func ReadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, untilGauge: prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "giftimbiz_certificate_expires_timestamp_seconds",
		Help: "When the TLS certificate in use expires.",
	})}
	state, err := c.states()
	if err == nil {
		err = c.take()
	}
	c.read = state
	return c, err
}

// TLS returns how connections are encrypted: TLS 1.2 at least, HTTP/2 for who asks for it.
func (c *Certificate) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load(), nil
		},
	}
}

// Expires returns when the certificate in use expires.
func (c *Certificate) Expires() time.Time { return c.current.Load().Leaf.NotAfter }

// Reload reads the files again if one of them was exchanged since the last look; a node calls it every few seconds. A pair that
// does not fit together, as there is one between the exchange of the two files, or that cannot be read, changes nothing: the
// former stays in use, and the fault is logged once. It returns nil always, as a loop's work.
func (c *Certificate) Reload(context.Context) error {
	state, err := c.states()
	if state == c.read {
		return nil
	}
	c.read = state
	if err == nil {
		err = c.take()
	}
	if err != nil {
		c.log.Error("the new TLS certificate is not used; the former stays", "error", err, "expires", c.Expires())
		return nil
	}
	c.log.Info("a new TLS certificate is in use", "expires", c.Expires())
	return nil
}

// states looks at both files without reading them.
func (c *Certificate) states() (s [2]fileState, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		info, statErr := os.Stat(name)
		if statErr != nil {
			err = errors.Join(err, statErr)
			continue
		}
		s[i] = fileState{info.ModTime(), info.Size()}
	}
	return s, err
}

// take reads both files and uses them from now on.
func (c *Certificate) take() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", c.certFile, c.keyFile, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return fmt.Errorf("%s: %w", c.certFile, err)
		}
	}
	c.current.Store(&pair)
	c.untilGauge.Set(float64(pair.Leaf.NotAfter.Unix()))
	return nil
}
