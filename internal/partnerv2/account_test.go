package partnerv2_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

type balance struct {
	Balance   gift.Won `json:"balance"`
	Threshold gift.Won `json:"low_balance_threshold"`
	Currency  string   `json:"currency"`
}

func TestAPartnerSeesItsBalanceAndSetsWhenItIsTold(t *testing.T) {
	d := newDesk(t)
	for _, want := range []balance{{100_000, 0, "KRW"}, {100_000, 99_500, "KRW"}} {
		a := d.want(http.StatusOK, "demo", http.MethodGet, "balance", "")
		if want.Threshold > 0 {
			a = d.want(http.StatusOK, "demo", http.MethodPatch, "balance", `{"low_balance_threshold":99500}`)
		}
		var got balance
		if a.into(&got); got != want || a.head.Get("Cache-Control") != "no-store" {
			t.Errorf("%s, %v", a.body, a.head)
		}
	}
	entries, err := d.DB.Audit(t.Context(), office.AuditFilter{Subject: "partner:demo", Action: "partner.change"}, 0, 9)
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	e := entries[0]
	if name, ok := e.Actor.Partner(); !ok || name != "demo" || e.Actor.Address != "192.0.2.9" || !strings.Contains(e.After, "99500") {
		t.Errorf("%+v", e)
	}
}

// TestABalanceThatFallsBelowIsToldWithTheNextPurchase goes from the threshold that is set here to the event that comes of it.
func TestABalanceThatFallsBelowIsToldWithTheNextPurchase(t *testing.T) {
	d := newDesk(t)
	d.Stock(2, 5)
	s := newSink(t)
	d.want(http.StatusCreated, "demo", http.MethodPost, "webhooks", `{"url":"`+s.URL+`","events":["balance.low"]}`)
	d.want(http.StatusOK, "demo", http.MethodPatch, "balance", `{"low_balance_threshold":99500}`)
	d.deliver()
	if out := d.Buy(d.ids["demo"], "one", 1); out.Refusal != nil {
		t.Fatal(out.Refusal)
	}
	d.soon("the sink is told", func() bool { return len(s.came()) == 1 })
	if got := s.came()[0].body; !strings.Contains(got, `"type":"balance.low"`) ||
		!strings.Contains(got, `"data":{"balance":99060,"threshold":99500}`) {
		t.Errorf("told %s", got)
	}
}

func TestWhatIsWrongWithAnAccountsCallsIsSaid(t *testing.T) {
	d := newDesk(t)
	for _, test := range []struct{ method, path, body, parameter string }{
		{http.MethodGet, "balance?at=now", "", "at"},
		{http.MethodPatch, "balance", `{}`, "low_balance_threshold"},
		{http.MethodPatch, "balance", `{"low_balance_threshold":null}`, "low_balance_threshold"},
		{http.MethodPatch, "balance", `{"low_balance_threshold":-1}`, "low_balance_threshold"},
		{http.MethodPatch, "balance", `{"low_balance_threshold":1000000000001}`, "low_balance_threshold"},
		{http.MethodPatch, "balance", `{"low_balance_threshold":"5"}`, "low_balance_threshold"},
		{http.MethodPatch, "balance", `{"low_balance_threshold":1.5}`, "low_balance_threshold"},
		{http.MethodPatch, "balance", `{"low_balance_threshold":1,"balance":5}`, "balance"},
		{http.MethodGet, "statement?from=2025-13-01", "", "from"},
		{http.MethodGet, "statement?from=2025-09-02&to=2025-09-01", "", "from"},
		{http.MethodGet, "statement?limit=201", "", "limit"},
		{http.MethodGet, "statement?cursor=x", "", "cursor"},
		{http.MethodGet, "statement?format=xml", "", "format"},
		{http.MethodGet, "statement?format=csv&limit=5", "", "limit"},
		{http.MethodGet, "keys?all=1", "", "all"},
		{http.MethodPost, "keys/rotate", `{"grace_hours":-1}`, "grace_hours"},
		{http.MethodPost, "keys/rotate", `{"grace_hours":721}`, "grace_hours"},
		{http.MethodPost, "keys/rotate", `{"grace":1}`, "grace"},
	} {
		kind := "parameter-invalid"
		if test.method != http.MethodGet {
			kind = "body-invalid"
		}
		a := d.call("demo", test.method, test.path, test.body).refused(http.StatusBadRequest, kind, "Q")
		if !strings.Contains(a.body, `"parameter":"`+test.parameter+`"`) {
			t.Errorf("%s %s %s: %s", test.method, test.path, test.body, a.body)
		}
	}
	if n := d.keyCount("demo"); n != 1 {
		t.Errorf("%d generations of keys", n)
	}
}

func (d *desk) keyCount(partner string) int {
	d.T.Helper()
	var list struct{ Data []struct{} }
	d.want(http.StatusOK, partner, http.MethodGet, "keys", "").into(&list)
	return len(list.Data)
}

