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
	want := `{"type":"offer.sold_out","timestamp":"2025-09-15T12:00:00.25+09:00","data":{"offer":7,"kind":"gifticon"}}`
	if got := webhook.Body(e); string(got) != want || !json.Valid(got) {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestEventNumbersComeBackAndSort(t *testing.T) {
	last := ""
	for _, id := range []gift.ID{0, 1, 31, 32, gift.FirstIDAt(time.Date(2025, 9, 15, 0, 0, 0, 0, time.UTC)), 1<<63 - 1} {
		text := webhook.EventID(id)
		if got, err := webhook.ParseEventID(text); err != nil || got != id || text <= last {
			t.Errorf("%d is %s after %s, and back %d, %v", id, text, last, got, err)
		}
		last = text
	}
	for _, bad := range []string{"", "evt_", "evt_1", "02E8QMPGBR000", "evt_02e8qmpgbr000", "evt_Z000000000000", "evt_02E8QMPGBR0000"} {
		if _, err := webhook.ParseEventID(bad); !errors.Is(err, webhook.ErrBadID) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
