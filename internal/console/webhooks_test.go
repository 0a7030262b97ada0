package console_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// hookHouse is a console with a partner that buys.
type hookHouse struct {
	*officeHouse
	partner int64
	admin   *officeBrowser
}

func newHookHouse(t *testing.T) *hookHouse {
	t.Helper()
	h := &hookHouse{officeHouse: newOfficeHouse(t)}
	h.Stock(1, 9)
	h.partner = h.Partner(gift.Partner{Name: "demo", Title: "Demo Gifts"}, 100_000)
	h.admin = h.signedIn("admin@example.com")
	return h
}

var (
	secretShown = regexp.MustCompile(`id="webhook-secret">(whsec_[A-Za-z0-9+/=]+)<`)
	ownPage     = regexp.MustCompile(`href="(/console/webhooks/\d+)"`)
)

// add adds a webhook by the form and returns its page and its secret.
func (h *hookHouse) add(events ...string) (page, secret string) {
	h.T.Helper()
	a := h.admin.postForm("/console/partners/demo/webhooks", url.Values{"url": {"https://shop.example/hooks"}, "event": events})
	shown, own := secretShown.FindStringSubmatch(strings.ReplaceAll(a.body, "&#43;", "+")), ownPage.FindStringSubmatch(a.body)
	if a.status != http.StatusOK || shown == nil || own == nil {
		h.T.Fatalf("%d: %s", a.status, a.body)
	}
	return own[1], shown[1]
}

