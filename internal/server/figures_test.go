package server

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.yaml.in/yaml/v3"
)

// used is what a test of monitoring uses: an order, a page and a refusal, so that all figures that come with them are there.
func used(t *testing.T) *house {
	t.Helper()
	h := startHouse(t, func(c *Config) {
		c.Connections, c.Certificate = NewConnections(0, 0, nil), startCertified(t).made
	})
	h.as("demo").order(t.Name())
	h.send(http.MethodGet, h.url+"/docs", http.Header{}, "")
	eventually(t, "the jobs were looked at, and one was done", func() bool {
		text := h.figures()
		return strings.Contains(text, "giftimbiz_job_late_seconds{") && strings.Contains(text, "giftimbiz_job_seconds_count{")
	})
	return h
}

func (h *house) figures() string {
	h.t.Helper()
	return string(h.send(http.MethodGet, h.url+"/metrics", http.Header{}, "").body)
}

// TestFiguresOfARunningServer are named as Prometheus wants them, tell of money, and are all that the files of deploy name.
func TestFiguresOfARunningServer(t *testing.T) {
	h := used(t)
	t.Run("names", func(t *testing.T) { h.in(t).namedAsPrometheusWants() })
	t.Run("files", func(t *testing.T) { h.in(t).dashboardAndAlertsNameOnlyWhatIsExported() })
	t.Run("an address of their own", func(t *testing.T) { h.in(t).figuresHaveAnAddressOfTheirOwn() })
	t.Run("what they tell", func(t *testing.T) { h.in(t).tellOfMoneyAndOfAnswers() })
}

// namedAsPrometheusWants makes the check that promtool makes.
func (h *house) namedAsPrometheusWants() {
	t := h.t
	problems, err := testutil.GatherAndLint(h.node.metrics.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func (h *house) tellOfMoneyAndOfAnswers() {
	t := h.t
	text := h.figures()
	for _, line := range []string{
		`giftimbiz_orders_total{kind="gifticon",mode="live"} 1`, `giftimbiz_sales_won_total{kind="gifticon"} 940`,
		`giftimbiz_http_responses_total{status="2xx",surface="v1"} 2`, `giftimbiz_http_responses_total{status="2xx",surface="docs"} `,
		`giftimbiz_page_seconds_count{surface="docs"} `, `giftimbiz_ready 1`, `giftimbiz_db_connections_limit{pool="read"} 8`,
		`giftimbiz_trace_spans_total{outcome="lost"} 0`, `giftimbiz_build_info{database="sqlite",go_version="go`,
		`giftimbiz_partners_low_balance `, `giftimbiz_webhook_overdue_seconds 0`, `giftimbiz_adjustments_waiting 0`,
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("no %s", line)
		}
	}
	h.node.Drain()
	if !strings.Contains(h.figures(), "\ngiftimbiz_ready 0\n") {
		t.Error("a node that stops shows itself ready")
	}
}

// dashboardAndAlertsNameOnlyWhatIsExported holds the files of deploy against a running server, and each alert against what
// docs/alerts.md says of it.
func (h *house) dashboardAndAlertsNameOnlyWhatIsExported() {
	t := h.t
	exported := map[string]bool{"up": true} // Prometheus's own
	for _, m := range regexp.MustCompile(`(?m)^(\w+)[ {]`).FindAllStringSubmatch(h.figures(), -1) {
		exported[m[1]] = true
	}
	name := regexp.MustCompile(`\b(?:giftimbiz|go|process)_\w+|\bup\b`)
	check := func(where, expr string) {
		t.Helper()
		found := name.FindAllString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(expr, ""), -1)
		if len(found) == 0 {
			t.Errorf("%s: no figure in %s", where, expr)
		}
		for _, f := range found {
			if !exported[f] && f != "go_version" {
				t.Errorf("%s: %s is not exported", where, f)
			}
		}
	}
	for title, exprs := range dashboard(t) {
		for _, expr := range exprs {
			check(title, expr)
		}
	}
	guide := string(readDeployed(t, "../docs/alerts.md"))
	for _, rule := range alerts(t) {
		check(rule.Alert, rule.Expr)
		heading := regexp.MustCompile(`(?m)^## ` + rule.Alert + `$`)
		severe := slices.Contains([]string{"page", "warn", "info"}, rule.Labels["severity"])
		if !heading.MatchString(guide) || !severe || rule.For == "" || rule.Annotations["summary"] == "" ||
			rule.Annotations["runbook"] != "docs/alerts.md#"+strings.ToLower(rule.Alert) {
			t.Errorf("%s: not all is said, or docs/alerts.md says nothing of it: %+v", rule.Alert, rule)
		}
	}
	if n := strings.Count(guide, "\n## "); n != len(alerts(t)) {
		t.Errorf("docs/alerts.md tells of %d alerts, there are %d", n, len(alerts(t)))
	}
}

func readDeployed(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// dashboard returns the queries of each panel.
func dashboard(t testing.TB) map[string][]string {
	t.Helper()
	var board struct {
		Panels []struct {
			ID          int
			Type, Title string
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(readDeployed(t, "grafana/giftimbiz.json"), &board); err != nil {
		t.Fatal(err)
	}
	all, ids := map[string][]string{}, map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || all[p.Title] != nil || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s has no queries, or the number or the title of another panel", p.Title)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			all[p.Title] = append(all[p.Title], q.Expr)
		}
	}
	if len(all) < 20 {
		t.Errorf("only %d panels were found", len(all))
	}
	return all
}

type alertRule struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func alerts(t testing.TB) []alertRule {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []alertRule }
	}
	if err := yaml.Unmarshal(readDeployed(t, "prometheus/alerts.yml"), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) < 10 {
		t.Fatalf("not the rules there are: %+v", file)
	}
	return file.Groups[0].Rules
}
