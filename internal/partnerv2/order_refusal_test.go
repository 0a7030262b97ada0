package partnerv2

import (
	"encoding/json"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
)

var (
	gap    = regexp.MustCompile(`\{[a-z]+\}`)
	hangul = regexp.MustCompile(`\p{Hangul}`)
)

func TestEveryReasonIsToldInBothLanguages(t *testing.T) {
	lines := []orderLine{{offer: 7, quantity: 2}, {offer: 8, quantity: 1}}
	for reason := gift.MayNotSpend; reason <= gift.SellerLocked; reason++ {
		row, ok := refusalRows[reason]
		if !ok || reason.Code() == "" {
			t.Errorf("reason %d has no row or no code", reason)
			continue
		}
		ko, en := gap.FindAllString(row.ko, -1), gap.FindAllString(row.en, -1)
		slices.Sort(ko)
		slices.Sort(en)
		if !slices.Equal(ko, en) || !hangul.MatchString(row.ko) || hangul.MatchString(row.en) {
			t.Errorf("%q and %q do not say the same", row.ko, row.en)
		}
		p := refusalProblem(&gift.Refusal{
			Reason: reason, Item: 2, Amount: 940, Limit: 3, First: "20250915-0", When: "2025-09-15", Where: "연남만두",
		}, lines)
		if p.kind == "" || p.status < 400 || p.code != reason.Code() || gap.MatchString(p.ko+p.en) {
			t.Errorf("reason %d: %+v", reason, p)
		}
		if p.more["item"] != 1 || p.more["offer_id"] != int64(8) || p.more["order_id"] != gift.OrderRef("20250915-0") {
			t.Errorf("reason %d: the third unit is of the second item: %v", reason, p.more)
		}
	}
	p := refusalProblem(&gift.Refusal{Reason: gift.LowBalance, Item: -1}, lines)
	if p.more["item"] != nil || p.more["offer_id"] != nil {
		t.Errorf("nothing is at fault: %v", p.more)
	}
}

// TestAKeptRefusalIsToldAsItWas compares what is sent of a refusal when it is made and when it is repeated.
func TestAKeptRefusalIsToldAsItWas(t *testing.T) {
	for reason := gift.MayNotSpend; reason <= gift.SellerLocked; reason++ {
		lines := []orderLine{{offer: 1 << 60, quantity: 1}}
		p := refusalProblem(&gift.Refusal{Reason: reason, Item: 0, Amount: 1_000_000_000_001, Limit: 3}, lines)
		again, err := refusedBefore(p.keep())
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []locale.Language{locale.Korean, locale.English} {
			first, second := httptest.NewRecorder(), httptest.NewRecorder()
			p.send(first, "id", lang)
			again.send(second, "id", lang)
			if first.Code != second.Code || first.Body.String() != second.Body.String() || !json.Valid(first.Body.Bytes()) {
				t.Errorf("reason %d: %d %s, then %d %s", reason, first.Code, first.Body, second.Code, second.Body)
			}
		}
	}
}

func TestReferencesHaveLettersDigitsAndFewSigns(t *testing.T) {
	long := string(make([]byte, 65))
	for text, want := range map[string]bool{
		"A-1": true, "a.b_c:d-9": true, "": false, "한글": false, "a b": false, "a/b": false, ".": false, "..": false, "...": true,
		long: false, "x\x00": false,
	} {
		if got := validReference(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
