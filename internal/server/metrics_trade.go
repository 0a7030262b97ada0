package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// addTrade adds what is sold, and how all surfaces answer.
func (m *metrics) addTrade() {
	m.orders = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "giftimbiz_orders_total", Help: "Orders made by this node.",
	}, []string{"kind", "mode"})
	m.sales = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "giftimbiz_sales_won_total", Help: "What live orders made by this node cost, in won.",
	}, []string{"kind"})
	m.answers = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "giftimbiz_http_responses_total", Help: "Answers by surface and class of HTTP status.",
	}, []string{"surface", "status"})
	m.pageTime = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "giftimbiz_page_seconds", Help: "Time to answer with a page, a picture or a file.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 3, 11),
	}, []string{"surface"})
	for _, kind := range []gift.Kind{gift.Gifticon, gift.StarCoupon} {
		m.sales.WithLabelValues(kind.Word())
		for _, mode := range []string{"live", "sandbox"} {
			m.orders.WithLabelValues(kind.Word(), mode)
		}
	}
	m.registry.MustRegister(m.orders, m.sales, m.answers, m.pageTime)
}

// bought counts committed orders.
func (m *metrics) bought(orders []purchase.Order) {
	for i := range orders {
		o := &orders[i]
		if o.Sandbox {
			m.orders.WithLabelValues(o.Kind.Word(), "sandbox").Inc()
			continue
		}
		m.orders.WithLabelValues(o.Kind.Word(), "live").Inc()
		m.sales.WithLabelValues(o.Kind.Word()).Add(float64(o.Amount))
	}
}

// surface counts the answers of one of the surfaces. How long the partner API takes is counted by endpoint, where it is known.
func (m *metrics) surface(name string, next http.Handler) http.Handler {
	var byClass [6]prometheus.Counter
	for class := 2; class < len(byClass); class++ {
		byClass[class] = m.answers.WithLabelValues(name, strconv.Itoa(class)+"xx")
	}
	var took prometheus.Observer
	if name != "v1" && name != "v2" {
		took = m.pageTime.WithLabelValues(name)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen, ok := w.(*seenWriter) // Front's
		if !ok {
			seen = &seenWriter{ResponseWriter: w}
		}
		var timer *prometheus.Timer
		if took != nil {
			timer = prometheus.NewTimer(took)
		}
		returned := false
		defer func() {
			if class := classOf(seen.status, returned, r.Context().Err() != nil); class != 0 {
				byClass[class].Inc()
			}
			if timer != nil {
				timer.ObserveDuration()
			}
		}()
		next.ServeHTTP(seen, r)
		returned = true
	})
}

// classOf is the class of an answer's status; 0 = there was none, because the caller had left.
func classOf(status int, returned, left bool) int {
	switch {
	case status >= 200 && status < 600:
		return status / 100
	case returned && left:
		return 0
	case returned && status == 0:
		return 2 // nothing was written, which is an empty answer
	}
	return 5 // it panicked before there was an answer
}

// seconds is a time span as figures show it.
func seconds(d time.Duration) float64 { return max(d, 0).Seconds() }
