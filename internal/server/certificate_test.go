package server

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pairOf returns a certificate of a number for 127.0.0.1 and its key, both PEM.
func pairOf(t *testing.T, number int64, until time.Time) (cert, key []byte) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "gift.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bare})
}

// certified is a server with TLS of its own, whose files a test exchanges.
type certified struct {
	t         *testing.T
	cert, key string
	made      *Certificate
	log       *bytes.Buffer
	address   string
	written   time.Time // the time of the last file
}

func startCertified(t *testing.T) *certified {
	t.Helper()
	folder := t.TempDir()
	s := &certified{t: t, cert: filepath.Join(folder, "cert.pem"), key: filepath.Join(folder, "key.pem"), log: &bytes.Buffer{}, written: time.Now()}
	cert, key := pairOf(t, 1, time.Now().Add(time.Hour))
	s.put(cert, key)
	var err error
	if s.made, err = ReadCertificate(s.cert, s.key, slog.New(slog.NewTextHandler(s.log, nil))); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	web := NewHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { plain(w, http.StatusOK, r.Proto) }), slog.New(slog.DiscardHandler))
	web.TLSConfig = s.made.TLS()
	ended := make(chan error, 1)
	go func() { ended <- web.ServeTLS(listener, "", "") }()
	t.Cleanup(func() {
		_ = web.Close()
		<-ended
	})
	return s
}

// put writes the files that are not nil, each at a time of its own: on a quick machine two are written within one tick of the file
// system, and another certificate often has as many bytes.
func (s *certified) put(cert, key []byte) {
	s.t.Helper()
	for name, text := range map[string][]byte{s.cert: cert, s.key: key} {
		if text == nil {
			continue
		}
		s.written = s.written.Add(time.Second)
		if err := errors.Join(os.WriteFile(name, text, 0o600), os.Chtimes(name, s.written, s.written)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// serves returns the number of the certificate that is shown to whoever connects.
func (s *certified) serves() int64 {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true}) // only the number matters
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func (s *certified) reload() {
	s.t.Helper()
	if err := s.made.Reload(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// TestACertificateIsExchangedWhileServing, when both files fit; until then the former stays in use, and the log says once why.
func TestACertificateIsExchangedWhileServing(t *testing.T) {
	s := startCertified(t)
	if s.serves() != 1 {
		t.Fatal("another certificate than that of the files")
	}
	until := time.Now().Add(90 * 24 * time.Hour).Truncate(time.Second)
	cert, key := pairOf(t, 2, until)
	for what, spoil := range map[string]func(){
		"a certificate whose key is still to come": func() { s.put(cert, nil) },
		"half a certificate":                       func() { s.put(cert[:len(cert)/2], nil) },
		"a file that is gone":                      func() { _ = os.Remove(s.cert) },
		"no certificate at all":                    func() { s.put([]byte("hello"), nil) },
	} {
		s.log.Reset()
		spoil()
		s.reload()
		s.reload()
		if n := strings.Count(s.log.String(), "level=ERROR"); n != 1 || s.serves() != 1 {
			t.Errorf("%s: certificate %d is served, and %d lines say so: %s", what, s.serves(), n, s.log)
		}
	}
	s.log.Reset()
	s.put(cert, key)
	s.reload()
	if s.serves() != 2 || !s.made.Expires().Equal(until) || figure(t, s.made.untilGauge) != float64(until.Unix()) {
		t.Errorf("certificate %d is served, until %v", s.serves(), s.made.Expires())
	}
	if log := s.log.String(); !strings.Contains(log, "a new TLS certificate is in use") || strings.Contains(log, "PRIVATE") {
		t.Errorf("the log says %s", log)
	}
}

func TestConnectionsAreEncryptedAsOneDoesToday(t *testing.T) {
	s := startCertified(t)
	if _, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	for scheme, want := range map[string]string{"https": "HTTP/2.0\n", "http": "Client sent an HTTP request to an HTTPS server.\n"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+s.address+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", scheme, text, err)
		}
	}
}

func TestFilesThatAreNoPairAreToldAtTheStart(t *testing.T) {
	s := startCertified(t)
	cert, _ := pairOf(t, 3, time.Now().Add(time.Hour))
	s.put(cert, nil)
	if _, err := ReadCertificate(s.cert, s.key, slog.Default()); err == nil || !strings.Contains(err.Error(), "does not match") {
		t.Errorf("a certificate of another key: %v", err)
	}
	if _, err := ReadCertificate(s.cert, s.key+"x", slog.Default()); err == nil || !strings.Contains(err.Error(), "key.pemx") {
		t.Errorf("a key that is not there: %v", err)
	}
}

// TestANodeLooksForNewCertificates by itself, and shows until when the present one is good.
func TestANodeShowsUntilWhenItsCertificateIsGood(t *testing.T) {
	c := startCertified(t)
	s := startHouse(t, func(cfg *Config) { cfg.Certificate, cfg.Connections = c.made, NewConnections(0, 0, nil) })
	text := string(s.send(http.MethodGet, s.url+"/metrics", http.Header{}, "").body)
	for _, want := range []string{"\ngiftimbiz_certificate_expires_timestamp_seconds ", "\ngiftimbiz_connections ", "\ngiftimbiz_connections_refused_total "} {
		if !strings.Contains(text, want) {
			t.Errorf("no%s", want)
		}
	}
	cert, key := pairOf(t, 4, time.Now().Add(time.Hour))
	c.put(cert, key)
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	for c.made.current.Load().Leaf.SerialNumber.Int64() != 4 {
		select {
		case <-ctx.Done():
			t.Fatal("the new certificate is not used")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// figure returns what a gauge or counter shows.
func figure(t *testing.T, c prometheus.Collector) float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	if err := r.Register(c); err != nil {
		t.Fatal(err)
	}
	all, err := r.Gather()
	if err != nil || len(all) != 1 || len(all[0].GetMetric()) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	m := all[0].GetMetric()[0]
	return m.GetGauge().GetValue() + m.GetCounter().GetValue() // it is one of them
}
