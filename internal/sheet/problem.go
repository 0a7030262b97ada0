package sheet

import "fmt"

// Bounds of what is read. A file beyond one of them is refused, never cut.
const (
	MaxFile    = 32 << 20  // bytes of a file
	maxUnzip   = 512 << 20 // bytes of all that an XLSX file holds
	maxInMem   = 16 << 20  // bytes of one of its parts that are kept in memory; larger ones go to a temporary file
	MaxRows    = 500_000   // lines, empty ones included
	maxColumns = 100
	maxCell    = 4000 // bytes
)

// Problem is why a file, or a cell of it, cannot be read, said to people in both languages.
type Problem struct {
	Line    int // 0 = the file as a whole
	Korean  string
	English string
}

// Error implements error, in English.
func (p *Problem) Error() string {
	if p.Line > 0 {
		return fmt.Sprintf("line %d: %s", p.Line, p.English)
	}
	return p.English
}

func problem(korean, english string, values ...any) *Problem {
	return &Problem{Korean: fmt.Sprintf(korean, values...), English: fmt.Sprintf(english, values...)}
}

func (p *Problem) at(line int) *Problem {
	p.Line = line
	return p
}

// ErrTooLarge says that a file has more than MaxFile bytes.
var ErrTooLarge = problem("파일이 너무 큽니다. %d MiB까지 읽습니다. 나누어 올리십시오.",
	"The file is too large: up to %d MiB are read. Split it.", MaxFile>>20)

func errEmpty() *Problem {
	return problem("파일이 비어 있습니다.", "The file is empty.")
}

func errEncoding() *Problem {
	return problem("UTF-8도 CP949(EUC-KR)도 아닙니다. 엑셀에서 'CSV UTF-8'이나 XLSX로 저장하십시오.",
		"This is neither UTF-8 nor CP949. Save it as \"CSV UTF-8\" or XLSX.")
}

func errTooManyRows() *Problem {
	return problem("행이 너무 많습니다. %d행까지 읽습니다.", "There are too many rows: up to %d are read.", MaxRows)
}

func errTooManyColumns() *Problem {
	return problem("열이 너무 많습니다. %d열까지 읽습니다.", "There are too many columns: up to %d are read.", maxColumns)
}

func errQuotes() *Problem {
	return problem("따옴표가 맞지 않습니다.", "The quotes do not match.")
}

func errWorkbook() *Problem {
	return problem("XLSX 파일이 손상되었거나 암호가 걸려 있습니다.", "The XLSX file is damaged or has a password.")
}

func errUnzipped() *Problem {
	return problem("압축을 풀면 %d MiB가 넘는 XLSX 파일은 읽지 않습니다.",
		"An XLSX file that unpacks to more than %d MiB is not read.", maxUnzip>>20)
}

func errOldExcel() *Problem {
	return problem("예전 엑셀 형식(.xls)이거나 암호가 걸린 파일입니다. XLSX로 저장하십시오.",
		"This is a file of old Excel (.xls) or has a password. Save it as XLSX.")
}

// What may be wrong with one cell.
var (
	formula = problem("수식은 읽지 않습니다. 값으로 붙여 넣으십시오.", "A formula is not read: paste its value.")
	tooLong = problem("칸의 내용이 너무 깁니다.", "The cell holds too much text.")
	rounded = problem("엑셀이 숫자로 바꾸어 자릿수를 잃었습니다. 열을 '텍스트'로 두고 다시 넣으십시오.",
		"Excel took this for a number and lost digits: format the column as text and enter it again.")
)
