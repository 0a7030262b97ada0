package partnerv2_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/webhook"
)

type endpoint struct {
	ID          int64
	URL, State  string
	Events      []string
	OffReason   string `json:"off_reason"`
	Waiting     int64
	CreatedAt   time.Time `json:"created_at"`
	LastFailure *struct {
		At     time.Time
		Status int
		Text   string
	} `json:"last_failure"`
	Secret string
}

// hook adds a webhook.
func (d *desk) hook(partner, address string, events ...string) (e endpoint) {
	d.T.Helper()
	members := map[string]any{"url": address}
	if len(events) > 0 { // none = all
		members["events"] = events
	}
	body, err := json.Marshal(members)
	if err != nil {
		d.T.Fatal(err)
	}
	d.want(http.StatusCreated, partner, http.MethodPost, "webhooks", string(body)).into(&e)
	return e
}

func (d *desk) see(partner string, id int64) (e endpoint) {
	d.T.Helper()
	d.want(http.StatusOK, partner, http.MethodGet, hookPath(id), "").into(&e)
	return e
}

func hookPath(id int64) string { return "webhooks/" + strconv.FormatInt(id, 10) }

func TestAWebhookIsAddedChangedAndRemoved(t *testing.T) {
	d := newDesk(t)
	a := d.want(http.StatusCreated, "demo", http.MethodPost, "webhooks",
		`{"url":"https://shop.example/hooks?key=1","events":["order.completed","balance.low","order.completed"]}`)
	var e endpoint
	a.into(&e)
	path := hookPath(e.ID)
	if a.head.Get("Location") != "/api/v2/"+path || e.State != "on" || len(e.Events) != 2 || !strings.HasPrefix(e.Secret, "whsec_") ||
		!e.CreatedAt.Equal(d.Clock.Now()) || e.URL != "https://shop.example/hooks?key=1" {
		t.Errorf("%v %s", a.head, a.body)
	}
	if stored, err := d.DB.Endpoint(t.Context(), e.ID); err != nil || strings.Contains(string(stored.Secret), e.Secret) {
		t.Errorf("%v, or the secret is stored in the clear", err)
	}
	for _, step := range []struct{ body, state, url, events string }{
		{`{"enabled":false}`, "off", "https://shop.example/hooks?key=1", "[order.completed balance.low]"},
		{`{}`, "off", "https://shop.example/hooks?key=1", "[order.completed balance.low]"},
		{`{"url":"https://shop.example/new"}`, "off", "https://shop.example/new", "[order.completed balance.low]"},
		{`{"events":["offer.sold_out"],"enabled":true}`, "on", "https://shop.example/new", "[offer.sold_out]"},
		{`{"events":[]}`, "on", "https://shop.example/new", "[]"},
	} {
		var got endpoint
		a := d.want(http.StatusOK, "demo", http.MethodPatch, path, step.body)
		a.into(&got)
		if got.State != step.state || got.URL != step.url || fmt.Sprint(got.Events) != step.events || got.Secret != "" {
			t.Errorf("%s: %s", step.body, a.body)
		}
		if now := d.see("demo", e.ID); fmt.Sprint(now) != fmt.Sprint(got) {
			t.Errorf("%+v is stored of %+v", now, got)
		}
	}
	var list struct{ Data []endpoint }
	if a := d.want(http.StatusOK, "demo", http.MethodGet, "webhooks", ""); strings.Contains(a.body, "whsec_") {
		t.Errorf("the list shows a secret: %s", a.body)
	} else if a.into(&list); len(list.Data) != 1 || list.Data[0].ID != e.ID {
		t.Errorf("%s", a.body)
	}
	if a := d.want(http.StatusNoContent, "demo", http.MethodDelete, path, ""); a.body != "" {
		t.Errorf("%s", a.body)
	}
	for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodDelete} {
		body := map[string]string{http.MethodPatch: `{"enabled":true}`}[method]
		d.call("demo", method, path, body).refused(http.StatusNotFound, "not-found", "N")
	}
	if a := d.want(http.StatusOK, "demo", http.MethodGet, "webhooks", ""); a.body != `{"data":[]}` {
		t.Errorf("%s", a.body)
	}
	d.audited("endpoint.create", "endpoint.off", "endpoint.change", "endpoint.change", "endpoint.change", "endpoint.remove")
	if strings.Contains(d.log.String(), "whsec_") || strings.Contains(d.log.String(), "key=1") {
		t.Error("the log has a secret")
	}
}

