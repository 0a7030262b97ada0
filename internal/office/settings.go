package office

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"giftimbiz/internal/gift"
)

// Words are a text in both languages of the console.
type Words struct{ Korean, English string }

// Setting is something that admins decide about the exchange: its name in the database, what it is when nobody decided, and
// what it may be.
type Setting struct {
	Name    string
	Default string
	Amount  bool  // a whole number of won; else a text
	Least   int64 // of an amount, or of a text's letters
	Most    int64
	Title   Words
	Help    Words
}

// The names of the settings.
const (
	AdjustmentLimit = "adjustment_limit"
	LowBalance      = "low_balance"
	ExchangeName    = "exchange_name"
)

// mostWon is more than any amount that is meant.
const mostWon = 1_000_000_000_000

// Settings lists all that can be set, as the console shows it.
func Settings() []Setting {
	return []Setting{
		{
			Name: ExchangeName, Default: "GiftiMBiz", Least: 1, Most: 40,
			Title: Words{"거래소 이름", "Name of the exchange"},
			Help:  Words{"모든 화면 왼쪽 위와 로그인 화면에 보입니다.", "Shown at the top of every page and where operators sign in."},
		},
		{
			Name: AdjustmentLimit, Default: "1000000", Amount: true, Most: mostWon,
			Title: Words{"잔액 조정 승인 기준", "Adjustments that need approval"},
			Help: Words{
				"이 금액을 넘는 잔액 조정은 다른 담당자가 승인해야 반영됩니다. 0이면 모든 조정에 승인이 필요합니다.",
				"A balance is adjusted by more than this only once a second person approves. With 0, every adjustment needs approval.",
			},
		},
		{
			Name: LowBalance, Default: "100000", Amount: true, Most: mostWon,
			Title: Words{"낮은 잔액 기준", "Low balance"},
			Help: Words{
				"잔액이 이보다 적은 매체사를 현황 화면에 알립니다. 0이면 알리지 않습니다.",
				"Partners whose balance is below this are named on the dashboard. With 0, none are.",
			},
		},
	}
}

// Value is what a setting is now.
type Value struct {
	Setting
	Text    string
	Version int64 // grows with each change; 0: nobody changed it yet
}

// Won returns the amount of a setting that is one.
func (v Value) Won() gift.Won {
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil {
		n, _ = strconv.ParseInt(v.Default, 10, 64)
	}
	return gift.Won(n)
}

// ErrSetting says that a setting cannot be what it was to become.
type ErrSetting struct{ Setting }

// Error implements error.
func (e ErrSetting) Error() string {
	if e.Amount {
		return fmt.Sprintf("%s: want a whole number from %d to %d", e.Name, e.Least, e.Most)
	}
	return fmt.Sprintf("%s: want %d to %d letters in one line", e.Name, e.Least, e.Most)
}

// Parse returns how a text that somebody typed is stored, or ErrSetting. Amounts may have commas.
func (s Setting) Parse(typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	if s.Amount {
		n, err := strconv.ParseInt(strings.ReplaceAll(typed, ",", ""), 10, 64)
		if err != nil || n < s.Least || n > s.Most {
			return "", ErrSetting{s}
		}
		return strconv.FormatInt(n, 10), nil
	}
	letters := int64(utf8.RuneCountInString(typed))
	if letters < s.Least || letters > s.Most || strings.ContainsFunc(typed, isControl) {
		return "", ErrSetting{s}
	}
	return typed, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }

// SettingOf returns the setting of a name. It must be one of Settings.
func SettingOf(name string) Setting {
	for _, s := range Settings() {
		if s.Name == name {
			return s
		}
	}
	panic("office: there is no setting " + name)
}

// DefaultWon returns the default of an amount.
func (s Setting) DefaultWon() gift.Won { return Value{Setting: s, Text: s.Default}.Won() }
