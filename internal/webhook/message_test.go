package webhook

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"giftimbiz/internal/gift"
)

var happened = time.Date(2025, 9, 15, 12, 0, 0, 123e6, gift.Seoul)

func TestABodyIsWhatHappenedWhenAndTheData(t *testing.T) {
	e := gift.NewEvent(gift.FirstIDAt(happened), gift.OfferSoldOut, 0, 0, gift.OfferData{Offer: 7, Kind: "gifticon"})
	want := `{"type":"offer.sold_out","timestamp":"2025-09-15T12:00:00.123+09:00","data":{"offer":7,"kind":"gifticon"}}`
	if got := string(Body(&e)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestSecretsAreThoseOfStandardWebhooks(t *testing.T) {
	secret := NewSecret()
	if secret == NewSecret() {
		t.Error("two secrets are alike")
	}
	if key, err := ParseSecret(secret); err != nil || len(key) != 32 {
		t.Errorf("%d bytes, %v", len(key), err)
	}
	encoded := func(n int) string { return secretPrefix + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for text, good := range map[string]bool{
		encoded(24): true, encoded(64): true, encoded(23): false, encoded(65): false, "": false, "whsec_": false,
		strings.TrimPrefix(encoded(32), secretPrefix): false, encoded(32) + "!": false,
	} {
		if _, err := ParseSecret(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestEverySecretThatWorksVerifies by the library that partners use, also in a time in which two do.
func TestEverySecretThatWorksVerifies(t *testing.T) {
	present, previous := NewSecret(), NewSecret()
	e := gift.NewEvent(gift.FirstIDAt(happened), gift.TestSent, 1, 0, struct{}{})
	body := Body(&e)
	verifies := func(secret string, h http.Header, body []byte) bool {
		verifier, err := standard.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		return verifier.Verify(body, h) == nil
	}
	now := time.Now()
	for _, test := range []struct {
		name     string
		previous string
		until    time.Time
		both     bool
	}{
		{"one", "", time.Time{}, false},
		{"two", previous, now.Add(time.Minute), true},
		{"one that is over", previous, now, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := newSigner(present, test.previous, test.until)
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{}
			if err := s.sign(h, e.ID, now, body); err != nil {
				t.Fatal(err)
			}
			if !verifies(present, h, body) || verifies(previous, h, body) != test.both {
				t.Errorf("signed %s", h.Get("webhook-signature"))
			}
			if verifies(present, h, append([]byte(" "), body...)) || verifies(NewSecret(), h, body) {
				t.Error("something else verifies")
			}
			if h.Get("webhook-id") != MessageID(e.ID) || !strings.HasPrefix(MessageID(e.ID), "evt_") {
				t.Errorf("id %s", h.Get("webhook-id"))
			}
		})
	}
}

func TestPausesGrowAndEnd(t *testing.T) {
	last := time.Duration(0)
	for n := int64(1); n < MostAttempts; n++ {
		next, again := nextAttempt(n, happened)
		if pause := next.Sub(happened); !again || pause <= last || pause > LongestPause {
			t.Errorf("after attempt %d: %v, %v", n, pause, again)
		} else {
			last = pause
		}
	}
	if _, again := nextAttempt(MostAttempts, happened); again {
		t.Error("it never ends")
	}
}
