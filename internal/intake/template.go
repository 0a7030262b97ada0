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

// Template writes an empty file of a kind with its titles and one sample row, which can be loaded as it is once what it
// refers to is there.
func Template(w io.Writer, k Kind, f sheet.Format, lang locale.Language, today gift.Day) error {
	out, err := sheet.NewWriter(w, f)
	if err != nil {
		return err
	}
	columns := tables[k].columns
	titles, sample := make([]any, len(columns)), make([]any, len(columns))
	for i, c := range columns {
		titles[i], sample[i] = c.title.In(lang), c.sample
		if _, ok := c.sample.(sampleDay); ok {
			sample[i] = (today + sampleDays).String()
		}
	}
	return errors.Join(out.Row(titles...), out.Row(sample...), out.Close())
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
