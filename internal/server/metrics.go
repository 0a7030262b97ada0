package server

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/job"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/webhook"
)

// metrics is what /metrics shows.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	batchSize prometheus.Histogram
	batchTime prometheus.Histogram
	redeemed  *prometheus.CounterVec
	refused   *prometheus.CounterVec
	delivered *prometheus.CounterVec
	tellTime  prometheus.Histogram
	jobs      *prometheus.CounterVec
	jobTime   *prometheus.HistogramVec
	jobWell   *prometheus.GaugeVec
	jobLate   *prometheus.GaugeVec
	orders    *prometheus.CounterVec
	sales     *prometheus.CounterVec
	answers   *prometheus.CounterVec
	pageTime  *prometheus.HistogramVec
	house     houseFigures
	endpoints sync.Map // of *endpointMetrics by name: looked up in one step instead of label by label
}

// endpointMetrics are an endpoint's own figures, and those of its successes.
type endpointMetrics struct {
	took      prometheus.Observer
	successes prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "giftimbiz_requests_total", Help: "Requests to the partner API by endpoint and result code.",
		}, []string{"endpoint", "code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "giftimbiz_request_seconds", Help: "Time to answer a request to the partner API.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 3, 11),
		}, []string{"endpoint"}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "giftimbiz_purchase_batch_size", Help: "Purchases committed by one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
		batchTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "giftimbiz_purchase_commit_seconds", Help: "Time of one purchase transaction, COMMIT included.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		redeemed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "giftimbiz_redemptions_total", Help: "Attempts to use a coupon by how they came and what became of them.",
		}, []string{"via", "outcome"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "giftimbiz_refused_total", Help: "Requests refused unread because too many others were there, or one caller was too much, by why.",
		}, []string{"why"}),
		jobs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "giftimbiz_job_runs_total", Help: "Runs of background jobs on this node by what became of them.",
		}, []string{"job", "outcome"}),
		jobTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "giftimbiz_job_seconds", Help: "Time that runs of background jobs took on this node.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}, []string{"job"}),
		jobWell: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "giftimbiz_job_last_success_timestamp_seconds",
			Help: "When a background job last ended well on any node, by the clock that jobs are due by.",
		}, []string{"job"}),
		jobLate: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "giftimbiz_job_late_seconds", Help: "How long a background job has been due and no node does it.",
		}, []string{"job"}),
	}
	for _, j := range office.Jobs() {
		for _, outcome := range job.Outcomes() {
			m.jobs.WithLabelValues(j.Name, outcome)
		}
	}
	m.addDeliveries()
	m.addTrade()
	m.house.register(m.registry)
	for _, via := range redeem.Vias() {
		for _, outcome := range redeem.Outcomes() {
			m.redeemed.WithLabelValues(via, outcome) // there from the start, so that the first of each counts as a rise
		}
	}
	m.registry.MustRegister(m.requests, m.durations, m.batchSize, m.batchTime, m.redeemed, m.refused,
		m.jobs, m.jobTime, m.jobWell, m.jobLate,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// addDeliveries adds what tells how partners are told of events.
func (m *metrics) addDeliveries() {
	m.delivered = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "giftimbiz_webhook_deliveries_total", Help: "Attempts to tell partners of events by what became of them.",
	}, []string{"outcome"})
	m.tellTime = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "giftimbiz_webhook_seconds", Help: "Time until a partner's endpoint had answered, or was given up.",
		Buckets: prometheus.ExponentialBuckets(0.001, 3, 10),
	})
	for _, outcome := range webhook.Outcomes() {
		m.delivered.WithLabelValues(outcome)
	}
	m.registry.MustRegister(m.delivered, m.tellTime)
}

func (m *metrics) delivery(outcome string, took time.Duration) {
	m.delivered.WithLabelValues(outcome).Inc()
	m.tellTime.Observe(took.Seconds())
}

// watchCalls adds how many answers were not kept for support.
func (m *metrics) watchCalls(dropped func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "giftimbiz_calls_not_kept_total", Help: "Answers of which support is not told because there were too many.",
	}, func() float64 { return float64(dropped()) }))
}

// watch adds the figures that are read when they are asked for.
func (m *metrics) watch(waiting func() int, underWay func() int64, stats func() catalog.Stats, clk clock.Clock) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("giftimbiz_purchase_queue_depth", "Purchases that wait for a transaction.",
		func() float64 { return float64(waiting()) })
	gauge("giftimbiz_requests_in_flight", "Requests that are not answered yet.",
		func() float64 { return float64(underWay()) })
	gauge("giftimbiz_catalog_offers", "Offers on sale.", func() float64 { return float64(stats().Offers) })
	gauge("giftimbiz_catalog_units", "Vouchers and coupons in stock when their offer was last read.",
		func() float64 { return float64(stats().Units) })
	gauge("giftimbiz_catalog_age_seconds", "Time since the catalogue was last compared with the database.",
		func() float64 { return clk.Now().Sub(stats().LoadedAt).Seconds() })
}

func (m *metrics) request(a office.Answered) {
	endpoint, code := a.Endpoint, a.Code
	known, ok := m.endpoints.Load(endpoint)
	if !ok {
		known, _ = m.endpoints.LoadOrStore(endpoint, &endpointMetrics{
			took: m.durations.WithLabelValues(endpoint), successes: m.requests.WithLabelValues(endpoint, office.Success),
		})
	}
	e := known.(*endpointMetrics)
	e.took.Observe(a.Took.Seconds())
	if code == office.Success {
		e.successes.Inc()
		return
	}
	m.requests.WithLabelValues(endpoint, code).Inc()
}

func (m *metrics) batch(size int, took time.Duration) {
	m.batchSize.Observe(float64(size))
	m.batchTime.Observe(took.Seconds())
}

func (m *metrics) redemption(via, outcome string) { m.redeemed.WithLabelValues(via, outcome).Inc() }

func (m *metrics) jobRan(name, outcome string, took time.Duration) {
	m.jobs.WithLabelValues(name, outcome).Inc()
	m.jobTime.WithLabelValues(name).Observe(took.Seconds())
}

func (m *metrics) jobsSeen(states []job.State, now time.Time) {
	for _, s := range states {
		late := time.Duration(0)
		if s.Free && s.Due.UnixMilli() > 0 { // 0 = it was just added
			late = max(now.Sub(s.Due), 0)
		}
		m.jobLate.WithLabelValues(s.Name).Set(late.Seconds())
		if !s.Succeeded.IsZero() {
			m.jobWell.WithLabelValues(s.Name).Set(float64(s.Succeeded.UnixMilli()) / 1000)
		}
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
