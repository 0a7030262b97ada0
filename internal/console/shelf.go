package console

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// cell is a value in a list.
type cell struct {
	Text    string
	Link    string
	Picture string
	Number  bool
	Class   string
}

// shelfPage is a table of the catalogue: its list, and the form of one row.
type shelfPage[T any] struct {
	path    string // below /catalogue/, and the name of exported files
	title   text   // of the list
	one     text   // a row of it
	columns []text // of the list, after the number
	shelf   func(Store) office.Shelf[T]
	cells   func(q *request, l office.Listed[T]) []cell
	label   func(l office.Listed[T]) string // of a row, for people
	// filters are those beside the words: "kind" and "parent".
	filters func(q *request) ([]field, error)
	fields  func(q *request, row T) ([]field, error)
	// read fills the row from a form, and tells what is wrong.
	read func(q *request, row *T) (faults, error)
	// saved returns what to say beside "saved".
	saved func(q *request, id int64) text
	// links are places that have to do with a row.
	links func(l office.Listed[T]) []shelfLink
}

type shelfLink struct {
	Address string
	Name    text
}

func (p *shelfPage[T]) address(more ...string) string {
	return strings.Join(append([]string{Root, "catalogue", p.path}, more...), "/")
}

func (p *shelfPage[T]) routes() []route {
	return []route{
		{pattern: "GET " + p.address(), needs: office.See, serve: p.list},
		{pattern: "GET " + p.address("new"), needs: office.EditStock, serve: p.showNew},
		{pattern: "POST " + p.address("new"), needs: office.EditStock, serve: p.save},
		{pattern: "GET " + p.address("{id}"), needs: office.See, serve: p.show},
		{pattern: "POST " + p.address("{id}"), needs: office.EditStock, serve: p.save},
	}
}

// shelfList is what the template "shelf" shows.
type shelfList struct {
	Nav     []menuItem
	New     string
	One     text
	Words   string
	Filters []field
	Columns []text
	Rows    []shelfRow
	Pager   pager
}

type shelfRow struct {
	ID    int64
	Link  string
	Cells []cell
}

func (p *shelfPage[T]) list(q *request) error {
	query := office.ItemQuery{
		Words: strings.TrimSpace(q.FormValue("q")), Kind: gift.Kind(q.number("kind")), Parent: q.number("parent"),
		After: q.number("after"), Limit: pageSize + 1,
	}
	if f, ok := q.exporting(); ok {
		return q.export(f, p.path, append([]text{{"번호", "Number"}}, p.columns...), func(row func(...any) error) error {
			return p.exportRows(q, query, row)
		})
	}
	rows, err := p.shelf(q.h.Store).List(q.Context(), query)
	if err != nil {
		return err
	}
	rows, more := page(rows)
	l := shelfList{Nav: q.catalogueNav(), New: p.address("new"), One: p.one, Words: query.Words, Columns: p.columns}
	if p.filters != nil {
		if l.Filters, err = p.filters(q); err != nil {
			return err
		}
	}
	last := int64(0)
	for _, r := range rows {
		last = p.id(r)
		l.Rows = append(l.Rows, shelfRow{ID: last, Link: p.address(strconv.FormatInt(last, 10)), Cells: p.cells(q, r)})
	}
	l.Pager = q.pager(more, last)
	return q.render(http.StatusOK, "shelf", p.title, l)
}

func (p *shelfPage[T]) exportRows(q *request, query office.ItemQuery, write func(...any) error) error {
	for query.After, query.Limit = 0, exportedAtOnce; ; {
		rows, err := p.shelf(q.h.Store).List(q.Context(), query)
		if err != nil {
			return err
		}
		for _, r := range rows {
			query.After = p.id(r)
			if err := write(append([]any{query.After}, plainCells(p.cells(q, r))...)...); err != nil {
				return err
			}
		}
		if len(rows) < exportedAtOnce {
			return nil
		}
	}
}

// plainCells are what cells say without their looks; numbers stay numbers.
func plainCells(cells []cell) []any {
	row := make([]any, len(cells))
	for i, c := range cells {
		row[i] = c.Text
		if c.Picture != "" {
			row[i] = c.Picture
		} else if n, err := strconv.ParseInt(strings.ReplaceAll(c.Text, ",", ""), 10, 64); c.Number && err == nil {
			row[i] = n
		}
	}
	return row
}

