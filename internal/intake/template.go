package intake

import (
	"errors"
	"io"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/sheet"
)

// sampleDay stands for a day that is not over when the template is made.
type sampleDay struct{}

// sampleDays is how many days the sample row of a template is still good for.
const sampleDays = 180

// Template writes an empty file of a kind with its titles and a sample row, which can be loaded as it is once what it refers
// to is there: each template has what the next one's sample needs.
func Template(w io.Writer, k Kind, f sheet.Format, lang locale.Language, today gift.Day) error {
	out, err := sheet.NewWriter(w, f)
	if err != nil {
		return err
	}
	t := tables[k]
	titles, sample := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i, c := range t.columns {
		titles[i], sample[i] = c.title.In(lang), c.sample
		if _, ok := c.sample.(sampleDay); ok {
			sample[i] = (today + sampleDays).String()
		}
	}
	err = errors.Join(out.Row(titles...), out.Row(sample...))
	if t.second != nil {
		for i, c := range t.columns {
			if v, ok := t.second[c.key]; ok {
				sample[i] = v
			}
		}
		err = errors.Join(err, out.Row(sample...))
	}
	return errors.Join(err, out.Close())
}

// Column is a column of a kind's files, for people.
type Column struct {
	Title  Text
	Needed bool
}

// Columns lists the columns of a kind.
func (k Kind) Columns() []Column {
	columns := make([]Column, len(tables[k].columns))
	for i, c := range tables[k].columns {
		columns[i] = Column{c.title, c.needed}
	}
	return columns
}
