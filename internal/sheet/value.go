package sheet

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"giftimbiz/internal/gift"
)

// Whole reads a cell as a whole number: digits, also with commas between them, a currency sign or 원 around them, or ".0"
// behind them, as spreadsheets write numbers.
func (c Cell) Whole() (n int64, ok bool) {
	text := strings.TrimSuffix(strings.TrimLeft(c.Text, "₩￦\\ "), "원") // the won sign of CP949 is a backslash
	if text = strings.TrimSpace(text); thousands.MatchString(text) {
		text = strings.ReplaceAll(text, ",", "")
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	if !decimal.MatchString(text) {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// thousands matches numbers with commas where they belong: "1,5" and "4,50" are not what they were meant to be.
var thousands = regexp.MustCompile(`^-?\d{1,3}(,\d{3})+(\.\d*)?$`)

var decimal = regexp.MustCompile(`^-?\d+(\.\d*)?([eE]\+?\d+)?$`)

// dateLayouts are how people write days; a time behind one is dropped.
var dateLayouts = []string{"2006-1-2", "2006.1.2", "2006/1/2", "20060102", "2006. 1. 2", "2006. 1. 2.", "2006.1.2.", "2006년 1월 2일", "2006년1월2일"}

// The serial numbers that are taken for days, from 1982 to 2119: no other number means one.
const minSerial, maxSerial = 30_000, 80_000

// Day reads a cell as a day: 2025-12-31, 2025.12.31, 2025/12/31, 20251231, 2025년 12월 31일, or the number by which Excel
// counts days.
func (c Cell) Day() (day gift.Day, ok bool) {
	if serial, err := strconv.ParseFloat(c.Text, 64); err == nil && serial >= minSerial && serial < maxSerial {
		t, err := excelize.ExcelDateToTime(math.Trunc(serial), c.early)
		return gift.DateOf(t.Date()), err == nil
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, c.Text); err == nil {
			return gift.DateOf(t.Date()), true
		}
	}
	if date, clock, ok := strings.Cut(c.Text, " "); ok && clockTime.MatchString(clock) {
		return Cell{Text: date, early: c.early}.Day()
	}
	return 0, false
}

var clockTime = regexp.MustCompile(`^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$`)
