package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"giftimbiz/internal/server"
)

// monitoring is the address at which /metrics is alone; the zero value is none.
type monitoring struct {
	door *server.Front
	web  *http.Server
}

// startMonitoring decides who may read /metrics, and listens where it is to be alone. A server that the world reaches by a proxy on
// this machine cannot tell who asks: there, figures are shown only where it is said.
func (c *config) startMonitoring(log *slog.Logger) (m monitoring, err error) {
	switch c.MetricsListen {
	case "":
		c.figures = server.FiguresToMachine
		if c.PublicURL != "" {
			c.figures = server.FiguresToNobody
		}
		return m, nil
	case c.Listen:
		c.figures = server.FiguresToAll
		return m, nil
	}
	c.figures = server.FiguresToNobody
	listener, err := net.Listen("tcp", c.MetricsListen)
	if err != nil {
		return m, fmt.Errorf("--metrics-listen: %w", err)
	}
	m.door = server.NewFront(log)
	m.web = server.NewHTTP(m.door, log)
	log.Info("figures", "address", listener.Addr().String())
	go func() { _ = m.web.Serve(listener) }() // ends with stop
	return m, nil
}

// open shows the figures of a node.
func (m monitoring) open(n *server.Node) {
	if m.door != nil {
		m.door.Open(n.Monitoring())
	}
}

// stop ends it last, so that what happens while the node stops is seen.
func (m monitoring) stop() {
	if m.web != nil {
		_ = m.web.Close() // nobody waits for these answers
	}
}
