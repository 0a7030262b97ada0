package office_test

import (
	"errors"
	"strings"
	"testing"

	"giftimbiz/internal/office"
)

func TestASettingTakesWhatIsMeantAndRefusesTheRest(t *testing.T) {
	for _, test := range []struct {
		name, typed, want string
	}{
		{office.AdjustmentLimit, " 1,000,000 ", "1000000"},
		{office.AdjustmentLimit, "0", "0"},
		{office.AdjustmentLimit, "-1", ""},
		{office.AdjustmentLimit, "1.5", ""},
		{office.AdjustmentLimit, "", ""},
		{office.AdjustmentLimit, "1000000000001", ""},
		{office.LowBalance, "백만", ""},
		{office.ExchangeName, "  기프티 거래소 ", "기프티 거래소"},
		{office.ExchangeName, "", ""},
		{office.ExchangeName, "two\nlines", ""},
		{office.ExchangeName, strings.Repeat("가", 40), strings.Repeat("가", 40)},
		{office.ExchangeName, strings.Repeat("가", 41), ""},
	} {
		got, err := office.SettingOf(test.name).Parse(test.typed)
		var refused office.ErrSetting
		if got != test.want || errors.As(err, &refused) != (test.want == "") {
			t.Errorf("%s %q: %q, %v; want %q", test.name, test.typed, got, err, test.want)
		}
	}
}

func TestEveryDefaultIsAllowed(t *testing.T) {
	for _, s := range office.Settings() {
		if got, err := s.Parse(s.Default); got != s.Default || err != nil {
			t.Errorf("%s: %q, %v", s.Name, got, err)
		}
		if s.Title.Korean == "" || s.Title.English == "" || s.Help.Korean == "" || s.Help.English == "" {
			t.Errorf("%s has no words", s.Name)
		}
	}
}