// audited fails the test unless demo itself did these things to its webhooks.
func (d *desk) audited(want ...string) {
	d.T.Helper()
	entries, err := d.DB.Audit(d.T.Context(), office.AuditFilter{Subject: "partner:demo"}, 0, 99)
	if err != nil {
		d.T.Fatal(err)
	}
	var did []string
	for _, e := range slices.Backward(entries) {
		if name, ok := e.Actor.Partner(); ok && name == "demo" {
			did = append(did, e.Action)
		}
		if strings.Contains(e.Before+e.After, "whsec_") || strings.Contains(e.Before+e.After, "key=") {
			d.T.Errorf("the trail has a secret: %+v", e)
		}
	}
	if !slices.Equal(did, want) {
		d.T.Errorf("did %q, want %q", did, want)
	}
}

func TestAPartnerHasNothingToDoWithTheWebhooksOfAnother(t *testing.T) {
	d := newDesk(t)
	e := d.hook("demo", "https://shop.example/hooks")
	var test struct {
		EventID string `json:"event_id"`
	}
	d.want(http.StatusAccepted, "demo", http.MethodPost, hookPath(e.ID)+"/test", "").into(&test)
	own := d.hook("other", "https://other.example/hooks")
	delivery := "/deliveries/" + test.EventID
	for _, call := range []struct{ method, path, body string }{
		{http.MethodGet, "", ""},
		{http.MethodPatch, "", `{"enabled":false}`},
		{http.MethodDelete, "", ""},
		{http.MethodPost, "/rotate-secret", ""},
		{http.MethodPost, "/test", ""},
		{http.MethodGet, "/deliveries", ""},
		{http.MethodGet, delivery, ""},
		{http.MethodPost, delivery + "/replay", ""},
	} {
		d.call("other", call.method, hookPath(e.ID)+call.path, call.body).refused(http.StatusNotFound, "not-found", "N")
	}
	for _, call := range []struct{ method, path string }{
		{http.MethodGet, hookPath(own.ID) + delivery}, // an event that was never sent there
		{http.MethodPost, hookPath(own.ID) + delivery + "/replay"},
		{http.MethodGet, hookPath(own.ID) + "/deliveries/evt_1"},
		{http.MethodGet, hookPath(own.ID) + "/deliveries/1"},
		{http.MethodGet, "webhooks/0"},
		{http.MethodGet, "webhooks/x"},
		{http.MethodGet, "webhooks/99999999999999999999"},
	} {
		d.call("other", call.method, call.path, "").refused(http.StatusNotFound, "not-found", "N")
	}
	if e := d.see("demo", e.ID); e.State != "on" || e.Waiting != 1 {
		t.Errorf("%+v", e)
	}
	var list struct{ Data []endpoint }
	d.want(http.StatusOK, "other", http.MethodGet, "webhooks", "").into(&list)
	if len(list.Data) != 1 || list.Data[0].ID != own.ID {
		t.Errorf("%+v", list)
	}
}

