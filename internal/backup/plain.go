package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

// plainWriter passes everything on and ends with its SHA-256.
type plainWriter struct {
	w   io.Writer
	sum hash.Hash
}

func newPlainWriter(w io.Writer) (*plainWriter, error) {
	p := &plainWriter{w: w, sum: sha256.New()}
	_, err := p.Write([]byte(plainMark))
	return p, err
}

// Write implements io.Writer.
func (p *plainWriter) Write(b []byte) (int, error) {
	p.sum.Write(b) // a hash's Write never fails
	return p.w.Write(b)
}

// Close writes the end.
func (p *plainWriter) Close() error {
	_, err := p.w.Write(p.sum.Sum(nil))
	return err
}

// plainReader gives what is between the mark and the hash. It is at its end only when the hash is right.
type plainReader struct {
	r   *bufio.Reader
	sum hash.Hash
}

func newPlainReader(r *bufio.Reader) *plainReader {
	p := &plainReader{r: r, sum: sha256.New()}
	p.sum.Write([]byte(plainMark))
	return p
}

// Read implements io.Reader. The last bytes that there are may be the hash, so they are held back until more are seen.
func (p *plainReader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	ahead, err := p.r.Peek(min(len(b), pieceSize) + sha256.Size)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	switch n := len(ahead) - sha256.Size; {
	case n < 0:
		return 0, damaged("it ends too early")
	case n == 0:
		if !bytes.Equal(ahead, p.sum.Sum(nil)) {
			return 0, damaged("its SHA-256 is not what it was")
		}
		return 0, io.EOF
	default:
		copy(b, ahead[:n])
		p.sum.Write(ahead[:n])
		_, err := p.r.Discard(n)
		return n, err
	}
}