func (b *officeBrowser) postForm(address string, form url.Values) officeAnswer {
	r, err := http.NewRequestWithContext(b.h.T.Context(), http.MethodPost, "http://console.test"+address, strings.NewReader(form.Encode()))
	if err != nil {
		b.h.T.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

// kept returns the endpoint of a page as it is stored.
func (h *hookHouse) kept(page string) webhook.Listed {
	h.T.Helper()
	var id int64
	if _, err := fmt.Sscanf(page, "/console/webhooks/%d", &id); err != nil {
		h.T.Fatal(err)
	}
	l, err := h.DB.Endpoint(h.T.Context(), id)
	if err != nil {
		h.T.Fatal(err)
	}
	return l
}

// testedWebhook gives a partner a webhook to which a test event is on its way, and returns its number.
func testedWebhook(h *storagetest.House, partner string) int64 {
	h.T.Helper()
	p, err := h.DB.Partner(h.T.Context(), partner)
	if err != nil {
		h.T.Fatal(err)
	}
	e, err := h.DB.AddEndpoint(h.T.Context(), webhook.Endpoint{PartnerID: p.ID, URL: "https://shop.example/hooks"},
		func(int64) ([]byte, error) { return storagetest.Sealed("sealed"), nil }, h.Clock.Now())
	if err == nil {
		_, err = h.DB.SendTest(h.T.Context(), e.ID, h.Clock.Now())
	}
	if err != nil {
		h.T.Fatal(err)
	}
	return e.ID
}

func TestAWebhooksSecretIsShownOnceAndStoredSealed(t *testing.T) {
	h := newHookHouse(t)
	page, secret := h.add("order.completed", "offer.sold_out")
	e := h.kept(page)
	if plain, err := h.vault.OpenSecret(webhook.SecretKind, e.ID, e.Secret); err != nil || plain != secret {
		t.Errorf("%q is stored, %q was shown, %v", plain, secret, err)
	}
	if e.URL != "https://shop.example/hooks" || fmt.Sprint(e.Types) != "[order.completed offer.sold_out]" {
		t.Errorf("%+v", e)
	}
	for _, address := range []string{page, "/console/partners/demo/webhooks", "/console/audit"} {
		if a := h.admin.get(address); a.status != http.StatusOK || strings.Contains(a.body, "whsec_") {
			t.Errorf("%s: %d, or it shows the secret", address, a.status)
		}
	}
	if a := h.admin.get("/console/partners/demo/webhooks"); !a.says("https://shop.example/hooks") || !a.says("offer.sold_out") {
		t.Error("the list does not show the webhook")
	}
	if strings.Contains(h.log.String(), "whsec_") {
		t.Error("the log has the secret")
	}
}

func TestARotatedSecretReplacesTheOneBefore(t *testing.T) {
	h := newHookHouse(t)
	page, first := h.add()
	a := h.admin.post(page+"/secret", "version", h.admin.get(page).field("version"))
	shown := secretShown.FindStringSubmatch(strings.ReplaceAll(a.body, "&#43;", "+"))
	if a.status != http.StatusOK || shown == nil || shown[1] == first || !a.says("2025-09-16 12:00:00") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	e := h.kept(page)
	for sealed, want := range map[string]string{string(e.Secret): shown[1], string(e.Previous): first} {
		if plain, err := h.vault.OpenSecret(webhook.SecretKind, e.ID, []byte(sealed)); err != nil || plain != want {
			t.Errorf("%q, %v; want %q", plain, err, want)
		}
	}
	if a := h.admin.get(page + "/secret"); a.status != http.StatusSeeOther || a.location != page {
		t.Errorf("coming back to the form: %d %s", a.status, a.location)
	}
}

func TestAWebhookIsChangedSwitchedAndRemoved(t *testing.T) {
	h := newHookHouse(t)
	page, _ := h.add()
	version := func() string { return h.admin.get(page).field("version") }
	a := h.admin.postForm(page+"/edit", url.Values{
		"url": {"https://new.example/in"}, "event": {"balance.low"}, "version": {version()},
	})
	if e := h.kept(page); a.status != http.StatusSeeOther || e.URL != "https://new.example/in" || fmt.Sprint(e.Types) != "[balance.low]" {
		t.Errorf("%d %+v", a.status, e)
	}
	for _, step := range []struct {
		verb string
		want webhook.State
		says string
	}{{"off", webhook.Off, "Switch on"}, {"on", webhook.On, "Switch off"}} {
		a := h.admin.post(page+"/state", "verb", step.verb, "version", version())
		if got := h.kept(page).State; a.status != http.StatusSeeOther || got != step.want || !h.admin.get(page).says(step.says) {
			t.Errorf("%s: %d, %v", step.verb, a.status, got)
		}
	}
	if a := h.admin.post(page+"/remove", "version", version()); a.status != http.StatusUnprocessableEntity || !a.says("Tick the box") {
		t.Errorf("removed without a confirmation: %d", a.status)
	}
	if a := h.admin.post(page+"/remove", "version", version(), "sure", "1"); a.location != "/console/partners/demo/webhooks" {
		t.Errorf("%d %s", a.status, a.location)
	}
	if a := h.admin.get(page); a.status != http.StatusNotFound {
		t.Errorf("removed, and there: %d", a.status)
	}
}

// TestOfTwoOperatorsOnOneWebhookOneIsTold and of two who send a delivery again.
func TestOfTwoOperatorsOnOneWebhookOneIsTold(t *testing.T) {
	h := newHookHouse(t)
	page, _ := h.add()
	h.operator("clerk@example.com", office.Clerk)
	clerk := h.signedIn("clerk@example.com")
	seen := clerk.get(page).field("version")
	if a := h.admin.post(page+"/state", "verb", "off", "version", seen); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	for path, form := range map[string]url.Values{
		"/state": {"verb": {"off"}}, "/edit": {"url": {"https://other.example"}}, "/secret": {}, "/remove": {"sure": {"1"}},
	} {
		for _, version := range []string{seen, ""} {
			form.Set("version", version)
			if a := clerk.postForm(page+path, form); a.status != http.StatusConflict {
				t.Errorf("%s with version %q: %d", path, version, a.status)
			}
		}
	}
	if e := h.kept(page); e.State != webhook.Off || e.URL != "https://shop.example/hooks" {
		t.Errorf("%+v", e)
	}
}

func TestAWrongAddressIsRefusedBesideItsField(t *testing.T) {
	h := newHookHouse(t)
	page, _ := h.add()
	for _, address := range []string{"", "shop.example", "http://shop.example", "https://me:pw@shop.example", "ftp://shop.example", "https://" + strings.Repeat("a", 500)} {
		for _, form := range []string{"/console/partners/demo/webhooks", page + "/edit"} {
			a := h.admin.postForm(form, url.Values{"url": {address}, "version": {"1"}})
			if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="url-help"`) {
				t.Errorf("%s of %q: %d", form, address, a.status)
			}
		}
	}
	a := h.admin.postForm("/console/partners/demo/webhooks", url.Values{"url": {"https://shop.example"}, "event": {"made.up"}})
	if a.status != http.StatusUnprocessableEntity || !a.says("no such event") {
		t.Errorf("an event that is none: %d", a.status)
	}
	for range webhook.MaxEndpoints - 1 {
		h.add()
	}
	if a := h.admin.get("/console/partners/demo/webhooks"); !a.says("as many as there may be") {
		t.Error("a full list has a form")
	}
	if a := h.admin.postForm("/console/partners/demo/webhooks", url.Values{"url": {"https://shop.example"}}); a.status != http.StatusConflict {
		t.Errorf("one too many: %d", a.status)
	}
}

func TestATestEventIsSeenOnItsPage(t *testing.T) {
	h := newHookHouse(t)
	page, _ := h.add("order.completed")
	a := h.admin.post(page + "/test")
	shown := h.admin.get(a.location)
	if a.status != http.StatusSeeOther || !shown.says("test.sent") || !shown.says(`"data":{}`) || !shown.says("It was not sent yet") {
		t.Errorf("%d %s: %s", a.status, a.location, shown.body)
	}
	if a := h.admin.post(page+"/state", "verb", "off", "version", "1"); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	if a := h.admin.post(page + "/test"); a.status != http.StatusConflict || !a.says("Switch it on first") {
		t.Errorf("a test of one that is off: %d", a.status)
	}
}

// fail makes all deliveries look as if the shop's server was broken.
func (h *hookHouse) fail() {
	h.T.Helper()
	raw, err := sql.Open("sqlite", "file:"+h.file)
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = raw.Close() }() // written by then
	_, err = raw.ExecContext(h.T.Context(), fmt.Sprintf(`UPDATE deliveries SET state = 3, attempts = 10, tried_at = %d, status = 500,
failure = 'status', answer = 'we are <broken>', took_ms = 1234`, h.Clock.Now().UnixMilli()))
	if err != nil {
		h.T.Fatal(err)
	}
}

func TestDeliveriesAreFilteredLookedAtAndSentAgain(t *testing.T) {
	h := newHookHouse(t)
	page, _ := h.add()
	order := h.Buy(h.partner, "", 1).Ref
	h.fail()
	list := h.admin.get(page + "?state=abandoned&type=order.completed&from=2025-09-15&to=2025-09-15")
	link := regexp.MustCompile(`href="(/console/webhooks/\d+/deliveries/\d+)"`).FindStringSubmatch(list.body)
	if link == nil || !list.says(string(order)) || !list.says("an answer other than 2xx") {
		t.Fatalf("%s", list.body)
	}
	for _, other := range []string{"?state=delivered", "?state=waiting", "?type=balance.low", "?from=2025-09-16"} {
		if a := h.admin.get(page + other); a.says(string(order)) || !a.says("No delivery is like that") {
			t.Errorf("%s shows the delivery", other)
		}
	}
	if a := h.admin.get(page + "?from=then"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a day that is none: %d", a.status)
	}
	file := h.admin.get(page + "?format=csv&state=abandoned")
	if !strings.Contains(file.body, "order.completed,"+string(order)+",Abandoned,10,") {
		t.Errorf("%s", file.body)
	}
	shown := h.admin.get(link[1])
	for _, text := range []string{"webhook-id: evt_", `{"type":"order.completed","timestamp":"2025-09-15T12:00:00.000+09:00","data":{"order":"` + string(order), "we are <broken>", "1,234 ms"} {
		if !shown.says(text) {
			t.Errorf("%q is not on the delivery's page: %s", text, shown.body)
		}
	}
	tried := shown.field("tried")
	if a := h.admin.post(link[1], "tried", tried); a.status != http.StatusSeeOther || !h.admin.get(link[1]).says("Waiting") {
		t.Errorf("%d", a.status)
	}
	if a := h.admin.post(link[1], "tried", tried); a.status != http.StatusConflict { // the form of somebody else
		t.Errorf("sent again twice: %d", a.status)
	}
}

func TestDeliveriesOfATimeAreSentAgain(t *testing.T) {
	h := newHookHouse(t)
	page, _ := h.add("order.completed")
	h.Buy(h.partner, "", 1)
	h.fail()
	for _, test := range []struct {
		form   url.Values
		status int
		says   string
	}{
		{url.Values{"from": {"noon"}, "to": {"2025-09-15T13:00"}}, http.StatusUnprocessableEntity, "Write it like"},
		{url.Values{"from": {"2025-09-15T13:00"}, "to": {"2025-09-15T13:00"}}, http.StatusUnprocessableEntity, "after the beginning"},
		{url.Values{"from": {"2025-09-15T13:00"}, "to": {"2025-09-15T14:00"}}, http.StatusSeeOther, "nothing of that time"},
		{url.Values{"from": {"2025-09-15T12:00"}, "to": {"2025-09-15T12:01"}}, http.StatusSeeOther, "Sent again: 1."},
		{url.Values{"from": {"2025-09-15T12:00"}, "to": {"2025-09-15T12:01"}}, http.StatusSeeOther, "nothing of that time"},
		{url.Values{"from": {"2025-09-15T12:00"}, "to": {"2025-09-15T12:01"}, "all": {"1"}}, http.StatusSeeOther, "Sent again: 1."},
	} {
		a := h.admin.postForm(page+"/replay", test.form)
		shown := a
		if a.status == http.StatusSeeOther {
			shown = h.admin.get(a.location)
		}
		if a.status != test.status || !shown.says(test.says) {
			t.Errorf("%v: %d, without %q", test.form, a.status, test.says)
		}
	}
}

func TestAViewerSeesWebhooksAndChangesNothing(t *testing.T) {
	h := newHookHouse(t)
	page, _ := h.add()
	h.Buy(h.partner, "", 1)
	h.operator("viewer@example.com", office.Viewer)
	viewer := h.signedIn("viewer@example.com")
	a := h.admin.postForm(page+"/edit", url.Values{"url": {"https://shop.example/hooks?key=hidden"}, "version": {"1"}})
	if a.status != http.StatusSeeOther || !h.admin.get(page).says("key=hidden") {
		t.Fatal(a.status)
	}
	for _, address := range []string{"/console/partners/demo/webhooks", page} {
		if a := viewer.get(address); a.status != http.StatusOK || a.says("key=hidden") || strings.Count(a.body, `method="post"`) != strings.Count(viewer.get("/console/orders").body, `method="post"`) {
			t.Errorf("%s: %d, or it has forms, or shows what may be a secret", address, a.status)
		}
	}
	for _, form := range []string{"/edit", "/state", "/secret", "/remove", "/test", "/replay"} {
		if a := viewer.post(page + form); a.status != http.StatusForbidden {
			t.Errorf("%s: %d", form, a.status)
		}
	}
}
