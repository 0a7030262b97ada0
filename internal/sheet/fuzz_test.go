package sheet_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"giftimbiz/internal/sheet"
)

// FuzzWhatIsWrittenIsRead writes texts into files and reads them again: they are as they were but for spaces around them, and none
// is a formula.
func FuzzWhatIsWrittenIsRead(f *testing.F) {
	f.Add("=1+1", "남양)초콜릿", "a,b;c\td", false)
	f.Add("'=x", "''", "\"quoted\"\nline", false)
	f.Add("-5", "+82 2", "\t=x", false)
	f.Add("＝wide", "@x", "0012", true)
	f.Add("<b>&amp;</b>", "'+'", " spaces ", true)
	f.Fuzz(func(t *testing.T, a, b, c string, workbook bool) {
		format, cells := sheet.CSV, []string{a, b, c}
		if workbook {
			format = sheet.XLSX
		}
		for _, cell := range cells {
			if !utf8.ValidString(cell) || len(cell) > 1000 || strings.ContainsAny(cell, "\x00\r") || workbook && !plainText(cell) {
				return
			}
		}
		var file bytes.Buffer
		w, err := sheet.NewWriter(&file, format)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Row("first", "second", "third", "fourth"), w.Row(a, b, c, "end"), w.Close()); err != nil {
			t.Fatal(err)
		}
		rows := rowsOf(t, file.Bytes())
		if len(rows) != 2 || len(rows[1].Cells) != 4 {
			t.Fatalf("%q is read as %v", file.Bytes(), rows)
		}
		for i, want := range cells {
			got := rows[1].Cells[i]
			if got.Problem != nil || strings.TrimSpace(got.Text) != strings.TrimSpace(want) || got.Text != strings.TrimSpace(got.Text) {
				t.Errorf("%s: %q is read as %q, %v", format, want, got.Text, got.Problem)
			}
		}
	})
}

// plainText tells whether XML has all of a text as it is; spreadsheets write other characters as _xHHHH_.
func plainText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) && !strings.Contains(s, "_x")
}

func rowsOf(t *testing.T, file []byte) (rows []sheet.Row) {
	t.Helper()
	r, err := sheet.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }() // it only read
	for {
		row, err := r.Next()
		if err != nil {
			return rows
		}
		rows = append(rows, row)
	}
}
