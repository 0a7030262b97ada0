package bench

import (
	"context"
	"encoding/binary"
	"io"
	"math"

	"github.com/jackc/pgx/v5"
)

// rowWriter writes rows in PostgreSQL's binary format of COPY. It is told the columns of a row one by one, which says of
// what type they are.
type rowWriter struct {
	w   io.Writer
	buf []byte
	err error // the first
}

// copyChunk is how many bytes are gathered before they are sent.
const copyChunk = 256 << 10

func newRowWriter(w io.Writer) *rowWriter {
	// The signature, no flags, no extension.
	return &rowWriter{w: w, buf: append(make([]byte, 0, copyChunk+4096), "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)}
}

// row begins a row of so many columns. It tells whether it makes sense to go on.
func (r *rowWriter) row(columns int) bool {
	if len(r.buf) >= copyChunk {
		r.send()
	}
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(columns))
	return r.err == nil
}

func (r *rowWriter) send() {
	if r.err == nil {
		_, r.err = r.w.Write(r.buf)
	}
	r.buf = r.buf[:0]
}

func (r *rowWriter) bigint(values ...int64) {
	for _, v := range values {
		r.buf = binary.BigEndian.AppendUint32(r.buf, 8)
		r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(v))
	}
}

func (r *rowWriter) smallint(values ...int16) {
	for _, v := range values {
		r.buf = binary.BigEndian.AppendUint32(r.buf, 2)
		r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(v))
	}
}

func (r *rowWriter) bytea(values ...[]byte) {
	for _, v := range values {
		r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(len(v)))
		r.buf = append(r.buf, v...)
	}
}

// null is a column without a value, of any type.
func (r *rowWriter) null(columns int) {
	for range columns {
		r.buf = binary.BigEndian.AppendUint32(r.buf, math.MaxUint32)
	}
}

// end sends what is left.
func (r *rowWriter) end() error {
	r.buf = binary.BigEndian.AppendUint16(r.buf, math.MaxUint16)
	r.send()
	return r.err
}

// pour fills a table that was emptied in the same transaction, with rows that everybody sees and no vacuum has to look at.
func pour(ctx context.Context, conn *pgx.Conn, table string, write func(*rowWriter) error) error {
	from, to := io.Pipe()
	go func() {
		rows := newRowWriter(to)
		err := write(rows)
		if err == nil {
			err = rows.end()
		}
		_ = to.CloseWithError(err) // never fails
	}()
	_, err := conn.PgConn().CopyFrom(ctx, from, "COPY "+table+" FROM STDIN (FORMAT binary, FREEZE)")
	_ = from.CloseWithError(io.ErrClosedPipe) // ends the writing when the reading failed
	return err
}
