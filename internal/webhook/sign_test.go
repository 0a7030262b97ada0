package webhook_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/webhook"
)

// TestASignatureIsThatOfTheStandard compares with the example that Standard Webhooks' own libraries are tested with.
func TestASignatureIsThatOfTheStandard(t *testing.T) {
	got, err := webhook.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0),
		[]byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestSecretsAreNewEachTimeAndSign(t *testing.T) {
	a, b := webhook.NewSecret(), webhook.NewSecret()
	if a == b || !strings.HasPrefix(a, "whsec_") {
		t.Errorf("%s and %s", a, b)
	}
	if _, err := webhook.Sign(a, "evt_1", time.Unix(0, 0), nil); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_?fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		if _, err := webhook.Sign(bad, "evt_1", time.Unix(0, 0), nil); !errors.Is(err, webhook.ErrBadSecret) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAnEventsBodySaysWhatHappenedAndWhen(t *testing.T) {
	at := time.Date(2025, 9, 15, 12, 0, 0, 250_000_000, gift.Seoul)
	e := gift.NewEvent(gift.FirstIDAt(at), gift.OfferSoldOut, 0, 0, gift.OfferData{Offer: 7, Kind: "gifticon"})
	want := `{"type":"offer.sold_out","timestamp":"2025-09-15T12:00:00.250+09:00","data":{"offer":7,"kind":"gifticon"}}`
	if got := webhook.Body(&e); string(got) != want || !json.Valid(got) {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestEventsNamesComeBack(t *testing.T) {
	for _, id := range []gift.ID{0, 1, gift.FirstIDAt(time.Date(2025, 9, 15, 0, 0, 0, 0, time.UTC)), 1<<63 - 1} {
		text := webhook.MessageID(id)
		if got, err := webhook.ParseMessageID(text); err != nil || got != id {
			t.Errorf("%d is %s, and back %d, %v", id, text, got, err)
		}
	}
	for _, bad := range []string{"", "evt_", "1", "evt_01", "evt_-1", "evt_+1", "evt_x", "evt_9223372036854775808"} {
		if _, err := webhook.ParseMessageID(bad); !errors.Is(err, webhook.ErrBadID) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
