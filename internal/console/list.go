package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/sheet"
)

// pageSize is how many rows a page of a list has. A store is asked for one more, to know whether there are more.
const pageSize = 50

// pager leads through a list; the template "pager" shows it.
type pager struct {
	First string // the first page; empty on it
	Next  string // the next page; empty on the last
	CSV   string // all of it, as files
	XLSX  string
}

// pager of a page whose last row has a number, by which the next page begins.
func (q *request) pager(more bool, last int64) pager {
	p := pager{CSV: q.with("format", string(sheet.CSV), "after", ""), XLSX: q.with("format", string(sheet.XLSX), "after", "")}
	if more {
		p.Next = q.with("after", strconv.FormatInt(last, 10))
	}
	if q.FormValue("after") != "" {
		p.First = q.with("after", "")
	}
	return p
}

// with returns this page's address with some parameters changed; an empty value takes one away.
func (q *request) with(changes ...string) string {
	values := q.URL.Query()
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			values.Del(changes[i])
		} else {
			values.Set(changes[i], changes[i+1])
		}
	}
	u := url.URL{Path: q.URL.Path, RawQuery: values.Encode()}
	return u.String()
}

// page returns the rows to show of those a store returned for pageSize+1, and whether there are more.
func page[T any](rows []T) ([]T, bool) {
	if len(rows) > pageSize {
		return rows[:pageSize], true
	}
	return rows, false
}

// number returns a parameter, or 0 for what is none.
func (q *request) number(name string) int64 {
	n, err := strconv.ParseInt(q.FormValue(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// dayOf returns a parameter such as 2026-11-26 as a day, or ok = false.
func (q *request) dayOf(name string) (day gift.Day, ok bool) {
	t, err := time.ParseInLocation("2006-01-02", q.FormValue(name), gift.Seoul)
	if err != nil {
		return 0, false
	}
	return gift.DayOf(t), true
}

// wrongDays tells what is wrong with the days from and to that are asked for, if any are; "" = nothing.
func (q *request) wrongDays() string {
	from, fromOK := q.dayOf("from")
	to, toOK := q.dayOf("to")
	switch {
	case q.FormValue("from") != "" && !fromOK || q.FormValue("to") != "" && !toOK:
		return text{"날짜를 2026-11-26 형식으로 입력하십시오.", "Give days such as 2026-11-26."}.in(q.lang)
	case fromOK && toOK && from > to:
		return text{"시작일이 종료일보다 늦습니다.", "The first day is after the last."}.in(q.lang)
	}
	return ""
}

// choiceOf returns a parameter that is one of some values, or "". One that is none of them would select nothing, or all, without
// a word: no page has such a choice.
func (q *request) choiceOf(name string, values ...string) (string, error) {
	value := q.FormValue(name)
	if value != "" && !slices.Contains(values, value) {
		return "", failure{http.StatusUnprocessableEntity, text{
			"조건 " + name + "의 값이 올바르지 않습니다. 쓸 수 있는 값: " + strings.Join(values, ", "),
			"The condition " + name + " must be one of " + strings.Join(values, ", ") + ".",
		}}
	}
	return value, nil
}

// wantedFile is a list that is asked for as a file.
type wantedFile struct {
	sheet.Format
	wrong string // what is wrong with what the list is filtered by; "" = nothing
}

// exporting tells whether the list is asked for as a file. A file has no place to say what is wrong with a filter, so that a
// wrong one gets none.
func (q *request) exporting(wrong ...string) (wantedFile, bool) {
	switch f := sheet.Format(q.FormValue("format")); f {
	case sheet.CSV, sheet.XLSX:
		return wantedFile{f, cmp.Or(wrong...)}, true
	}
	return wantedFile{}, false
}

// export sends a whole list as a file. Rows are written while they are read: an error in the middle breaks the answer off,
// so that nobody takes half a list for a whole one.
func (q *request) export(f wantedFile, name string, header []text, each func(row func(cells ...any) error) error) error {
	if f.wrong != "" {
		return failure{http.StatusUnprocessableEntity, text{f.wrong, f.wrong}}
	}
	q.attach(f.Format, name+"-"+q.now.In(gift.Seoul).Format("20060102-150405"))
	until := clock.System{}.Now().Add(exportWithin) // connections go by the machine's clock
	if err := http.NewResponseController(q.w).SetWriteDeadline(until); err != nil {
		q.h.Logger.WarnContext(q.Context(), "console: an export keeps the server's deadline", "error", err)
	}
	out, err := sheet.NewWriter(q.w, f.Format)
	if err != nil {
		return err
	}
	titles := make([]any, len(header))
	for i, t := range header {
		titles[i] = t.in(q.lang)
	}
	if err = out.Row(titles...); err == nil {
		err = each(out.Row)
	}
	if err == nil {
		err = out.Close()
	} else {
		err = errors.Join(err, out.Discard())
	}
	if err != nil {
		return brokenOff{fmt.Errorf("export %s: %w", name, err)}
	}
	return nil
}

// brokenOff is an error that came when a part of the answer was sent.
type brokenOff struct{ error }

func (b brokenOff) Unwrap() error { return b.error }

// exportedAtOnce is how many rows an export asks a store for at a time.
const exportedAtOnce = 1000

// exportWithin bounds how long an export may take.
const exportWithin = 15 * time.Minute
