package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/server"
)

// TestFiguresAreShownWhereItIsSaid and, where nothing is said, only by a server that the world does not reach.
func TestFiguresAreShownWhereItIsSaid(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	for _, test := range []struct {
		apart, public string
		to            server.FiguresTo
	}{
		{"", "", server.FiguresToMachine},
		{"", "https://gift.example", server.FiguresToNobody},
		{"127.0.0.1:8080", "https://gift.example", server.FiguresToAll},
		{"127.0.0.1:0", "", server.FiguresToNobody},
	} {
		cfg := newConfig()
		cfg.MetricsListen, cfg.PublicURL = test.apart, test.public
		m, err := cfg.startMonitoring(quiet)
		if err != nil || cfg.figures != test.to || (m.web != nil) != (test.apart == "127.0.0.1:0") {
			t.Errorf("%+v: %v, %v, %v", test, cfg.figures, m.web, err)
		}
		m.stop()
	}
	cfg := newConfig()
	cfg.MetricsListen = "9090"
	var usage usageError
	if err := cfg.check(); !errors.As(err, &usage) || !strings.Contains(err.Error(), "--metrics-listen 9090: did you mean :9090?") {
		t.Errorf("%v", err)
	}
}

// TestTheAddressOfFiguresAnswersWhileTheServerStarts as the other one does.
func TestTheAddressOfFiguresAnswersWhileTheServerStarts(t *testing.T) {
	var log strings.Builder
	cfg := newConfig()
	cfg.MetricsListen = "127.0.0.1:0"
	m, err := cfg.startMonitoring(slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer m.stop()
	_, address, _ := strings.Cut(strings.TrimSpace(log.String()), "address=")
	resp, err := http.Get("http://" + address + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusServiceUnavailable || string(text) != "starting\n" {
		t.Errorf("HTTP %d, %s, %v", resp.StatusCode, text, err)
	}
}

// TestASettingOfTracesThatCannotBeMeantEndsTheStart instead of tracing nothing in silence.
func TestASettingOfTracesThatCannotBeMeantEndsTheStart(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")
	var usage usageError
	cfg := newConfig()
	if err := cfg.startTraces(t.Context(), clock.System{}, slog.New(slog.DiscardHandler)); !errors.As(err, &usage) || cfg.tracer() != nil {
		t.Errorf("%v", err)
	}
}
