package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/xuri/excelize/v2"
)

// maxFaults bounds the cells that are remembered as unreadable.
const maxFaults = 10_000

type xlsxSource struct {
	file   *excelize.File
	rows   *excelize.Rows
	line   int
	early  bool // days are counted from 1904
	faults map[string]*Problem
}

// openXLSX opens the first sheet of a workbook.
func openXLSX(data []byte) (*xlsxSource, error) {
	faults, err := inspect(data)
	if err != nil {
		return nil, err
	}
	file, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: maxUnzip, UnzipXMLSizeLimit: maxInMem, RawCellValue: true,
	})
	if err != nil {
		return nil, errWorkbook()
	}
	s := &xlsxSource{file: file, faults: faults}
	names := file.GetSheetList()
	if len(names) == 0 {
		return nil, errors.Join(errWorkbook(), file.Close())
	}
	if props, err := file.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		s.early = *props.Date1904
	}
	if s.rows, err = file.Rows(names[0]); err != nil {
		return nil, errors.Join(errWorkbook(), file.Close())
	}
	return s, nil
}

func (x *xlsxSource) next() (Row, error) {
	if !x.rows.Next() {
		if x.rows.Error() != nil {
			return Row{}, errWorkbook()
		}
		return Row{}, io.EOF
	}
	x.line++
	texts, err := x.rows.Columns()
	if err != nil {
		return Row{}, errWorkbook().at(x.line)
	}
	row := Row{Line: x.line, Cells: make([]Cell, len(texts))}
	for i, text := range texts {
		row.Cells[i] = cellOf(text)
		row.Cells[i].early = x.early
		if len(x.faults) > 0 {
			if at, err := excelize.CoordinatesToCellName(i+1, x.line); err == nil && x.faults[at] != nil {
				row.Cells[i].Problem = x.faults[at]
			}
		}
	}
	return row, nil
}

func (x *xlsxSource) Close() error { return errors.Join(x.rows.Close(), x.file.Close()) }

// inspect goes once through the sheet before it is read: the library reads the result of a formula, and a number that Excel
// rounded, like any other cell, so those are found here, by cell. What unpacks to more than the bound is refused, whatever
// size it claims to have.
func inspect(data []byte) (map[string]*Problem, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errWorkbook()
	}
	left := uint64(maxUnzip)
	for _, part := range archive.File {
		if part.UncompressedSize64 > left { // subtracted one by one: a sum of pretended sizes could overflow
			return nil, errUnzipped()
		}
		left -= part.UncompressedSize64
	}
	name, err := firstSheet(archive)
	if err != nil {
		return nil, err
	}
	var faults map[string]*Problem
	err = withPart(archive, name, maxUnzip, func(r io.Reader) error {
		if suspicious, err := suspect(bufio.NewReaderSize(r, 64<<10)); err != nil || !suspicious {
			return err
		}
		return withPart(archive, name, maxUnzip, func(r io.Reader) (err error) {
			faults, err = faultsIn(xml.NewDecoder(r))
			return err
		})
	})
	return faults, err
}

func withPart(archive *zip.Reader, name string, most int64, read func(io.Reader) error) error {
	r, err := archive.Open(name)
	if err != nil {
		return errWorkbook()
	}
	defer func() { _ = r.Close() }() // only read
	return read(io.LimitReader(r, most))
}

// suspect tells, many times faster than reading XML does, whether a sheet may hold a formula or a long number: in most there
// is neither. "<" begins a tag wherever it stands in XML; comments and the like only make more suspicious than need be.
func suspect(r *bufio.Reader) (bool, error) {
	for {
		if _, err := r.ReadSlice('<'); errors.Is(err, bufio.ErrBufferFull) {
			continue
		} else if errors.Is(err, io.EOF) {
			return false, nil
		} else if err != nil {
			return false, errWorkbook()
		}
		ahead, err := r.Peek(64) // a tag without attributes and 16 digits fit in
		if err != nil && !errors.Is(err, io.EOF) {
			return false, errWorkbook()
		}
		name := ahead[:max(bytes.IndexAny(ahead, " \t\r\n/>"), 0)]
		name = name[bytes.IndexByte(name, ':')+1:]
		switch {
		case string(name) == "f", len(name) == 0 && len(ahead) > 0 && !bytes.HasPrefix(ahead, []byte("/")):
			return true, nil
		case string(name) == "v":
			_, value, _ := bytes.Cut(ahead, []byte(">"))
			value, _, whole := bytes.Cut(value, []byte("<"))
			if !whole || manyDigits(value) {
				return true, nil
			}
		}
	}
}

// firstSheet returns the name of the part that the workbook's first sheet stands in.
func firstSheet(archive *zip.Reader) (string, error) {
	var book struct {
		Sheets []struct {
			Rel string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if readPart(archive, "xl/workbook.xml", &book) != nil || readPart(archive, "xl/_rels/workbook.xml.rels", &rels) != nil {
		return "", errWorkbook()
	}
	for _, rel := range rels.List {
		if len(book.Sheets) > 0 && rel.ID == book.Sheets[0].Rel {
			if strings.HasPrefix(rel.Target, "/") {
				return rel.Target[1:], nil
			}
			return path.Join("xl", rel.Target), nil
		}
	}
	return "", errWorkbook()
}

func readPart(archive *zip.Reader, name string, into any) error {
	return withPart(archive, name, maxInMem, func(r io.Reader) error { return xml.NewDecoder(r).Decode(into) })
}

// faultsIn finds the cells of a sheet that hold no plain value.
func faultsIn(tokens *xml.Decoder) (map[string]*Problem, error) {
	faults := map[string]*Problem{}
	var at, kind string
	inValue := false
	for {
		token, err := tokens.RawToken()
		if errors.Is(err, io.EOF) {
			return faults, nil
		}
		if err != nil {
			return nil, errWorkbook()
		}
		var fault *Problem
		switch t := token.(type) {
		case xml.StartElement:
			inValue = t.Name.Local == "v"
			switch t.Name.Local {
			case "c":
				at, kind = attribute(t, "r"), attribute(t, "t")
			case "f":
				fault = formula
			}
		case xml.EndElement:
			inValue = false
		case xml.CharData:
			if inValue && (kind == "" || kind == "n") && manyDigits(t) && faults[at] == nil {
				fault = rounded
			}
		}
		if fault == nil {
			continue
		}
		if at == "" || len(faults) == maxFaults {
			p := *fault
			return nil, &p // too many to name, or nobody could say where
		}
		faults[at] = fault
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// manyDigits tells whether a number has a whole part of more than the 15 digits that Excel keeps.
func manyDigits(number []byte) bool {
	whole, _, _ := bytes.Cut(number, []byte("."))
	if i := bytes.IndexAny(number, "eE"); i >= 0 {
		exponent := strings.TrimLeft(string(number[i+1:]), "+0")
		return !strings.HasPrefix(exponent, "-") && (len(exponent) > 1 && exponent >= "15" || len(exponent) > 2)
	}
	return len(bytes.TrimLeft(whole, "-")) > 15
}
