package console

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
	"giftimbiz/internal/sheet"
)

// Imports takes stock in from files.
type Imports interface {
	Pictures
	Bring(ctx context.Context, k intake.Kind, file string, data []byte) (*intake.Import, error)
	Apply(ctx context.Context, id int64, skipRefused bool) error
	Cancel(ctx context.Context, id int64) error
	KeptRefused(ctx context.Context, id int64, w io.Writer, f sheet.Format) error
	Import(ctx context.Context, id int64) (*intake.Import, error)
	Imports(ctx context.Context, below int64, limit int) ([]intake.Import, error)
}

const importsRoot = Root + "/imports"

const (
	// uploadWithin bounds how long an upload and the check of it may take.
	uploadWithin = 10 * time.Minute
	// maxDrained is how much of a file that is too large is read and thrown away: a browser shows no answer before it has
	// sent all. Whoever sends more sees the connection end.
	maxDrained = 512 << 20
)

func importRoutes() []route {
	return []route{
		{pattern: "GET " + importsRoot, needs: office.See, serve: (*request).showImports},
		{pattern: "POST " + importsRoot, needs: office.EditStock, serve: (*request).upload},
		{pattern: "POST " + importsRoot + "/pictures", needs: office.EditStock, serve: (*request).uploadPictures},
		{pattern: "GET " + Root + "/import-templates/{kind}", needs: office.See, serve: (*request).sendTemplate},
		{pattern: "GET " + importsRoot + "/{id}", needs: office.See, serve: (*request).showImport},
		{pattern: "GET " + importsRoot + "/{id}/refused", needs: office.EditStock, serve: (*request).sendRefused},
		{pattern: "POST " + importsRoot + "/{id}/apply", needs: office.EditStock, serve: (*request).applyImport},
		{pattern: "POST " + importsRoot + "/{id}/cancel", needs: office.EditStock, serve: (*request).cancelImport},
	}
}

// importForm is a file that is sent.
type importForm struct {
	Kind  intake.Kind
	Name  string
	Error string
	data  []byte

	PictureError string
}

func (f *importForm) validate(q *request) bool {
	switch {
	case f.Error != "":
	case !f.Kind.Valid():
		f.Error = text{"무엇을 불러올지 고르십시오.", "Choose what to load."}.in(q.lang)
	case f.Name == "":
		f.Error = text{"파일을 고르십시오.", "Choose a file."}.in(q.lang)
	}
	return f.Error == ""
}

// importKind is a kind of stock as the page lists it.
type importKind struct {
	Kind    intake.Kind
	Name    string
	Help    string
	Columns []intake.Column
	Chosen  bool
}

// importRow is an import as the page lists it.
type importRow struct {
	intake.Import
	KindName   string
	StatusText string
}

var importsTitle = text{"불러오기", "Import"}

func (q *request) showImports() error {
	if f, ok := q.exporting(); ok {
		return q.exportImports(f)
	}
	return q.renderImports(http.StatusOK, importForm{})
}

func (q *request) renderImports(status int, form importForm) error {
	found, err := q.h.Imports.Imports(q.Context(), q.number("after"), pageSize+1)
	if err != nil {
		return err
	}
	list, more := page(found)
	var last int64
	rows := make([]importRow, len(list))
	for i, im := range list {
		rows[i], last = q.importRow(im), im.ID
	}
	kinds := make([]importKind, 0, len(intake.Kinds()))
	for _, k := range intake.Kinds() {
		kinds = append(kinds, importKind{k, k.Name().In(q.lang), k.Help().In(q.lang), k.Columns(), k == form.Kind})
	}
	return q.render(status, "imports", importsTitle, struct {
		Form  importForm
		Kinds []importKind
		Rows  []importRow
		Pager pager
		Max   int
	}{form, kinds, rows, q.pager(more, last), sheet.MaxFile})
}

func (q *request) importRow(im intake.Import) importRow {
	return importRow{im, im.Kind.Name().In(q.lang), importStates[im.State].in(q.lang)}
}

