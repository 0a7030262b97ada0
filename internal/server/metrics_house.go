package server

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"giftimbiz/internal/office"
)

// houseFigures are of the whole house: each node shows the same, as it last read it.
type houseFigures struct {
	waiting, overdue, failing, givenUp, low, approvals prometheus.Gauge
}

func (h *houseFigures) register(registry *prometheus.Registry) {
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		registry.MustRegister(g)
		return g
	}
	h.waiting = gauge("giftimbiz_webhook_waiting", "Deliveries that wait, of all nodes, counted up to 10000.")
	h.overdue = gauge("giftimbiz_webhook_overdue_seconds", "How long the delivery is due that is due for longest.")
	h.failing = gauge("giftimbiz_webhook_endpoints_failing", "Endpoints of partners that take nothing at present.")
	h.givenUp = gauge("giftimbiz_webhook_endpoints_given_up", "Endpoints that the server switched off because they took nothing.")
	h.low = gauge("giftimbiz_partners_low_balance", "Live partners whose balance is below what they want to be warned at.")
	h.approvals = gauge("giftimbiz_adjustments_waiting", "Adjustments of balances that wait for another operator.")
}

func (h *houseFigures) show(f office.Figures, now time.Time) {
	h.waiting.Set(float64(f.Waiting))
	h.failing.Set(float64(f.FailingHooks))
	h.givenUp.Set(float64(f.GivenUpHooks))
	h.low.Set(float64(f.LowBalances))
	h.approvals.Set(float64(f.OpenApprovals))
	h.overdue.Set(0)
	if !f.LongestDue.IsZero() {
		h.overdue.Set(seconds(now.Sub(f.LongestDue)))
	}
}

// watchNode adds figures that a node has anyway.
func (m *metrics) watchNode(n *Node) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("giftimbiz_partners_age_seconds", "Time since the partners were last compared with the database.", func() float64 {
		return seconds(n.partnersRead.age(n.Clock.Now()))
	})
	gauge("giftimbiz_ready", "1 = this node should be sent requests, as far as it knows without asking the database.", func() float64 {
		if n.known() != "" {
			return 0
		}
		return 1
	})
	m.registry.MustRegister(poolFigures{n}, spanFigures(n.Spans, "sent"), spanFigures(n.Spans, "lost"),
		retryFigure("purchases", n.engine.Retries), retryFigure("others", n.DB.Retries))
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "giftimbiz_build_info", Help: "1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": n.Version, "go_version": runtime.Version(), "database": n.DB.Engine()},
	}, func() float64 { return 1 }))
}

// retryFigure counts transactions that were begun again: those of purchases, or the others.
func retryFigure(of string, retries func() int64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name:        "giftimbiz_db_retries_total",
		Help:        "Transactions begun again, because they had lost a race or it turned out that their COMMIT was not stored.",
		ConstLabels: prometheus.Labels{"of": of},
	}, func() float64 { return float64(retries()) })
}

// spanFigures counts spans by what became of them; spans may be nil.
func spanFigures(spans func() (sent, lost int64), outcome string) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "giftimbiz_trace_spans_total", Help: "Spans that were sent to a collector, or lost because it took none.",
		ConstLabels: prometheus.Labels{"outcome": outcome},
	}, func() float64 {
		if spans == nil {
			return 0
		}
		sent, lost := spans()
		if outcome == "sent" {
			return float64(sent)
		}
		return float64(lost)
	})
}

var (
	poolConns = prometheus.NewDesc("giftimbiz_db_connections", "Connections to the database by what they are for and whether they are busy.",
		[]string{"pool", "state"}, nil)
	poolMost   = prometheus.NewDesc("giftimbiz_db_connections_limit", "Connections to the database that there may be.", []string{"pool"}, nil)
	poolWaits  = prometheus.NewDesc("giftimbiz_db_waits_total", "How often somebody waited for a connection.", []string{"pool"}, nil)
	poolWaited = prometheus.NewDesc("giftimbiz_db_wait_seconds_total", "How long connections were waited for, in all.", []string{"pool"}, nil)
)

// poolFigures shows the connections when they are asked for.
type poolFigures struct{ node *Node }

// Describe implements prometheus.Collector.
func (poolFigures) Describe(all chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConns, poolMost, poolWaits, poolWaited} {
		all <- d
	}
}

// Collect implements prometheus.Collector.
func (f poolFigures) Collect(all chan<- prometheus.Metric) {
	for _, p := range f.node.DB.Pools() {
		all <- prometheus.MustNewConstMetric(poolConns, prometheus.GaugeValue, float64(p.Busy), p.Name, "busy")
		all <- prometheus.MustNewConstMetric(poolConns, prometheus.GaugeValue, float64(p.Idle), p.Name, "idle")
		all <- prometheus.MustNewConstMetric(poolMost, prometheus.GaugeValue, float64(p.Most), p.Name)
		all <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, float64(p.Waits), p.Name)
		all <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, p.Waited.Seconds(), p.Name)
	}
}