func TestAWebhookGoesNowhereItMayNot(t *testing.T) {
	d := newDesk(t)
	e := d.hook("demo", "https://shop.example/hooks")
	for _, address := range []string{
		"", "shop.example", "ftp://shop.example/", "https://user:pass@shop.example/", "https://10.0.0.1/", "http://192.168.0.1:80/",
		"https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/", "http://8.8.8.8/",
		"https://shop.example/" + strings.Repeat("x", webhook.MaxURL),
	} {
		body := `{"url":"` + address + `"}`
		d.call("demo", http.MethodPost, "webhooks", body).refused(http.StatusBadRequest, "webhook-url-refused", "L")
		d.call("demo", http.MethodPatch, hookPath(e.ID), body).refused(http.StatusBadRequest, "webhook-url-refused", "L")
	}
	for body, parameter := range map[string]string{
		`{}`:           "url",
		`{"url":null}`: "url",
		`{"url":7}`:    "url",
		`{"url":"https://shop.example/","events":["order.complete"]}`: "events",
		`{"url":"https://shop.example/","events":["test.sent"]}`:      "events",
		`{"url":"https://shop.example/","enabled":true}`:              "enabled",
		`{"url":"https://shop.example/","secret":"whsec_x"}`:          "secret",
	} {
		a := d.call("demo", http.MethodPost, "webhooks", body).refused(http.StatusBadRequest, "body-invalid", "Q")
		if !strings.Contains(a.body, `"parameter":"`+parameter+`"`) {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	d.call("demo", http.MethodPost, hookPath(e.ID)+"/test", `{"event":"order.completed"}`).refused(http.StatusBadRequest, "body-invalid", "Q")
	d.call("demo", http.MethodPut, hookPath(e.ID), `{}`).refused(http.StatusMethodNotAllowed, "method-not-allowed", "L")
}

func TestThereAreOnlySoManyWebhooks(t *testing.T) {
	d := newDesk(t)
	var last endpoint
	for range webhook.MaxEndpoints {
		last = d.hook("demo", "https://shop.example/hooks")
	}
	body := `{"url":"https://shop.example/hooks"}`
	a := d.call("demo", http.MethodPost, "webhooks", body).refused(http.StatusConflict, "too-many-webhooks", "Q")
	if !strings.Contains(a.body, `"limit":10`) {
		t.Errorf("%s", a.body)
	}
	d.hook("other", "https://other.example/")
	d.want(http.StatusNoContent, "demo", http.MethodDelete, hookPath(last.ID), "")
	d.hook("demo", "https://shop.example/hooks")
}

// verifies tells whether a message is signed with a secret.
func (m sent) verifies(t *testing.T, secret string) bool {
	t.Helper()
	v, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return v.VerifyIgnoringTimestamp([]byte(m.body), m.head) == nil // the house's clock stands at another day
}

// TestATestReachesThePartnerAndIsSentAgain goes over the network, with the sender that servers run.
func TestATestReachesThePartnerAndIsSentAgain(t *testing.T) {
	d := newDesk(t)
	s := newSink(t)
	e := d.hook("demo", s.URL)
	d.deliver()
	var test struct {
		EventID string `json:"event_id"`
	}
	d.want(http.StatusAccepted, "demo", http.MethodPost, hookPath(e.ID)+"/test", "").into(&test)
	d.soon("the test comes", func() bool { return len(s.came()) == 1 })
	if m := s.came()[0]; m.id != test.EventID || !m.verifies(t, e.Secret) {
		t.Errorf("%+v", m)
	}
	path := hookPath(e.ID) + "/deliveries/" + test.EventID
	var got struct {
		EventID  string `json:"event_id"`
		Type     string
		State    string
		Attempts int
		Status   int
		TriedAt  time.Time `json:"tried_at"`
		Body     json.RawMessage
	}
	d.soon("that it was taken is stored", func() bool {
		d.want(http.StatusOK, "demo", http.MethodGet, path, "").into(&got)
		return got.State == "delivered"
	})
	a := d.want(http.StatusOK, "demo", http.MethodGet, path, "")
	if string(got.Body) != s.came()[0].body || got.Type != "test.sent" || got.Attempts != 1 || got.Status != http.StatusNoContent ||
		!got.TriedAt.Equal(d.Clock.Now()) || a.members() != "attempts body event_id state status tried_at type" {
		t.Errorf("%s, sent %s", a.body, s.came()[0].body)
	}

	var rotated endpoint
	d.want(http.StatusOK, "demo", http.MethodPost, hookPath(e.ID)+"/rotate-secret", "").into(&rotated)
	if rotated.ID != e.ID || !strings.HasPrefix(rotated.Secret, "whsec_") || rotated.Secret == e.Secret {
		t.Fatalf("%+v", rotated)
	}
	if a := d.want(http.StatusAccepted, "demo", http.MethodPost, path+"/replay", ""); a.body != `{"event_id":"`+test.EventID+`"}` {
		t.Errorf("%s", a.body)
	}
	d.soon("it comes again", func() bool { return len(s.came()) == 2 })
	again := s.came()[1]
	if again.id != test.EventID || again.body != s.came()[0].body || !again.verifies(t, e.Secret) || !again.verifies(t, rotated.Secret) {
		t.Errorf("%+v", again)
	}
	d.audited("endpoint.create", "endpoint.test", "endpoint.rotate", "endpoint.replay")
}

func TestAWebhookThatIsOffIsNotTested(t *testing.T) {
	d := newDesk(t)
	e := d.hook("demo", "https://shop.example/hooks")
	d.want(http.StatusOK, "demo", http.MethodPatch, hookPath(e.ID), `{"enabled":false}`)
	d.call("demo", http.MethodPost, hookPath(e.ID)+"/test", "").refused(http.StatusConflict, "webhook-off", "Q")
}

// TestDeliveriesComeInPages: what waits, what was taken, what failed.
func TestDeliveriesComeInPages(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		d.Stock(1, 20)
		e := d.hook("demo", "https://hooks.invalid/", "order.completed")
		for i := range 7 {
			if out := d.Buy(d.ids["demo"], fmt.Sprint(i), 1); out.Refusal != nil {
				t.Fatal(out.Refusal)
			}
			d.Clock.Advance(time.Second)
		}
		d.Clock.Advance(24 * time.Hour)
		d.want(http.StatusAccepted, "demo", http.MethodPost, hookPath(e.ID)+"/test", "")
		d.fail(e.ID, webhook.Abandoned)
		path := hookPath(e.ID) + "/deliveries"
		var ids []string
		next, pages := "", 0
		for from := ""; pages == 0 || next != "" && pages < 9; pages++ {
			p := d.deliveries(path, "?limit=3"+from)
			for _, one := range p.Data {
				ids = append(ids, one.EventID)
			}
			next = p.Next
			from = "&cursor=" + next
		}
		if len(ids) != 8 || pages != 3 || !slices.IsSortedFunc(ids, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Errorf("%d pages, %v", pages, ids)
		}
		for query, want := range map[string]int{
			"": 8, "?type=test.sent": 1, "?type=order.completed": 7, "?type=offer.sold_out": 0, "?state=abandoned": 1, "?state=waiting": 7,
			"?state=delivered": 0, "?from=2025-09-16": 1, "?to=2025-09-15": 7, "?from=2025-09-15&to=2025-09-15&state=waiting": 7,
		} {
			if p := d.deliveries(path, query); len(p.Data) != want || p.Next != "" {
				t.Errorf("%s: %d, next %q", query, len(p.Data), p.Next)
			}
		}
		failed := d.deliveries(path, "?state=abandoned").Data[0]
		if failed.Type != "test.sent" || failed.Status != http.StatusBadGateway || failed.Failure != "an answer other than 2xx" || failed.Attempts != 10 ||
			!failed.DueAt.IsZero() || failed.TriedAt.IsZero() {
			t.Errorf("%+v", failed)
		}
		if w := d.deliveries(path, "?state=waiting").Data[0]; w.DueAt.IsZero() || !w.TriedAt.IsZero() || w.Attempts != 0 {
			t.Errorf("%+v", w)
		}
		seen := d.see("demo", e.ID)
		if seen.Waiting != 7 || seen.LastFailure == nil || seen.LastFailure.Status != http.StatusBadGateway || seen.LastFailure.Text != "an answer other than 2xx" {
			t.Errorf("%+v", seen)
		}
		for _, query := range []string{"?state=gone", "?type=order.complete", "?limit=0", "?cursor=abc", "?form=1", "?type=test.sent&cursor=" + d.deliveries(path, "?limit=1").Next} {
			d.call("demo", http.MethodGet, path+query, "").refused(http.StatusBadRequest, "parameter-invalid", "Q")
		}
	})
}

