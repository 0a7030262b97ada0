// Package sheet reads and writes tables as people exchange them: CSV and XLSX.
package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// Format is a kind of file.
type Format string

// The formats. CSV is written as Excel reads Korean in it: UTF-8 with a byte order mark.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// ContentType returns what the format is called in HTTP.
func (f Format) ContentType() string {
	if f == XLSX {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8"
}

// maxRows is how many rows a sheet of XLSX can have.
const maxRows = 1_048_576

// Writer writes a table row by row. Close finishes it and must be called. It is not for concurrent use.
type Writer interface {
	// Row writes a row. Cells are strings, integers or nil.
	Row(cells ...any) error
	Close() error
	// Discard gives up what is not closed: of XLSX nothing is written.
	Discard() error
}

// NewWriter starts a table. Of XLSX, all is written by Close: it is kept in a temporary file until then.
func NewWriter(w io.Writer, f Format) (Writer, error) {
	if f == XLSX {
		return newXLSX(w)
	}
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	return &csvWriter{csv: csv.NewWriter(w)}, nil
}

type csvWriter struct {
	csv *csv.Writer
	row []string
}

func (c *csvWriter) Row(cells ...any) error {
	c.row = c.row[:0]
	for _, cell := range cells {
		c.row = append(c.row, plain(cell))
	}
	return c.csv.Write(c.row)
}

func (c *csvWriter) Close() error {
	c.csv.Flush()
	return c.csv.Error()
}

// Discard leaves what is written already.
func (c *csvWriter) Discard() error { return nil }

// plain writes a cell as text. What a spreadsheet would take for a formula gets an apostrophe before it, and so does what would be
// taken for one with its apostrophe.
func plain(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		if needsApostrophe(v) {
			return "'" + v
		}
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	default:
		return fmt.Sprint(v)
	}
}

// formulaMarks begin what a spreadsheet takes for a formula, or what such a mark may hide behind. The wide forms are what Excel accepts in
// Korean and Japanese.
const formulaMarks = "=+-@\t\r\n＝＋－＠"

// needsApostrophe tells whether a text is written with an apostrophe more than it has: it looks like a formula, with or without the
// spaces before it, or like one that has its apostrophe already.
func needsApostrophe(text string) bool {
	for {
		inner := strings.TrimSpace(text)
		switch {
		case inner == "":
			return false
		case looksLikeFormula(text) || looksLikeFormula(inner):
			return true
		case inner[0] != '\'':
			return false
		}
		text = inner[1:]
	}
}

func looksLikeFormula(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && strings.ContainsRune(formulaMarks, first)
}

type xlsxWriter struct {
	w    io.Writer
	file *excelize.File
	rows *excelize.StreamWriter
	next int
}

func newXLSX(w io.Writer) (*xlsxWriter, error) {
	file := excelize.NewFile()
	rows, err := file.NewStreamWriter("Sheet1")
	return &xlsxWriter{w: w, file: file, rows: rows, next: 1}, err
}

func (x *xlsxWriter) Row(cells ...any) error {
	if x.next > maxRows {
		return fmt.Errorf("sheet: XLSX has room for %d rows; CSV has no bound", maxRows)
	}
	at := "A" + strconv.Itoa(x.next)
	x.next++
	return x.rows.SetRow(at, cells)
}

// Discard removes the temporary file.
func (x *xlsxWriter) Discard() error { return x.file.Close() }

func (x *xlsxWriter) Close() error {
	defer func() { _ = x.file.Close() }() // removes its temporary files
	if err := x.rows.Flush(); err != nil {
		return err
	}
	return x.file.Write(x.w)
}
