package main

import (
	"maps"
	"testing"

	"giftimbiz/internal/partnerapi"
)

func TestRefusalsAreCountedByCodeOverAllEndpoints(t *testing.T) {
	m := newMetrics()
	for endpoint, codes := range map[string][]string{"a": {"PD", "PD", partnerapi.Success}, "b": {"PD", "L"}} {
		for _, code := range codes {
			m.requests.WithLabelValues(endpoint, code).Inc()
		}
	}
	if got := m.refusals(); !maps.Equal(got, map[string]int64{"PD": 3, "L": 1}) {
		t.Errorf("%v", got)
	}
}
