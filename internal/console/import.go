package console

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"

	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
)

// applyForm is how a checked file is to be applied.
type applyForm struct {
	SkipRefused bool
	Error       string
}

func (f *applyForm) validate(q *request, i *intake.Import) bool {
	if i.Counts.Refused > 0 && !f.SkipRefused {
		f.Error = text{
			"거절된 행이 있습니다. 파일을 고쳐 다시 올리거나, 그 행을 빼고 적용하겠다고 표시하십시오.",
			"Rows are refused. Correct the file and upload it again, or tick that they are left out.",
		}.in(q.lang)
	}
	return f.Error == ""
}

// importFinding is a line of the report.
type importFinding struct {
	Line                  int
	Column, Value, Reason string
	Known                 bool
}

// importPage is what the page of one import shows.
type importPage struct {
	importRow
	Form     applyForm
	Address  string
	Findings []importFinding
	More     bool // than Findings, of refused rows
	Why      string
	Waiting  bool
	Running  bool
	Failed   bool
	Nothing  bool // to apply
	Percent  int64
}

func (q *request) findImport() (*intake.Import, error) {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return nil, office.ErrNotFound
	}
	return q.h.Imports.Import(q.Context(), id)
}

// showImport is also what the page asks for, again and again, while the import is applied.
func (q *request) showImport() error {
	i, err := q.findImport()
	if err != nil {
		return err
	}
	return q.renderImport(http.StatusOK, i, applyForm{})
}

func (q *request) renderImport(status int, i *intake.Import, form applyForm) error {
	p := importPage{
		importRow: q.importRow(*i), Form: form, Address: importAddress(i.ID), Why: i.Failure.In(q.lang),
		Waiting: i.State == intake.Checked, Running: i.State == intake.Applying, Failed: i.State == intake.Failed,
		Nothing: i.Counts.Added+i.Counts.Changed == 0,
	}
	if i.Total > 0 {
		p.Percent = 100 * i.Done / i.Total
	}
	lines := map[int]bool{}
	for _, f := range i.Findings {
		p.Findings = append(p.Findings, importFinding{f.Line, f.Column.In(q.lang), f.Value, f.Reason.In(q.lang), f.Known})
		if !f.Known {
			lines[f.Line] = true
		}
	}
	p.More = len(lines) < i.Counts.Refused
	title := text{i.Kind.Name().Korean + " 불러오기", "Import of " + i.Kind.Name().English}
	return q.render(status, "import", title, p)
}

func (q *request) applyImport() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	i, err := q.findImport()
	if err != nil {
		return err
	}
	form := applyForm{SkipRefused: q.PostFormValue("skip") == "yes"}
	if i.State == intake.Checked && !form.validate(q, i) {
		return q.renderImport(http.StatusUnprocessableEntity, i, form)
	}
	err = q.h.Imports.Apply(q.Context(), i.ID, form.SkipRefused)
	switch {
	case errors.Is(err, intake.ErrBusy):
		form.Error = text{
			"다른 파일을 적용하고 있습니다. 끝난 뒤 다시 누르십시오.", "Another file is being applied. Press again when that is done.",
		}.in(q.lang)
		return q.renderImport(http.StatusConflict, i, form)
	case errors.Is(err, intake.ErrGone):
		return office.ErrChanged
	case err != nil:
		return err
	}
	return q.redirect(importAddress(i.ID))
}

func (q *request) cancelImport() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	i, err := q.findImport()
	if err != nil {
		return err
	}
	if err := q.h.Imports.Cancel(q.Context(), i.ID); err != nil {
		return err
	}
	return q.done(importsRoot, text{"'" + i.File + "'을(를) 적용하지 않고 지웠습니다.", "Discarded \"" + i.File + "\" without applying it."})
}

// sendRefused sends the refused rows as a file that can be corrected and uploaded.
func (q *request) sendRefused() error {
	i, err := q.findImport()
	if err != nil {
		return err
	}
	f, ok := q.exporting()
	if !ok {
		return office.ErrNotFound
	}
	var b bytes.Buffer // whole or not at all
	err = q.h.Imports.KeptRefused(q.Context(), i.ID, &b, f.Format)
	if errors.Is(err, intake.ErrGone) {
		return failure{http.StatusGone, text{"파일을 더는 보관하지 않습니다. 다시 올리십시오.", "The file is not kept any more. Upload it again."}}
	}
	if err != nil {
		return err
	}
	q.attach(f.Format, string(i.Kind)+"-refused")
	_, err = b.WriteTo(q.w)
	return ignoreGone(err)
}
