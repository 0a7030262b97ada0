package sheet_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/korean"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/sheet"
)

// readAll returns the rows of a file as texts, with lines and problems: "1:a|b".
func readAll(data []byte) (rows []string, err error) {
	r, err := sheet.Open(data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		texts := make([]string, len(row.Cells))
		for i, c := range row.Cells {
			texts[i] = c.Text
			if c.Problem != nil {
				texts[i] = "!" + c.Text
			}
		}
		rows = append(rows, fmt.Sprintf("%d:%s", row.Line, strings.Join(texts, "|")))
	}
}

func cp949(t *testing.T, text string) []byte {
	t.Helper()
	data, err := korean.EUCKR.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTextIsReadInTheEncodingsOfKorea(t *testing.T) {
	const text = "상품,액면가\r\n똠양꿍 똡,\"1,400\"\r\n\r\n,\r\n 펲시 , '=x \r\n"
	want := []string{"1:상품|액면가", "2:똠양꿍 똡|1,400", "5:펲시|=x"}
	for name, data := range map[string][]byte{
		"UTF-8": []byte(text), "with a mark": []byte("\ufeff" + text), "CP949": cp949(t, text),
		"semicolons": []byte("상품;액면가\n똠양꿍 똡;1,400\n\n;\n펲시;'=x"),
		"old Macs":   []byte("상품,액면가\r똠양꿍 똡,\"1,400\"\r\r,\r펲시,'=x\r"),
		"tabs":       []byte("상품\t액면가\n똠양꿍 똡\t1,400\n\n\t\n펲시\t'=x"),
	} {
		got, err := readAll(data)
		if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestWhatCannotBeReadIsRefusedWithASentence(t *testing.T) {
	many := strings.Repeat("x\n", sheet.MaxRows+1)
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":       {[]byte(" \n"), "empty"},
		"UTF-16":        {[]byte("\xff\xfea\x00,\x00b\x00"), "neither UTF-8 nor CP949"},
		"binary":        {[]byte("\x80\x81\xff\xfe,\xff"), "neither UTF-8 nor CP949"},
		"an old file":   {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "old Excel"},
		"a broken zip":  {[]byte("PK\x03\x04nothing"), "damaged"},
		"quotes":        {[]byte("a,b\n\"x\"y,z\n"), "line 2: The quotes do not match"},
		"many rows":     {[]byte(many), "too many rows"},
		"many columns":  {[]byte(strings.Repeat(",", 100) + "x"), "line 1: There are too many columns"},
		"commas only":   {bytes.Repeat([]byte(","), sheet.MaxFile), "line 1: There are too many columns"},
		"a large file":  {make([]byte, sheet.MaxFile+1), "too large"},
		"a zip bomb":    {bomb(t, 600), "unpacks to more than"},
		"no workbook":   {bomb(t, 1), "damaged"},
		"2 GB, it says": {pretend(t, 2<<30), "unpacks to more than"},
	} {
		_, err := readAll(test.data)
		var p *sheet.Problem
		if !errors.As(err, &p) || !strings.Contains(p.Error(), test.want) || p.Korean == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bomb is a workbook, of a kind, whose sheets unpack to a MiB each. They are packed once: the race detector makes that slow.
func bomb(t *testing.T, sheets int) []byte {
	t.Helper()
	zeros := make([]byte, 1<<20)
	var packed, b bytes.Buffer
	pack, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pack.Write(zeros); err != nil {
		t.Fatal(err)
	}
	if err := pack.Close(); err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&b)
	for i := range sheets {
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: fmt.Sprintf("xl/worksheets/sheet%d.xml", 1+i), Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(zeros),
			CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(zeros)),
		})
		if err == nil {
			_, err = w.Write(packed.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pretend(t *testing.T, size uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.CreateRaw(&zip.FileHeader{Name: "xl/workbook.xml", UncompressedSize64: size}); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestALongFileIsNotReadToItsEnd(t *testing.T) {
	endless := io.MultiReader(bytes.NewReader(make([]byte, 40<<20)), fault{t})
	if _, err := sheet.Load(endless); !errors.Is(err, sheet.ErrTooLarge) {
		t.Error(err)
	}
}

type fault struct{ t *testing.T }

func (f fault) Read([]byte) (int, error) {
	f.t.Error("all of it was read")
	return 0, io.EOF
}

func workbook(t *testing.T, fill func(f *excelize.File) error) []byte {
	t.Helper()
	f := excelize.NewFile()
	if err := fill(f); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := errors.Join(f.Write(&b), f.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestASpreadsheetIsReadCellByCell(t *testing.T) {
	data := workbook(t, func(f *excelize.File) error {
		return errors.Join(
			f.SetSheetRow("Sheet1", "A1", &[]any{"상품", "가격", "번호"}),
			f.SetSheetRow("Sheet1", "A3", &[]any{" CU ", 1400, "0012345678901234"}),
			f.SetCellFormula("Sheet1", "B4", "=1+1"),
			f.SetCellValue("Sheet1", "A4", "x"),
			f.SetCellValue("Sheet1", "C4", 1234567890123456),
			f.SetCellValue("Sheet1", "C5", 123456789012345),
		)
	})
	got, err := readAll(data)
	want := []string{"1:상품|가격|번호", "3:CU|1400|0012345678901234", "4:x|!|!1234567890123456", "5:||123456789012345"}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestWhatTheWriterWritesIsRead(t *testing.T) {
	for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
		var b bytes.Buffer
		w, err := sheet.NewWriter(&b, f)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Row("이름", "=x", int64(5)), w.Row("a\"b", nil, "-1"), w.Close()); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(b.Bytes())
		if err != nil || strings.Join(got, "\n") != "1:이름|=x|5\n2:a\"b||-1" {
			t.Errorf("%s: %q, %v", f, got, err)
		}
	}
}

func TestDaysAreReadHoweverTheyAreWritten(t *testing.T) {
	want := gift.DateOf(2025, 12, 31)
	for _, text := range []string{
		"2025-12-31", "2025.12.31", "2025/12/31", "20251231", "2025. 12. 31.", "2025년 12월 31일", "46022", "46022.75",
		"2025-12-31 23:59:59", "2025.12.31 00:00",
	} {
		if day, ok := (sheet.Cell{Text: text}).Day(); !ok || day != want {
			t.Errorf("%s: %v, %v", text, day, ok)
		}
	}
	for _, text := range []string{"", "2025-13-01", "31/12/2025", "2025-02-30", "5", "1e5", "20250230", "내일", "NaN"} {
		if day, ok := (sheet.Cell{Text: text}).Day(); ok {
			t.Errorf("%s is taken for %v", text, day)
		}
	}
}

func TestNumbersAreReadHoweverTheyAreWritten(t *testing.T) {
	for text, want := range map[string]int64{
		"1400": 1400, "1,400": 1400, "1,400원": 1400, "₩ 1,400": 1400, "1400.0": 1400, "\\1,400": 1400, "1,234,567.0": 1234567, "1.4E3": 1400, "1.4e+3": 1400, "-5": -5, "0": 0,
	} {
		if n, ok := (sheet.Cell{Text: text}).Whole(); !ok || n != want {
			t.Errorf("%s: %d, %v", text, n, ok)
		}
	}
	for _, text := range []string{"", "x", "1.5", "0x10", "Inf", "1e99", "--5", "1_000", "1,5", "4,50", "4500 3000", "12원34", "1,4000"} {
		if n, ok := (sheet.Cell{Text: text}).Whole(); ok {
			t.Errorf("%s is taken for %d", text, n)
		}
	}
}

// What a cell and a row may have at most; see Row.
const maxCell, maxColumns = 4000, 100

func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"))
	f.Add([]byte("\ufeff상품,\"x\ny\"\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("\xb0\xa1,\xb3\xaa\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := sheet.Open(data)
		if err != nil {
			return
		}
		defer func() { _ = r.Close() }()
		last := 0
		for {
			row, err := r.Next()
			if err != nil {
				return
			}
			if row.Line <= last || row.Blank() {
				t.Fatalf("line %d after %d", row.Line, last)
			}
			last = row.Line
			for _, c := range row.Cells {
				if len(c.Text) > maxCell || len(row.Cells) > maxColumns || c.Text != strings.TrimSpace(c.Text) {
					t.Fatalf("line %d: %d cells, %q", row.Line, len(row.Cells), c.Text)
				}
				if n, ok := c.Whole(); ok {
					again, ok := (sheet.Cell{Text: strconv.FormatInt(n, 10)}).Whole()
					if !ok || again != n {
						t.Fatalf("%q is %d, which is read as %d", c.Text, n, again)
					}
				}
				if day, ok := c.Day(); ok {
					if again, ok := (sheet.Cell{Text: day.String()}).Day(); !ok || again != day {
						t.Fatalf("%q is %s, which is read as %s", c.Text, day, again)
					}
				}
			}
		}
	})
}
