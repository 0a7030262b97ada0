package backup

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const bufferSize = 256 << 10 // bytes of content that are compressed at a time

// Writer writes a backup. Whoever uses it writes the rows of the head's tables in their order, then calls Close.
type Writer struct {
	head    Head
	layer   io.WriteCloser // plain or sealed
	zip     *gzip.Writer
	out     *bufio.Writer
	table   int   // the one whose rows are written
	rows    int64 // of it so far
	scratch []byte
}

// NewWriter begins a backup; key is nil for a plain one. The head's format is filled in.
func NewWriter(w io.Writer, head Head, key *Key) (*Writer, error) {
	head.Format = Format
	b := &Writer{head: head}
	var err error
	if key == nil {
		b.layer, err = newPlainWriter(w)
	} else {
		b.layer, err = newSealedWriter(w, *key)
	}
	if err != nil {
		return nil, err
	}
	if b.zip, err = gzip.NewWriterLevel(b.layer, gzip.BestSpeed); err != nil {
		return nil, err
	}
	b.out = bufio.NewWriterSize(b.zip, bufferSize)
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	_, err = b.out.Write(append(binary.AppendUvarint(nil, uint64(len(text))), text...))
	return b, err
}

// Row writes a row of a table, whose rows before it were written already, and all those of the tables before it. Values are nil
// or what their columns' kinds say.
func (b *Writer) Row(table int, values []any) error {
	if err := b.endUpTo(table); err != nil {
		return err
	}
	row, err := appendRow(append(b.scratch[:0], rowFollows), b.head.Tables[table], values)
	if err != nil {
		return err
	}
	b.scratch = row
	b.rows++
	_, err = b.out.Write(row)
	return err
}

// endUpTo ends the tables before one.
func (b *Writer) endUpTo(table int) error {
	if table < b.table || table > len(b.head.Tables) {
		return errors.New("backup: a row of a table that ended already")
	}
	for ; b.table < table; b.table++ {
		if _, err := b.out.Write(binary.AppendUvarint([]byte{tableEnds}, uint64(b.rows))); err != nil {
			return err
		}
		b.rows = 0
	}
	return nil
}

// Close ends the backup. It does not close what was written to.
func (b *Writer) Close() error {
	if err := b.endUpTo(len(b.head.Tables)); err != nil {
		return err
	}
	if err := b.out.Flush(); err != nil {
		return err
	}
	if err := b.zip.Close(); err != nil {
		return err
	}
	return b.layer.Close()
}

// What stands before each row, and behind a table's last.
const (
	tableEnds  = 0
	rowFollows = 1
)

// nilBytes is how many bytes say which values of a row are nil.
func nilBytes(t Table) int { return (len(t.Columns) + 7) / 8 }

// appendRow appends a bit for each column, set where the value is nil, and the values that are not.
func appendRow(b []byte, t Table, values []any) ([]byte, error) {
	if len(values) != len(t.Columns) {
		return nil, fmt.Errorf("backup: a row of %s has %d values, want %d", t.Name, len(values), len(t.Columns))
	}
	nils := len(b)
	b = append(b, make([]byte, nilBytes(t))...)
	for i, v := range values {
		var fits bool
		switch v := v.(type) {
		case nil:
			b[nils+i/8] |= 1 << (i % 8)
			fits = true
		case int64:
			b, fits = binary.AppendVarint(b, v), t.Columns[i].Kind == Int
		case string:
			b, fits = append(binary.AppendUvarint(b, uint64(len(v))), v...), t.Columns[i].Kind == Text
		case []byte:
			b, fits = append(binary.AppendUvarint(b, uint64(len(v))), v...), t.Columns[i].Kind == Bytes
		}
		if !fits {
			return nil, fmt.Errorf("backup: %s.%s holds a %T, want %s", t.Name, t.Columns[i].Name, v, t.Columns[i].Kind)
		}
	}
	return b, nil
}
