package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/tracing"
)

const (
	// Timeout bounds an attempt: look-up, connection, request and answer together.
	Timeout = 10 * time.Second

	dialTimeout = 5 * time.Second
	idleTimeout = 60 * time.Second
	headerLimit = 16 << 10
	answerLimit = 16 << 10 // read at most, so that the connection can be used again
	answerKept  = 1 << 10
	userAgent   = "GiftiMBiz-Webhooks/1"
)

// Failures of an attempt; they are stored. Explain says what they mean.
const (
	FailedTimeout  = "timeout"  // no answer within Timeout
	FailedAddress  = "address"  // it leads to where no event is sent
	FailedName     = "name"     // the host's name leads nowhere
	FailedTLS      = "tls"      // the certificate or the handshake is bad
	FailedConnect  = "connect"  // nobody listens, or the connection broke
	FailedRedirect = "redirect" // it answered 3xx; redirects are not followed
	FailedStatus   = "status"   // it answered anything else but 2xx
	NotSent        = "restored" // there was none: it waited in a backup that was restored, and may have been sent since
	FailedSecret   = "secret"   // its secret cannot be read, so nothing can be signed
)

// answer is what came of an attempt.
type answer struct {
	at      time.Time // when it began
	took    time.Duration
	status  int
	failure string // "" = taken
	text    string // the beginning of the answer's body
}

// poster sends events. Connections are kept. Plain and encrypted ones are apart, because they may lead to different places.
type poster struct {
	clock            clock.Clock
	timeout          time.Duration
	encrypted, plain *http.Transport
}

func newPoster(clk clock.Clock, guard *Guard) *poster {
	return &poster{clock: clk, timeout: Timeout, encrypted: newTransport(guard, true), plain: newTransport(guard, false)}
}

// newTransport takes no proxy from the environment: a proxy would connect to what the guard refuses.
func newTransport(guard *Guard, encrypted bool) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: idleTimeout, Control: guard.control(encrypted)}
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    dialTimeout,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // nothing may unfold
		MaxIdleConns:           mostAtOnce,
		MaxIdleConnsPerHost:    mostAtOnce, // several endpoints may be of one host
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: headerLimit,
	}
}

func (p *poster) close() {
	p.encrypted.CloseIdleConnections()
	p.plain.CloseIdleConnections()
}

// post sends a body once. prepare signs it.
func (p *poster) post(ctx context.Context, address string, body []byte, prepare func(http.Header, time.Time) error) answer {
	a := answer{at: p.clock.Now()}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		a.failure = FailedAddress
		return a
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	if err := prepare(req.Header, a.at); err != nil {
		a.failure = FailedSecret
		return a
	}
	if parent := tracing.Parent(ctx); parent != "" {
		req.Header.Set("Traceparent", parent)
	}
	a.status, a.text, a.failure = p.roundTrip(req)
	a.took = min(max(p.clock.Now().Sub(a.at), 0), Timeout) // the clock may be set meanwhile
	return a
}

// roundTrip goes to the transport itself, which follows no redirect and sends no cookies.
func (p *poster) roundTrip(req *http.Request) (status int, text, failure string) {
	var transport *http.Transport
	switch req.URL.Scheme {
	case "https":
		transport = p.encrypted
	case "http":
		transport = p.plain
	default:
		return 0, "", FailedAddress
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "", failureOf(err)
	}
	defer func() { _ = resp.Body.Close() }() // all that matters was read
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	text = readable(raw)
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300 && err != nil:
		failure = failureOf(err)
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		failure = FailedRedirect
	default:
		failure = FailedStatus
	}
	return resp.StatusCode, text, failure
}

// readable returns the beginning of an answer as text that every engine stores.
func readable(raw []byte) string {
	if len(raw) > answerKept {
		raw = raw[:answerKept]
		for len(raw) > answerKept-utf8.UTFMax && !utf8.RuneStart(raw[len(raw)-1]) {
			raw = raw[:len(raw)-1]
		}
		if r, _ := utf8.DecodeLastRune(raw); r == utf8.RuneError {
			raw = raw[:len(raw)-1]
		}
	}
	text := strings.ToValidUTF8(string(raw), "\uFFFD")
	return strings.ReplaceAll(text, "\x00", "\uFFFD")
}

// failureOf names an error. Its own text may hold the address, which may hold a partner's secret.
func failureOf(err error) string {
	var name *net.DNSError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var malformed *url.Error
	switch {
	case errors.Is(err, ErrAddress):
		return FailedAddress
	case errors.As(err, &name):
		return FailedName
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return FailedTimeout
	case errors.As(err, &certificate), errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &record),
		errors.As(err, &alert), strings.Contains(err.Error(), "tls: "):
		return FailedTLS
	case errors.As(err, &malformed):
		return FailedAddress
	}
	return FailedConnect
}
