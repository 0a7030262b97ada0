package server

import (
	"log/slog"
	"net/http"
	"time"
)

// NewHTTP returns a server that answers by handler, with bounds for callers who are slow or send too much. What it has to say
// of connections goes to the log.
func NewHTTP(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    1 << 20, // parameters may all stand in the query
	}
}