type deliveryPage struct {
	Data []struct {
		EventID  string `json:"event_id"`
		Type     string
		State    string
		Attempts int
		Status   int
		Failure  string
		DueAt    time.Time `json:"due_at"`
		TriedAt  time.Time `json:"tried_at"`
	}
	Next string
}

func (d *desk) deliveries(path, query string) (p deliveryPage) {
	d.T.Helper()
	d.want(http.StatusOK, "demo", http.MethodGet, path+query, "").into(&p)
	return p
}

// fail stores that the newest event was refused, as a sender does.
func (d *desk) fail(id int64, state webhook.DeliveryState) {
	d.T.Helper()
	const holder = "a node"
	if _, err := d.DB.LeaseEndpoints(d.T.Context(), holder, []int64{id}); err != nil {
		d.T.Fatal(err)
	}
	due, err := d.DB.DueDeliveries(d.T.Context(), id, d.Clock.Now(), 99)
	if err != nil || len(due) == 0 {
		d.T.Fatal(due, err)
	}
	newest := slices.MaxFunc(due, func(a, b webhook.Delivery) int { return int(a.Event.ID - b.Event.ID) })
	newest.State, newest.Attempts, newest.TriedAt, newest.DueAt = state, webhook.MostAttempts, d.Clock.Now(), d.Clock.Now()
	newest.Status, newest.Failure, newest.Answer = http.StatusBadGateway, webhook.FailedStatus, "bad gateway"
	if _, err := d.DB.KeepResults(d.T.Context(), holder, []webhook.Delivery{newest}, d.Clock.Now()); err != nil {
		d.T.Fatal(err)
	}
	if newest.Event.Type != gift.TestSent {
		d.T.Fatal(newest.Event.Type)
	}
}

