package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	mostTries    = 4
	firstPause   = 500 * time.Millisecond // before the second try; each further one waits twice as long
	longestPause = 5 * time.Second        // whatever the collector asks for
	answerRead   = 4 << 10                // bytes, so that the connection can be used again
)

// client is an otlptrace.Client over HTTP.
type client struct {
	address string
	headers map[string]string
	zip     bool
	http    *http.Client
}

func newClient(s Settings) (*client, error) {
	address, err := s.address()
	if err != nil {
		return nil, err
	}
	t := s.transport()
	headers, err := t.headers()
	if err != nil {
		return nil, err
	}
	cfg, err := t.tls()
	if err != nil {
		return nil, err
	}
	web := http.DefaultTransport.(*http.Transport).Clone()
	web.TLSClientConfig = cfg
	return &client{
		address: address, headers: headers, zip: t.Compression == "gzip",
		http: &http.Client{Transport: web, Timeout: t.timeout()},
	}, nil
}

// Start implements otlptrace.Client.
func (c *client) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *client) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. What a collector refuses for the moment, or does not answer, is tried again within the
// time of ctx.
func (c *client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans}) // on the wire the same as an ExportTraceServiceRequest
	if err != nil {
		return err
	}
	if c.zip {
		body = zipped(body)
	}
	for n := range mostTries {
		var again time.Duration
		if again, err = c.post(ctx, body); err == nil || again < 0 {
			return err
		}
		if n == mostTries-1 || !pause(ctx, min(max(again, firstPause<<n), longestPause)) {
			break
		}
	}
	return err
}

// post sends once. Of a failure it tells when to try again, at the earliest; < 0 = never.
func (c *client) post(ctx context.Context, body []byte) (again time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address, bytes.NewReader(body))
	if err != nil {
		return -1, err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if c.zip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	for name, value := range c.headers {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }() // its status says all
	_, _ = io.CopyN(io.Discard, resp.Body, answerRead)
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return 0, nil
	}
	err = fmt.Errorf("the collector answers HTTP %d", resp.StatusCode)
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // 0 when it says nothing, or a date
		return time.Duration(min(max(seconds, 0), 60)) * time.Second, err
	}
	return -1, err
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func zipped(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(body)
	if err = errors.Join(err, w.Close()); err != nil {
		panic("otlp: writing into memory: " + err.Error())
	}
	return b.Bytes()
}
