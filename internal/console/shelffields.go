package console

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// What a form of the catalogue takes at most, in bytes.
const (
	maxNameBytes = 400
	maxTextBytes = 2000
)

// suggested is how many brands or shops a form offers to choose from; others are named by number.
const suggested = 500

// field is an input of a form, as the template "fields" shows it.
type field struct {
	Name    string
	Label   text
	Hint    text
	Type    string // of the input; "select", "list", "check" or "lines" for others
	Value   string
	Options []selectable
	Error   text
	Needed  bool
	Fixed   bool // shown, and not to be changed
}

// byName is the hint of a number that one may choose by its name.
var byName = text{"번호를 쓰거나, 이름을 쓰고 목록에서 고르십시오.", "Give the number, or type a name and choose from the list."}

// selectable is a value that may be chosen.
type selectable struct{ Value, Name string }

// Checked tells whether a box is ticked.
func (f field) Checked() bool { return f.Value != "" }

// faults are what is wrong with a form, by the name of its field.
type faults map[string]text

// formNumber returns a number that was sent, or 0 for what is none.
func (q *request) formNumber(name string) int64 {
	n, err := strconv.ParseInt(q.PostFormValue(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// reader reads the fields of a form and collects what is wrong with them.
type formReader struct {
	q     *request
	wrong faults
}

func (q *request) reader() *formReader { return &formReader{q, faults{}} }

// text reads a line of at most so many bytes.
func (r *formReader) text(name string, most int, needed bool) string {
	v := strings.TrimSpace(r.q.PostFormValue(name))
	switch {
	case v == "" && needed:
		r.wrong[name] = text{"입력하십시오.", "Fill this in."}
	case len(v) > most || strings.ToValidUTF8(v, "") != v || strings.ContainsRune(v, 0):
		r.wrong[name] = text{"너무 깁니다.", "This is too long."}
	}
	return v
}

// picture reads the path of a picture on this server.
func (r *formReader) picture(name string) string {
	v := r.text(name, maxNameBytes, false)
	if v != "" && (!strings.HasPrefix(v, "/") || strings.HasPrefix(v, "//") || strings.ContainsAny(v, "\\?#\"<> ")) {
		r.wrong[name] = text{"/로 시작하는 그림 경로를 쓰십시오. 예: /UPLOAD/brand.png", "Give a path that starts with /, such as /UPLOAD/brand.png."}
	}
	return v
}

// won reads an amount that a price may have.
func (r *formReader) won(name string) gift.Won {
	v := strings.ReplaceAll(strings.TrimSpace(r.q.PostFormValue(name)), ",", "")
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 || n > maxPrice {
		r.wrong[name] = text{"0원 이상 1조 원 이하의 금액을 쓰십시오.", "Give an amount between 0 and a trillion won."}
		return 0
	}
	return gift.Won(n)
}

// maxPrice is the highest price there is.
const maxPrice = 1_000_000_000_000

// one reads the number of something that must be one of the options.
func (r *formReader) one(name string, options []selectable) int64 {
	v := r.q.PostFormValue(name)
	if !slices.ContainsFunc(options, func(o selectable) bool { return o.Value == v }) {
		r.wrong[name] = text{"목록에서 고르십시오.", "Choose one of the list."}
	}
	return r.q.formNumber(name)
}

// parent reads the number of what a row belongs to, and looks whether it is there.
func parent[T any](r *formReader, name string, s office.Shelf[T]) (int64, error) {
	id := r.q.formNumber(name)
	_, err := s.Get(r.q.Context(), id)
	if errors.Is(err, office.ErrNotFound) {
		r.wrong[name] = text{"이 번호는 없습니다. 번호를 확인하십시오.", "There is no such number."}
		return id, nil
	}
	return id, err
}

// options lists rows of a shelf to choose from.
func options[T any](q *request, s office.Shelf[T], query office.ItemQuery, of func(T) selectable) ([]selectable, error) {
	query.Limit = suggested
	rows, err := s.List(q.Context(), query)
	list := make([]selectable, len(rows))
	for i, l := range rows {
		list[i] = of(l.Row)
	}
	return list, err
}

func (q *request) categoryOptions(kind gift.Kind) ([]selectable, error) {
	return options(q, q.h.Store.Categories(), office.ItemQuery{Kind: kind}, func(c gift.Category) selectable {
		return selectable{strconv.FormatInt(c.ID, 10), c.Name}
	})
}

func (q *request) brandOptions() ([]selectable, error) {
	return options(q, q.h.Store.Brands(), office.ItemQuery{}, func(b gift.Brand) selectable {
		return selectable{strconv.FormatInt(b.ID, 10), b.Name}
	})
}

func (q *request) shopOptions() ([]selectable, error) {
	return options(q, q.h.Store.Shops(), office.ItemQuery{}, func(s gift.Shop) selectable {
		return selectable{strconv.FormatInt(s.ID, 10), s.Name}
	})
}

// idValue returns a number as a form's value; none for 0.
func idValue(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// ticked returns a box's value.
func ticked(b bool) string {
	if b {
		return "on"
	}
	return ""
}

// picked returns choices with one before them that says that none is chosen.
func (q *request) picked(all text, options []selectable) []selectable {
	return append([]selectable{{"", all.in(q.lang)}}, options...)
}
