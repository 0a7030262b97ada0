package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
)

const (
	maxHead  = 1 << 20 // bytes
	maxValue = 1 << 30 // bytes; neither engine takes more
	// growth is how much of a value is made room for before it is there: a damaged length must not take all memory.
	growth = 1 << 20
)

// Reader reads a backup. Whoever uses it reads the rows of the head's tables in their order, then calls Close: only then it is
// sure that all was right.
type Reader struct {
	head   Head
	packed *bufio.Reader
	in     *bufio.Reader // what is unpacked of it
	table  int           // the one whose rows are read
	rows   uint64        // of it so far
	values []any         // of its last row
	nils   []byte
}

// NewReader begins to read a backup; keys are those that it may be encrypted with. It fails with ErrDamaged or ErrNoKey.
func NewReader(r io.Reader, keys []Key) (*Reader, error) {
	layer, err := openLayer(r, keys)
	if err != nil {
		return nil, err
	}
	packed := bufio.NewReaderSize(layer, pieceSize) // gzip reads not a byte too much of what can read single ones
	zip, err := gzip.NewReader(packed)
	if err != nil {
		return nil, unzipped(err)
	}
	zip.Multistream(false)
	b := &Reader{packed: packed, in: bufio.NewReaderSize(zip, bufferSize)}
	size, err := binary.ReadUvarint(b.in)
	if err != nil {
		return nil, unzipped(err)
	}
	if size > maxHead {
		return nil, damaged("its head is too long")
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(b.in, text); err != nil {
		return nil, unzipped(err)
	}
	if err := json.Unmarshal(text, &b.head); err != nil || b.head.Format != Format {
		return nil, damaged("its head cannot be read")
	}
	for _, t := range b.head.Tables {
		b.values = append(b.values, make([]any, max(0, len(t.Columns)-len(b.values)))...)
		b.nils = append(b.nils, make([]byte, max(0, nilBytes(t)-len(b.nils)))...)
	}
	return b, nil
}

// openLayer returns the compressed content of a file.
func openLayer(r io.Reader, keys []Key) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 2*pieceSize)
	mark := make([]byte, len(plainMark))
	if _, err := io.ReadFull(in, mark); err != nil {
		return nil, cutOff(err)
	}
	switch string(mark) {
	case plainMark:
		return newPlainReader(in), nil
	case sealedMark:
		return newSealedReader(in, keys)
	}
	return nil, damaged("it does not begin as backups do")
}

// Check reads a whole file and tells whether it is as it was written, without looking at rows.
func Check(r io.Reader, keys []Key) error {
	layer, err := openLayer(r, keys)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, layer)
	return err
}

// Head returns what the backup says of itself.
func (b *Reader) Head() Head { return b.head }

// Row returns the values of the next row of a table, good until the next call; io.EOF says that the table has no more. Then the
// first row of the head's next table follows.
func (b *Reader) Row() (values []any, err error) {
	if b.table == len(b.head.Tables) {
		return nil, errors.New("backup: there is no further table")
	}
	t := b.head.Tables[b.table]
	mark, err := b.in.ReadByte()
	switch {
	case err != nil:
		return nil, unzipped(err)
	case mark == tableEnds:
		return nil, b.endTable(t)
	case mark != rowFollows:
		return nil, damaged("a row of %s does not begin as rows do", t.Name)
	}
	b.rows++
	return b.values[:len(t.Columns)], b.readRow(t, b.values)
}

// endTable compares how many rows were read with how many were written.
func (b *Reader) endTable(t Table) error {
	written, err := binary.ReadUvarint(b.in)
	if err != nil {
		return unzipped(err)
	}
	if written != b.rows {
		return damaged("%s has %d rows where %d were written", t.Name, b.rows, written)
	}
	b.table++
	b.rows = 0
	return io.EOF
}

func (b *Reader) readRow(t Table, values []any) error {
	nils := b.nils[:nilBytes(t)]
	if _, err := io.ReadFull(b.in, nils); err != nil {
		return unzipped(err)
	}
	for i := range t.Columns {
		values[i] = nil
		if nils[i/8]&(1<<(i%8)) != 0 {
			continue
		}
		var err error
		if values[i], err = b.readValue(t.Columns[i].Kind); err != nil {
			return err
		}
	}
	return nil
}

func (b *Reader) readValue(k Kind) (any, error) {
	if k == Int {
		v, err := binary.ReadVarint(b.in)
		return v, unzipped(err)
	}
	size, err := binary.ReadUvarint(b.in)
	if err != nil {
		return nil, unzipped(err)
	}
	if size > maxValue {
		return nil, damaged("a value is too long")
	}
	value := make([]byte, min(size, growth))
	_, err = io.ReadFull(b.in, value)
	if err == nil && size > growth {
		more := bytes.NewBuffer(value)
		_, err = io.CopyN(more, b.in, int64(size-growth))
		value = more.Bytes()
	}
	if err != nil {
		return nil, unzipped(err)
	}
	switch k {
	case Text:
		return string(value), nil
	case Bytes:
		return value, nil
	}
	return nil, damaged("it has a column of kind %q", k)
}

// Close reads what is left, which must be the end: it is as it was written.
func (b *Reader) Close() error {
	if b.table != len(b.head.Tables) {
		return errors.New("backup: closed before all tables were read")
	}
	if _, err := b.in.ReadByte(); !errors.Is(err, io.EOF) {
		return damaged("something follows its last table")
	}
	switch _, err := b.packed.ReadByte(); { // its end is where what checks it looks
	case err == nil:
		return damaged("something follows its content")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// unzipped names what is wrong with content that cannot be unpacked or read, and leaves faults of reading the file as they are.
func unzipped(err error) error {
	var file *fs.PathError
	switch {
	case err == nil, errors.Is(err, ErrDamaged), errors.As(err, &file):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return damaged("its content ends too early")
	}
	return damaged("its content cannot be unpacked: %v", err)
}
