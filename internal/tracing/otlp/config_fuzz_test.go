package otlp

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

// FuzzSettings reads variables: what passes the check can be sent, and nothing that is said shows what a header holds.
func FuzzSettings(f *testing.F) {
	f.Add("http://127.0.0.1:4318", "api-key=a%20b,x=1", "0.5", "")
	f.Add("https://user:word@collector", "api key=1", "NaN", "otlp")
	f.Add("collector:4318", "api-key", "2", "none")
	f.Add("http://collector/x?key=1", "a=%0d%0a", "", "zipkin")
	const secret = "0b5e1f27c3a94d68"
	f.Fuzz(func(t *testing.T, base, headers, ratio, exporter string) {
		if strings.Contains(base+ratio+exporter, secret) || strings.Contains(base+headers+ratio+exporter, "\x00") {
			return
		}
		s, err := ReadSettings([]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT=" + base, "OTEL_EXPORTER_OTLP_HEADERS=" + headers + secret,
			"OTEL_TRACES_SAMPLER_ARG=" + ratio, "OTEL_TRACES_EXPORTER=" + exporter,
		})
		if err == nil {
			err = s.Check()
		}
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error is %q", err)
			}
			return
		}
		if !s.On() {
			return
		}
		address, err := s.address()
		u, parseErr := url.Parse(address)
		if err != nil || parseErr != nil || s.Host() != u.Host {
			t.Fatalf("%q passes: %v, %v", address, err, parseErr)
		}
		sampler, err := s.sampler()
		if err != nil || strings.Contains(sampler.Description(), "NaN") {
			t.Errorf("the sampler is %v, %v", sampler, err)
		}
		sent, err := s.transport().headers()
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range sent {
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
				t.Errorf("%q: %q cannot be sent", name, value)
			}
		}
	})
}
