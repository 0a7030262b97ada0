package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/server"
)

// TestAServerEncryptsByItself starts one with a certificate: links lead to https, and cookies would be kept to it.
func TestAServerEncryptsByItself(t *testing.T) {
	cfg := newConfig()
	cfg.Listen, cfg.Data, cfg.LogLevel = "127.0.0.1:0", t.TempDir(), "error"
	trusted := writeCertificate(t, cfg)
	ctx, stop := context.WithCancel(t.Context())
	s := &service{cfg: cfg, clock: clock.System{}}
	s.ready = func(ctx context.Context, n *server.Node) error {
		defer stop()
		if n.PublicURL != "https://"+n.Listening {
			t.Errorf("the public address is %s", n.PublicURL)
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}
		defer transport.CloseIdleConnections()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.PublicURL+"/console/sign-in", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("HTTP %d by %s, %v; of a guessed address browsers are not told to remember anything", resp.StatusCode, resp.Proto, resp.Header)
		}
		return resp.Body.Close()
	}
	if err := s.run(ctx); err != nil {
		t.Error(err)
	}
	if got := cfg.secured(localURL("127.0.0.1:1")); !strings.HasPrefix(got, "https://") {
		t.Errorf("programs on this machine are told %s", got)
	}
}

// writeCertificate makes a certificate for this machine, and returns who trusts it.
func writeCertificate(t *testing.T, cfg *config) *x509.CertPool {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, made, made, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	folder, trusted := t.TempDir(), x509.NewCertPool()
	cfg.TLSCert, cfg.TLSKey = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	trusted.AppendCertsFromPEM(cert)
	for name, text := range map[string][]byte{cfg.TLSCert: cert, cfg.TLSKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bare})} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return trusted
}