// keysMade is the answer to a rotation.
type keysMade struct {
	PartnerID    string    `json:"partner_id"`
	PartnerKey   string    `json:"partnerkey"`
	PartnerToken string    `json:"partnertoken"`
	RefreshToken string    `json:"refresh_token"`
	PreviousEnd  time.Time `json:"previous_expires_at"`
}

// signIn gets a token by keys, and tells whether they work.
func (d *desk) signIn(key, token string) (access string, ok bool) {
	d.T.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {key}, "client_secret": {token}}
	a := d.call("", http.MethodPost, "token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var got struct {
		Access string `json:"access_token"`
	}
	a.into(&got)
	return got.Access, a.status == http.StatusOK
}

func TestRotatedKeysWorkAtOnceAndTheOnesBeforeUntilTheirEnd(t *testing.T) {
	d := newDesk(t)
	was := d.secrets["demo"]
	d.Clock.Advance(time.Minute)
	var made keysMade
	a := d.want(http.StatusOK, "demo", http.MethodPost, "keys/rotate", `{"grace_hours":2}`)
	a.into(&made)
	end := d.Clock.Now().Add(2 * time.Hour)
	if made.PartnerID != "demo" || made.RefreshToken == "" || !made.PreviousEnd.Equal(end) || a.head.Get("Cache-Control") != "no-store" {
		t.Errorf("%s", a.body)
	}
	access, ok := d.signIn(made.PartnerKey, made.PartnerToken)
	if _, before := d.signIn(was.PartnerKey, was.PartnerToken); !ok || !before {
		t.Errorf("the new keys work %v, those before %v", ok, before)
	}
	list := d.want(http.StatusOK, "demo", http.MethodGet, "keys", "")
	if list.body != `{"data":[{"created_at":"2025-09-15T12:01:00+09:00"},`+
		`{"created_at":"2025-09-15T12:00:00+09:00","expires_at":"2025-09-15T14:01:00+09:00"}]}` {
		t.Error(list.body)
	}
	d.Clock.Advance(2 * time.Hour)
	if _, before := d.signIn(was.PartnerKey, was.PartnerToken); before {
		t.Error("the keys before still work")
	}
	d.tokens["new"], _ = d.signIn(made.PartnerKey, made.PartnerToken)
	d.want(http.StatusOK, "new", http.MethodGet, "balance", "")
	if access == "" || strings.Contains(d.log.String(), made.PartnerKey) || strings.Contains(d.log.String(), made.PartnerToken) {
		t.Error("keys stand in the log")
	}
}

func TestARotationWithoutGraceEndsTheCallersToken(t *testing.T) {
	d := newDesk(t)
	var made keysMade
	d.want(http.StatusOK, "demo", http.MethodPost, "keys/rotate", `{"grace_hours":0}`).into(&made)
	if !made.PreviousEnd.Equal(d.Clock.Now()) {
		t.Errorf("%v", made.PreviousEnd)
	}
	d.call("demo", http.MethodGet, "balance", "").refused(http.StatusUnauthorized, "token-invalid", "TOKEN08")
	d.want(http.StatusOK, "other", http.MethodGet, "balance", "")
}

func TestKeysGoOnForADayUnlessToldOtherwise(t *testing.T) {
	d := newDesk(t)
	var made keysMade
	d.want(http.StatusOK, "demo", http.MethodPost, "keys/rotate", "").into(&made)
	if !made.PreviousEnd.Equal(d.Clock.Now().Add(credential.RotationGrace)) {
		t.Errorf("%v", made.PreviousEnd)
	}
}

// TestOfRotationsAtOnceOneIsDone: whoever is second without a grace period was locked out by the first.
func TestOfRotationsAtOnceOneIsDone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		answers := make([]reply, 4)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = d.call("demo", http.MethodPost, "keys/rotate", `{"grace_hours":0}`) })
		}
		wg.Wait()
		works := 0
		for _, a := range answers {
			if a.status != http.StatusOK {
				a.refused(http.StatusUnauthorized, "token-invalid", "TOKEN08")
				continue
			}
			var made keysMade
			a.into(&made)
			if _, ok := d.signIn(made.PartnerKey, made.PartnerToken); ok {
				works++
			}
		}
		if works != 1 {
			t.Errorf("%d sets of keys work", works)
		}
	})
}

func TestThereAreOnlySoManyKeys(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		for range credential.MaxGenerations - 1 {
			d.want(http.StatusOK, "demo", http.MethodPost, "keys/rotate", `{}`)
		}
		d.call("demo", http.MethodPost, "keys/rotate", `{}`).refused(http.StatusConflict, "too-many-keys", "Q")
		if n := d.keyCount("demo"); n != credential.MaxGenerations {
			t.Errorf("%d sets of keys", n)
		}
		d.want(http.StatusOK, "demo", http.MethodPost, "keys/rotate", `{"grace_hours":0}`)
	})
}
