package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/transform"
)

type csvSource struct {
	csv *csv.Reader
}

func openCSV(data []byte) (*csvSource, error) {
	text, err := decode(data)
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(text, '\n') < 0 { // lines end as on old Macs
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	comma := delimiter(text)
	if line := tooWide(text, byte(comma)); line > 0 {
		return nil, errTooManyColumns().at(line)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = comma
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	return &csvSource{r}, nil
}

// decode returns a text as UTF-8 without a byte order mark. Text that is not UTF-8 is CP949, in which Excel saves CSV in
// Korea, or it is refused.
func decode(data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, errEncoding()
	}
	if utf8.Valid(data) {
		return data, nil
	}
	text, _, err := transform.Bytes(korean.EUCKR.NewDecoder(), data) // with the extensions of CP949
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, errEncoding()
	}
	return text, nil
}

// delimiter is what stands most often in the first line: some spreadsheets export with semicolons or tabs.
func delimiter(text []byte) rune {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', bytes.Count(line, []byte(","))
	for _, d := range ";\t" {
		if n := bytes.Count(line, []byte(string(d))); n > most {
			best, most = d, n
		}
	}
	return best
}

// maxCommas is how many columns a line may have, empty ones included: spreadsheets have no more.
const maxCommas = 16_384

// tooWide returns a line with more columns than that, or 0. It is looked for before lines are cut into cells, of which 32 MiB
// of commas would make so many that they fill the memory.
func tooWide(text []byte, comma byte) int {
	line, columns, quoted := 1, 0, false
	for _, c := range text {
		switch c {
		case '"':
			quoted = !quoted
		case '\n':
			line++
			if !quoted {
				columns = 0
			}
		case comma:
			if quoted {
				continue
			}
			if columns++; columns > maxCommas {
				return line
			}
		}
	}
	return 0
}

func (c *csvSource) next() (Row, error) {
	record, err := c.csv.Read()
	var parse *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return Row{}, io.EOF
	case errors.As(err, &parse):
		return Row{}, errQuotes().at(parse.StartLine)
	case err != nil:
		return Row{}, err
	}
	line, _ := c.csv.FieldPos(0)
	row := Row{Line: line, Cells: make([]Cell, len(record))}
	for i, text := range record {
		row.Cells[i] = csvCell(text)
	}
	return row, nil
}

// csvCell undoes what plain does to texts that look like formulas, and refuses formulas.
func csvCell(text string) Cell {
	c := cellOf(text)
	switch {
	case strings.HasPrefix(c.Text, "=") && c.Problem == nil:
		c.Problem = formula
	case strings.HasPrefix(c.Text, "'") && needsApostrophe(c.Text[1:]):
		c.Text = strings.TrimSpace(c.Text[1:])
	}
	c.Text = strings.Clone(c.Text) // the record's texts share one string, the length of the line
	return c
}

func (c *csvSource) Close() error { return nil }