var importStates = map[intake.State]text{
	intake.Checked:   {"적용 대기", "Waiting to be applied"},
	intake.Applying:  {"적용 중", "Being applied"},
	intake.Applied:   {"적용함", "Applied"},
	intake.Failed:    {"실패", "Failed"},
	intake.Cancelled: {"취소함", "Cancelled"},
}

func (q *request) exportImports(f wantedFile) error {
	header := []text{
		{"번호", "Number"},
		{"시각", "Time"},
		{"종류", "Kind"},
		{"파일", "File"},
		{"담당자", "Operator"},
		{"상태", "State"},
		{"행", "Rows"},
		{"추가", "Added"},
		{"변경", "Changed"},
		{"이미 있음", "Known already"},
		{"거절", "Refused"},
	}
	return q.export(f, "imports", header, func(row func(...any) error) error {
		for below := int64(0); ; {
			list, err := q.h.Imports.Imports(q.Context(), below, 500)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, i := range list {
				below = i.ID
				if err := row(strconv.FormatInt(i.ID, 10), i.At.In(gift.Seoul).Format(time.DateTime), i.Kind.Name().In(q.lang), i.File, i.By,
					importStates[i.State].in(q.lang), int64(i.Counts.Rows), int64(i.Counts.Added), int64(i.Counts.Changed),
					int64(i.Counts.Known), int64(i.Counts.Refused)); err != nil {
					return err
				}
			}
		}
	})
}

// upload checks a file and shows what it would do.
func (q *request) upload() error {
	form, err := q.readUpload()
	if err != nil {
		return err
	}
	if !form.validate(q) {
		return q.renderImports(http.StatusUnprocessableEntity, form)
	}
	i, err := q.h.Imports.Bring(q.Context(), form.Kind, form.Name, form.data)
	var refusal *intake.Refusal
	if errors.As(err, &refusal) {
		form.Error = refusal.In(q.lang)
		return q.renderImports(http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return q.redirect(importAddress(i.ID))
}

// readUpload reads a form with a file, into memory: voucher numbers stand in the file, so no part of it is put on a disk.
func (q *request) readUpload() (form importForm, err error) {
	late := clock.System{}.Now().Add(uploadWithin) // the connection's own time, whatever the clock of the demo shows
	control := http.NewResponseController(q.w)
	if err := errors.Join(control.SetReadDeadline(late), control.SetWriteDeadline(late)); err != nil {
		q.h.Logger.WarnContext(q.Context(), "console: an upload keeps the server's deadlines", "error", err)
	}
	q.Body = http.MaxBytesReader(q.w, q.Body, maxDrained)
	parts, err := q.MultipartReader()
	if err != nil {
		return form, errUnreadable
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err == nil {
			err = form.read(q, part)
		}
		if err != nil {
			return form, errUnreadable
		}
	}
}

var errUnreadable = failure{http.StatusBadRequest, text{"올린 파일을 끝까지 받지 못했습니다.", "The upload did not arrive as a whole."}}

func (f *importForm) read(q *request, part *multipart.Part) error {
	switch part.FormName() {
	case "kind":
		kind, err := io.ReadAll(io.LimitReader(part, 100))
		f.Kind = intake.Kind(kind)
		return err
	case "file":
		f.Name = part.FileName()
		data, err := sheet.Load(part)
		var p *sheet.Problem
		if errors.As(err, &p) {
			f.Error = text{p.Korean, p.English}.in(q.lang)
			_, err = io.Copy(io.Discard, part)
		}
		f.data = data
		return err
	}
	return nil
}

func (q *request) sendTemplate() error {
	k := intake.Kind(q.PathValue("kind"))
	f := sheet.Format(q.FormValue("format"))
	if !k.Valid() || f != sheet.CSV && f != sheet.XLSX {
		return office.ErrNotFound
	}
	q.attach(f, string(k))
	return intake.Template(q.w, k, f, q.lang, gift.DayOf(q.now))
}

// attach announces a file.
func (q *request) attach(f sheet.Format, name string) {
	q.w.Header().Set("Content-Type", f.ContentType())
	q.w.Header().Set("Content-Disposition", `attachment; filename="`+name+"."+string(f)+`"`)
}

func importAddress(id int64) string { return importsRoot + "/" + strconv.FormatInt(id, 10) }
