// Package otlptest is a collector of spans for tests.
package otlptest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector takes spans over HTTP and keeps them.
type Collector struct {
	URL string

	mu     sync.Mutex
	spans  []*Span // guarded by mu
	raw    []byte  // guarded by mu: all bodies, one after the other
	tries  int     // guarded by mu: requests
	refuse int     // guarded by mu: a status to answer with; 0 = 200
	header http.Header
}

// Span is a span with its numbers in hexadecimal and its attributes as text.
type Span struct {
	*tracepb.Span
	Trace, ID, Parent string
	Service           string
	Attrs             map[string]string
}

// New starts a collector that ends with the test.
func New(t testing.TB) *Collector {
	c := &Collector{}
	web := httptest.NewServer(c)
	t.Cleanup(web.Close)
	c.URL = web.URL
	return c
}

// Refuse has the collector answer with a status, and keep nothing; 0 = no more.
func (c *Collector) Refuse(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = status
}

// ServeHTTP takes POST /v1/traces.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := read(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	c.header = r.Header.Clone()
	var sent tracepb.TracesData
	switch {
	case c.refuse != 0:
		w.WriteHeader(c.refuse)
		return
	case err != nil, r.URL.Path != "/v1/traces", r.Header.Get("Content-Type") != "application/x-protobuf", proto.Unmarshal(body, &sent) != nil:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.raw = append(c.raw, body...)
	for _, of := range sent.GetResourceSpans() {
		service := attributes(of.GetResource().GetAttributes())["service.name"]
		for _, scope := range of.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, &Span{
					Span: s, Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()),
					Parent: hex.EncodeToString(s.GetParentSpanId()), Service: service, Attrs: attributes(s.GetAttributes()),
				})
			}
		}
	}
}

func read(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	plain, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(plain)
}

func attributes(list []*commonpb.KeyValue) map[string]string {
	all := map[string]string{}
	for _, kv := range list {
		v := kv.GetValue()
		if n, is := v.GetValue().(*commonpb.AnyValue_IntValue); is {
			all[kv.GetKey()] = strconv.FormatInt(n.IntValue, 10)
		} else {
			all[kv.GetKey()] = v.GetStringValue()
		}
	}
	return all
}

// Spans returns what came.
func (c *Collector) Spans() []*Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*Span(nil), c.spans...)
}

// Raw returns all bytes of spans that came.
func (c *Collector) Raw() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]byte(nil), c.raw...)
}

// Tries returns how many requests came, and the headers of the last.
func (c *Collector) Tries() (int, http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tries, c.header
}