// TestOfWebhooksAddedAtOnceNotOneTooManyIs, and changes that come at once are all made.
func TestOfWebhooksAddedAtOnceNotOneTooManyIs(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		answers := make([]reply, webhook.MaxEndpoints+4)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() {
				answers[i] = d.call("demo", http.MethodPost, "webhooks", `{"url":"https://shop.example/hooks"}`)
			})
		}
		wg.Wait()
		var one endpoint
		added := 0
		for _, a := range answers {
			if a.status != http.StatusCreated {
				a.refused(http.StatusConflict, "too-many-webhooks", "Q")
				continue
			}
			added++
			a.into(&one)
		}
		if added != webhook.MaxEndpoints {
			t.Errorf("%d were added", added)
		}
		for _, body := range []string{`{"url":"https://shop.example/new"}`, `{"events":["order.refunded"]}`, `{"enabled":false}`} {
			wg.Go(func() {
				if a := d.call("demo", http.MethodPatch, hookPath(one.ID), body); a.status != http.StatusOK {
					t.Errorf("%s: %d %s", body, a.status, a.body)
				}
			})
		}
		wg.Wait()
		if e := d.see("demo", one.ID); e.URL != "https://shop.example/new" || e.State != "off" || fmt.Sprint(e.Events) != "[order.refunded]" {
			t.Errorf("%+v", e)
		}
	})
}
