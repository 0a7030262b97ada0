package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// What stands in the sample rows of the templates.
const (
	templateProduct = "아메리카노 톨"
	templateShop    = "골목카페 연남점"
	templateCode    = "482913" // of the shop's seller
)

// Where the columns of the vouchers' template stand.
const (
	productColumn, faceColumn, farColumn, lastDayColumn, numberColumn = 0, 2, 3, 6, 7
)

// storyVouchers is how many vouchers the operator adds to the template's.
const storyVouchers = 1000

// loadTemplates loads what each template has as a sample, in the order in which the page has them.
func (o *operator) loadTemplates() {
	o.Go("/console/imports")
	o.Check("imports-empty")
	for _, kind := range []string{"categories", "brands", "products", "shops", "sellers", "campaigns", "coupons"} {
		o.Go("/console/imports")
		name, content := o.Download("a[href='/console/import-templates/" + kind + "?format=csv']")
		rows := o.read(content)
		o.upload(kind, name, content)
		o.counts(map[string]int{"rows": len(rows) - 1, "added": len(rows) - 1})
		o.apply()
	}
	// The same as the other kind of file: everything is there.
	o.Go("/console/imports")
	name, content := o.Download("a[href='/console/import-templates/products?format=xlsx']")
	o.upload("products", name, content)
	o.counts(map[string]int{"rows": 1, "known": 1})
	o.Press("form[action$='/cancel'] button")
	o.Check("import-cancelled")
}

// loadVouchers loads the template's voucher and many more, some of them wrong, then the corrected rows, then all once more.
func (o *operator) loadVouchers() {
	o.Go("/console/imports")
	name, content := o.Download("a[href='/console/import-templates/vouchers?format=csv']")
	rows := o.read(content)
	sample := rows[1]
	for i := range storyVouchers {
		row := slices.Clone(sample)
		row[numberColumn] = fmt.Sprintf("7000%08d", i)
		rows = append(rows, row)
	}
	spoiled := map[int]string{
		productColumn: o.in("없는 상품", "no such thing"), faceColumn: "4500 won?", farColumn: "9,999,999", lastDayColumn: "2025.01.31",
		numberColumn: "12",
	}
	at := 1
	for _, column := range []int{productColumn, faceColumn, farColumn, lastDayColumn, numberColumn} {
		at += 150
		rows[at][column] = spoiled[column]
	}
	all := o.write(rows)
	o.upload("vouchers", name, all)
	o.counts(map[string]int{"rows": 1 + storyVouchers, "added": 1 + storyVouchers - len(spoiled), "refused": len(spoiled)})
	o.Shows("#import", "9,999,999")
	o.Check("import-refused-rows")
	name, refused := o.Download("a[href$='/refused?format=csv']")
	o.Fill("[name=skip]", "on")
	o.apply()
	o.Check("import-applied")
	o.upload("vouchers", name, o.correct(refused, sample))
	o.counts(map[string]int{"rows": len(spoiled), "added": len(spoiled)})
	o.apply()
	o.upload("vouchers", "again.csv", all)
	o.counts(map[string]int{"rows": 1 + storyVouchers, "known": 1 + storyVouchers - len(spoiled), "refused": len(spoiled)})
	o.Press("form[action$='/cancel'] button")
	o.Go("/console/imports")
	o.Check("imports")
}

// correct puts right what was refused, as the reasons say.
func (o *operator) correct(file []byte, sample []string) []byte {
	rows := o.read(file)
	for i, row := range rows[1:] {
		if row[len(row)-1] == "" {
			o.s.t.Errorf("row %d of the refused does not say why: %q", i+1, row)
		}
		for _, column := range []int{productColumn, faceColumn, farColumn, lastDayColumn} {
			row[column] = sample[column]
		}
		if row[numberColumn] == "12" {
			row[numberColumn] = "700099999999"
		}
	}
	return o.write(rows)
}

// upload has a file checked.
func (o *operator) upload(kind, name string, content []byte) {
	o.s.t.Helper()
	path := filepath.Join(o.s.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		o.s.t.Fatal(err)
	}
	if o.Path() != "/console/imports" {
		o.Go("/console/imports")
	}
	o.Fill("form[action='/console/imports'] [name=kind]", kind)
	o.Upload("[name=file]", path)
	o.Press("form[action='/console/imports'] button")
	o.Shows("#import", name)
}

// counts compares what a file would do; what is not named is 0.
func (o *operator) counts(want map[string]int) {
	o.s.t.Helper()
	for i, name := range []string{"rows", "added", "changed", "known", "refused"} {
		text := o.Text(fmt.Sprintf("#import tbody td:nth-child(%d)", i+1))
		if got, err := strconv.Atoi(string(bytes.ReplaceAll([]byte(text), []byte(","), nil))); err != nil || got != want[name] {
			o.s.t.Errorf("%s: %s %s, want %d", o.Path(), text, name, want[name])
		}
	}
}

// apply waits until the file is loaded.
func (o *operator) apply() {
	o.s.t.Helper()
	o.Press("form[action$='/apply'] button")
	o.Await("#import dl .good")
}

func (o *operator) read(file []byte) [][]string {
	o.s.t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) < 2 {
		o.s.t.Fatalf("%v: %.300q", err, file)
	}
	return rows
}

func (o *operator) write(rows [][]string) []byte {
	o.s.t.Helper()
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		o.s.t.Fatal(err)
	}
	return b.Bytes()
}