// id returns the number of a row: every row has one.
func (p *shelfPage[T]) id(l office.Listed[T]) int64 {
	switch row := any(l.Row).(type) {
	case gift.Category:
		return row.ID
	case gift.Brand:
		return row.ID
	case gift.Product:
		return row.ID
	case gift.Shop:
		return row.ID
	case office.Seller:
		return row.ID
	case gift.Campaign:
		return row.ID
	}
	panic(fmt.Sprintf("console: no number in %T", l.Row))
}

// shelfForm is what the template "shelfform" shows.
type shelfForm struct {
	Nav     []menuItem
	Address string
	Version int64
	Fields  []field
	Links   []shelfLink
	Error   text
}

func (p *shelfPage[T]) showNew(q *request) error {
	var row T
	fields, err := p.fields(q, row)
	if err != nil {
		return err
	}
	for i := range fields { // a link may say what the new row belongs to
		if v := q.FormValue(fields[i].Name); v != "" && fields[i].Type != "check" {
			fields[i].Value = v
		}
	}
	return p.render(q, http.StatusOK, office.Listed[T]{Row: row}, fields, text{})
}

func (p *shelfPage[T]) show(q *request) error {
	l, err := p.found(q)
	if err != nil {
		return err
	}
	fields, err := p.fields(q, l.Row)
	if err != nil {
		return err
	}
	return p.render(q, http.StatusOK, l, fields, text{})
}

// found reads the row that the address names.
func (p *shelfPage[T]) found(q *request) (l office.Listed[T], err error) {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return l, office.ErrNotFound
	}
	return p.shelf(q.h.Store).Get(q.Context(), id)
}

func (p *shelfPage[T]) save(q *request) error {
	if err := q.parseForm(); err != nil {
		return err
	}
	var l office.Listed[T]
	if q.PathValue("id") != "" {
		var err error
		if l, err = p.found(q); err != nil {
			return err
		}
	}
	l.Version = q.formNumber("version")
	wrong, err := p.read(q, &l.Row)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return p.refuse(q, l, wrong, text{})
	}
	id, err := p.shelf(q.h.Store).Save(q.Context(), l.Row, l.Version, q.now)
	switch {
	case errors.Is(err, office.ErrDuplicate):
		return p.refuse(q, l, nil, text{"이름이 같은 것이 이미 있습니다.", "There is one of the same name already."})
	case err != nil:
		return err
	}
	said := text{"저장했습니다.", "Saved."}
	if p.saved != nil {
		more := p.saved(q, id)
		said = text{said.ko + " " + more.ko, said.en + " " + more.en}
	}
	return q.done(p.address(strconv.FormatInt(id, 10)), said)
}

// refuse shows the form again as it was sent, with what is wrong.
func (p *shelfPage[T]) refuse(q *request, l office.Listed[T], wrong faults, whole text) error {
	fields, err := p.fields(q, l.Row)
	if err != nil {
		return err
	}
	for i := range fields {
		f := &fields[i]
		f.Error = wrong[f.Name]
		if !f.Fixed {
			f.Value = q.PostFormValue(f.Name)
		}
	}
	return p.render(q, http.StatusUnprocessableEntity, l, fields, whole)
}

func (p *shelfPage[T]) render(q *request, status int, l office.Listed[T], fields []field, whole text) error {
	form := shelfForm{Nav: q.catalogueNav(), Version: l.Version, Fields: fields, Error: whole, Address: p.address("new")}
	title := text{"새 " + p.one.ko, "New " + p.one.en}
	if id := p.id(l); id != 0 {
		form.Address = p.address(strconv.FormatInt(id, 10))
		title = text{fmt.Sprintf("%s %d", p.one.ko, id), fmt.Sprintf("%s %d", strings.ToUpper(p.one.en[:1])+p.one.en[1:], id)}
		if p.links != nil {
			form.Links = p.links(l)
		}
	}
	return q.render(status, "shelfform", title, form)
}
