package sample

import (
	_ "embed"
	"strconv"
	"strings"
)

// The tables are text, so that a name is added without touching code.
var (
	//go:embed data/brands.txt
	brandsText string
	//go:embed data/shops.txt
	shopsText string
	//go:embed data/coupons.txt
	couponsText string
)

// records calls use for each line of a table, its fields trimmed.
func records(text string, use func(fields []string)) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		use(fields)
	}
}

// number reads a field of a table. It panics on any other: the table is part of the program.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic("sample: embedded table: " + err.Error())
	}
	return n
}
