package intake

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/sheet"
)

// outcome is what a row does.
type outcome int

const (
	undecided outcome = iota
	added
	changed
	known
	refused
)

// row is a row of a file on its way through its checks. The first refusal of a cell stands; other cells go on being read,
// so that one look at the report shows all that is wrong with a row.
type row struct {
	sheet.Row
	check    *check
	outcome  outcome
	findings []Finding
	number   Number // of a voucher that waits to be looked up
}

// maxPrice bounds prices, as the store does.
const maxPrice = 1_000_000_000_000

func (r *row) cell(key string) sheet.Cell {
	i, ok := r.check.where[key]
	if !ok || i >= len(r.Cells) {
		return sheet.Cell{}
	}
	return r.Cells[i]
}

// given tells whether a cell says anything; what cannot be read is refused.
func (r *row) given(key string) bool {
	c := r.cell(key)
	if c.Problem != nil {
		r.refuse(key, Text{c.Problem.Korean, c.Problem.English})
		return false
	}
	return c.Text != ""
}

func (r *row) refuse(key string, why Text) {
	r.outcome = refused
	r.say(key, why)
}

// know reports that a row is there already.
func (r *row) know(key string, why Text) {
	if r.outcome == undecided {
		r.outcome = known
		r.say(key, why)
	}
}

func (r *row) say(key string, why Text) {
	c := r.check.table.column(key)
	for _, f := range r.findings {
		if f.Column == c.title {
			return
		}
	}
	value := r.cell(key).Text
	if c.secret || r.check.kind == Vouchers && likeNumber(value) {
		value = masked(value)
	}
	r.findings = append(r.findings, Finding{
		Line: r.Line, Column: c.title, Value: clip(value, 60), Reason: why, Known: r.outcome == known,
	})
}

// clip keeps reports short.
func clip(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}

var missing = say("값이 필요합니다.", "A value is needed.")

// text reads a cell of at most so many characters; a needed one must say something.
func (r *row) text(key string, most int) string {
	if !r.given(key) {
		if r.check.table.column(key).needed {
			r.refuse(key, missing)
		}
		return ""
	}
	s := norm.NFC.String(strings.Join(strings.Fields(r.cell(key).Text), " "))
	switch {
	case len([]rune(s)) > most:
		r.refuse(key, say("%d자까지 쓸 수 있습니다.", "At most %d characters are allowed.", most))
	case strings.ContainsFunc(s, unicode.IsControl):
		r.refuse(key, say("제어 문자는 쓸 수 없습니다.", "Control characters are not allowed."))
	}
	return s
}

// whole reads a whole number within bounds; an optional one that says nothing is the given one.
func (r *row) whole(key string, low, high, otherwise int64) int64 {
	if !r.given(key) {
		if r.check.table.column(key).needed {
			r.refuse(key, missing)
		}
		return otherwise
	}
	n, ok := r.cell(key).Whole()
	if !ok || n < low || n > high {
		r.refuse(key, say("%d부터 %d까지의 정수여야 합니다.", "This must be a whole number from %d to %d.", low, high))
		return otherwise
	}
	return n
}

func (r *row) won(key string, low gift.Won, otherwise gift.Won) gift.Won {
	return gift.Won(r.whole(key, int64(low), maxPrice, int64(otherwise)))
}

// day reads a day that is not over.
func (r *row) day(key string) gift.Day {
	if !r.given(key) {
		r.refuse(key, missing)
		return 0
	}
	day, ok := r.cell(key).Day()
	switch {
	case !ok:
		r.refuse(key, say("날짜가 아닙니다. 2026-12-31처럼 쓰십시오.", "This is no date; write it as 2026-12-31."))
	case day < r.check.today:
		r.refuse(key, say("유효기간이 지났습니다 (%s).", "The last day is over (%s).", day))
	}
	return day
}

// yes reads a cell that says yes or no.
func (r *row) yes(key string, otherwise bool) bool {
	if !r.given(key) {
		return otherwise
	}
	switch strings.ToLower(r.cell(key).Text) {
	case "y", "yes", "o", "1", "true", "예", "네", "사용", "사용함":
		return true
	case "n", "no", "x", "0", "false", "아니오", "아니요", "미사용", "사용안함", "사용 안 함":
		return false
	}
	r.refuse(key, say("Y나 N으로 쓰십시오.", "Write Y or N."))
	return otherwise
}

// image reads the path of a picture, or the file name of one that was uploaded.
func (r *row) image(key, otherwise string) string {
	if !r.given(key) {
		return otherwise
	}
	name := r.text(key, maxText)
	if !strings.ContainsAny(name, "/\\") {
		return PicturesAt + pictureName(name)
	}
	if !strings.HasPrefix(name, "/") || strings.HasPrefix(name, "//") || strings.Contains(name, "..") {
		r.refuse(key, say("올린 그림의 파일 이름이나 /UPLOAD/a.png 같은 이 서버의 경로여야 합니다.",
			"This must be the file name of an uploaded picture, or a path on this server such as /UPLOAD/a.png."))
	}
	return name
}

// optional reads a text that keeps what is there when it says nothing.
func (r *row) optional(key string, most int, otherwise string) string {
	if !r.given(key) {
		return otherwise
	}
	return r.text(key, most)
}
