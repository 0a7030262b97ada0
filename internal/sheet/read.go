package sheet

import (
	"bytes"
	"io"
	"strings"
)

// Row is a line of a table.
type Row struct {
	Line  int // as spreadsheets and editors count, from 1
	Cells []Cell
}

// Blank tells whether nothing stands in the row.
func (r Row) Blank() bool {
	for _, c := range r.Cells {
		if c.Text != "" || c.Problem != nil {
			return false
		}
	}
	return true
}

// Cell is a cell as text without spaces around it, or with what is wrong with it.
type Cell struct {
	Text    string
	Problem *Problem
	early   bool // of a workbook that counts days from 1904
}

// rowSource yields lines; io.EOF after the last.
type rowSource interface {
	next() (Row, error)
	Close() error
}

// Reader reads a table row by row. It is not for concurrent use, and must be closed.
type Reader struct {
	Format Format
	source rowSource
}

// Open begins to read a file, which is CSV or XLSX by its content, not its name. Its errors, and those of Next, are a
// *Problem wherever the file is to blame.
func Open(data []byte) (*Reader, error) {
	switch {
	case len(data) > MaxFile:
		return nil, ErrTooLarge
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errEmpty()
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		source, err := openXLSX(data)
		if err != nil {
			return nil, err
		}
		return &Reader{XLSX, source}, nil
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return nil, errOldExcel()
	}
	source, err := openCSV(data)
	if err != nil {
		return nil, err
	}
	return &Reader{CSV, source}, nil
}

// Load reads a whole file into memory, or refuses it as soon as it is too large. Whatever a sender says its size is does
// not matter.
func Load(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r, MaxFile+1))
	if err == nil && n > MaxFile {
		return nil, ErrTooLarge
	}
	return b.Bytes(), err
}

// Next returns the next row that is not blank, or io.EOF.
func (r *Reader) Next() (Row, error) {
	for {
		row, err := r.source.next()
		if err != nil {
			return Row{}, err
		}
		if row.Line > MaxRows {
			return Row{}, errTooManyRows()
		}
		if row.Cells = trimEnd(row.Cells); len(row.Cells) > maxColumns {
			return Row{}, errTooManyColumns().at(row.Line)
		}
		if !row.Blank() {
			return row, nil
		}
	}
}

// Close gives back what reading took.
func (r *Reader) Close() error { return r.source.Close() }

// trimEnd drops the empty cells that spreadsheets leave behind a row.
func trimEnd(cells []Cell) []Cell {
	for len(cells) > 0 && cells[len(cells)-1].Text == "" && cells[len(cells)-1].Problem == nil {
		cells = cells[:len(cells)-1]
	}
	return cells
}

// cellOf makes a cell of the text that stands in a file.
func cellOf(text string) Cell {
	text = strings.TrimSpace(text)
	if len(text) > maxCell {
		return Cell{Text: strings.ToValidUTF8(text[:40], "") + "…", Problem: tooLong}
	}
	return Cell{Text: text}
}
