package intake

import (
	"context"
	"errors"
	"io"
	"strings"

	"giftimbiz/internal/sheet"
)

// reasonTitle is the title of the column that says why a row was refused. It is passed over when the corrected file comes
// back.
var reasonTitle = Text{"거절 사유", "refused because"}

func isReason(title string) bool {
	title = plainTitle(title)
	return strings.HasPrefix(title, plainTitle(reasonTitle.Korean)) || title == plainTitle(reasonTitle.English)
}

// Refused writes the rows of a file that are refused, as they stand in it, with a column that says why, and returns how
// many there are. The file can be corrected and loaded as it is.
func (d *Desk) Refused(ctx context.Context, k Kind, data []byte, w io.Writer, f sheet.Format) (rows int, err error) {
	plan, err := d.refused(ctx, k, data, w, f)
	if err != nil {
		return 0, err
	}
	return plan.Counts.Refused, nil
}

// refused checks a file and writes its refused rows.
func (d *Desk) refused(ctx context.Context, k Kind, data []byte, w io.Writer, f sheet.Format) (*Plan, error) {
	titles, err := titlesOf(data)
	if err != nil {
		return nil, err
	}
	out, err := sheet.NewWriter(w, f)
	if err != nil {
		return nil, err
	}
	reasonAt := len(titles)
	for i, t := range titles {
		if isReason(t) {
			reasonAt = i
		}
	}
	header := cellsOf(titles, reasonAt, reasonTitle.Korean+" / "+reasonTitle.English)
	if err := out.Row(header...); err != nil {
		return nil, err
	}
	plan, err := d.check(ctx, k, data, func(r *row) error {
		if r.outcome != refused {
			return nil
		}
		texts := make([]string, len(titles))
		for i := range min(len(texts), len(r.Cells)) {
			texts[i] = r.Cells[i].Text
		}
		return out.Row(cellsOf(texts, reasonAt, r.why())...)
	}, nil)
	return plan, errors.Join(err, out.Close())
}

// rewrite writes a table in another format.
func rewrite(data []byte, w io.Writer, f sheet.Format) error {
	in, err := sheet.Open(data)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	out, err := sheet.NewWriter(w, f)
	if err != nil {
		return err
	}
	for {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out.Close()
		}
		if err != nil {
			return errors.Join(err, out.Close())
		}
		cells := make([]any, len(row.Cells))
		for i, c := range row.Cells {
			cells[i] = c.Text
		}
		if err := out.Row(cells...); err != nil {
			return errors.Join(err, out.Close())
		}
	}
}

// why says all that is wrong with a row, in both languages: the file may go to somebody else.
func (r *row) why() string {
	var ko, en []string
	for _, f := range r.findings {
		ko = append(ko, f.Column.Korean+": "+f.Reason.Korean)
		en = append(en, f.Column.English+": "+f.Reason.English)
	}
	return strings.Join(ko, " ") + " / " + strings.Join(en, " ")
}

func cellsOf(texts []string, reasonAt int, reason string) []any {
	cells := make([]any, 0, len(texts)+1)
	for _, t := range texts {
		cells = append(cells, t)
	}
	if reasonAt == len(texts) {
		return append(cells, reason)
	}
	cells[reasonAt] = reason
	return cells
}

func titlesOf(data []byte) ([]string, error) {
	file, err := sheet.Open(data)
	if err != nil {
		return nil, explain(err)
	}
	defer func() { _ = file.Close() }() // only read
	first, err := file.Next()
	if err != nil {
		return nil, explain(err)
	}
	titles := make([]string, len(first.Cells))
	for i, c := range first.Cells {
		titles[i] = c.Text
	}
	return titles, nil
}

// refusedRows is why a plan with refused rows is not applied, unless they are to be left out.
func refusedRows(p *Plan, skip bool) error {
	if p.Counts.Refused == 0 || skip {
		return nil
	}
	return &Refusal{Text: say("거절된 행이 %d개 있어 아무것도 적용하지 않았습니다.",
		"%d rows are refused, so nothing was applied.", p.Counts.Refused)}
}
