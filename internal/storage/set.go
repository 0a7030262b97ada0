package storage

import (
	"fmt"
	"strings"
	"sync"
)

// setStatement is a statement over many rows at once. Its text reads the rows from a relation named "input"; the
// dialect supplies that relation, so one text serves both engines: arrays in one round trip on PostgreSQL, chunks of
// VALUES on SQLite.
type setStatement struct {
	columns []string
	types   []string // bigint, text or bytea
	text    string

	mu    sync.Mutex
	texts map[textKey]string // guarded by mu: finished texts
}

type textKey struct {
	dialect *dialect
	rows    int
}

// over declares a set statement. input lists the columns as "id bigint, name text". It panics on a malformed list.
func over(input, text string) *setStatement {
	s := &setStatement{text: text, texts: map[textKey]string{}}
	for _, column := range strings.Split(input, ",") {
		name, typ, ok := strings.Cut(strings.TrimSpace(column), " ")
		if !ok || (typ != "bigint" && typ != "text" && typ != "bytea") {
			panic("storage: malformed input column " + column)
		}
		s.columns = append(s.columns, name)
		s.types = append(s.types, typ)
	}
	return s
}

// sql returns the text for n rows. PostgreSQL's does not depend on n.
func (s *setStatement) sql(d *dialect, n int) string {
	if d.maxRows == 0 {
		n = 0
	}
	key := textKey{d, n}
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.texts[key]
	if !ok {
		text = d.input(s, n) + d.lookUps(d.locks.Replace(s.text))
		s.texts[key] = text
	}
	return text
}

// columnar is the input of a set statement: one []int64, []string or [][]byte per column, all of one length.
type columnar []any

func (c columnar) rows() int {
	switch column := c[0].(type) {
	case []int64:
		return len(column)
	case []string:
		return len(column)
	case [][]byte:
		return len(column)
	}
	panic(fmt.Sprintf("storage: no column type: %T", c[0]))
}

// values appends the values of rows from..to, row by row.
func (c columnar) values(args []any, from, to int) []any {
	for i := from; i < to; i++ {
		for _, column := range c {
			switch column := column.(type) {
			case []int64:
				args = append(args, column[i])
			case []string:
				args = append(args, column[i])
			case [][]byte:
				args = append(args, nilIfEmpty(column[i]))
			}
		}
	}
	return args
}

func nilIfEmpty(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// chunks cuts n rows into pieces whose sizes are powers of two, so that few different texts are prepared.
func chunks(n, most int) []int {
	var sizes []int
	for size := most; n > 0; size /= 2 {
		for n >= size {
			sizes = append(sizes, size)
			n -= size
		}
	}
	return sizes
}
