package backup

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

const (
	pieceSize = 64 << 10 // bytes of content in each piece but the last
	saltSize  = 32
	sumSize   = 16 // bytes that a piece grows by when it is sealed
)

// sealedHead is what stands before the pieces. The file's own key depends on all of it, so no byte of it can be another.
type sealedHead struct {
	name [16]byte // of the key
	salt [saltSize]byte
}

// cipher returns the file's own cipher. Each file has a key of its own, so that numbers of pieces can serve as nonces.
func (h *sealedHead) cipher(k Key) (cipher.AEAD, error) {
	info := sealedMark + string(h.name[:])
	own, err := hkdf.Key(sha256.New, k.Secret[:], h.salt[:], info, len(k.Secret))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// nonce returns that of a piece: its number, and whether it is the last.
func nonce(piece uint64, last bool) []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n[3:], piece)
	if last {
		n[11] = 1
	}
	return n
}

// sealedWriter cuts what is written into pieces and seals each.
type sealedWriter struct {
	w      io.Writer
	aead   cipher.AEAD
	piece  uint64
	buffer []byte // less than a piece, or one that more must follow
}

func newSealedWriter(w io.Writer, k Key) (*sealedWriter, error) {
	head := sealedHead{name: k.Name}
	_, _ = rand.Read(head.salt[:]) // never fails: it ends the program instead
	aead, err := head.cipher(k)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(slices.Concat([]byte(sealedMark), head.name[:], head.salt[:]))
	return &sealedWriter{w: w, aead: aead, buffer: make([]byte, 0, pieceSize+sumSize)}, err
}

// Write implements io.Writer.
func (s *sealedWriter) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		if len(s.buffer) == pieceSize {
			if err := s.seal(false); err != nil {
				return n, err
			}
		}
		fits := min(len(b), pieceSize-len(s.buffer))
		s.buffer = append(s.buffer, b[:fits]...)
		b, n = b[fits:], n+fits
	}
	return n, nil
}

// Close seals the last piece, which may be empty.
func (s *sealedWriter) Close() error { return s.seal(true) }

func (s *sealedWriter) seal(last bool) error {
	sealed := s.aead.Seal(s.buffer[:0], nonce(s.piece, last), s.buffer, nil)
	_, err := s.w.Write(sealed)
	s.piece++
	s.buffer = s.buffer[:0]
	return err
}

// sealedReader opens piece after piece. It is at its end only after the one that was sealed as the last.
type sealedReader struct {
	r      *bufio.Reader
	aead   cipher.AEAD
	piece  uint64
	buffer []byte
	left   []byte // of the buffer: what was opened and not read yet
	ended  bool
}

func newSealedReader(r *bufio.Reader, keys []Key) (*sealedReader, error) {
	var head sealedHead
	if _, err := io.ReadFull(r, head.name[:]); err != nil {
		return nil, cutOff(err)
	}
	if _, err := io.ReadFull(r, head.salt[:]); err != nil {
		return nil, cutOff(err)
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == head.name })
	if i < 0 {
		return nil, ErrNoKey
	}
	aead, err := head.cipher(keys[i])
	return &sealedReader{r: r, aead: aead, buffer: make([]byte, pieceSize+sumSize)}, err
}

// Read implements io.Reader.
func (s *sealedReader) Read(b []byte) (int, error) {
	for len(s.left) == 0 {
		if s.ended {
			return 0, io.EOF
		}
		if err := s.open(); err != nil {
			return 0, err
		}
	}
	n := copy(b, s.left)
	s.left = s.left[n:]
	return n, nil
}

// open opens the next piece, which is the last if nothing is behind it.
func (s *sealedReader) open() error {
	n, err := io.ReadFull(s.r, s.buffer)
	last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !last {
		return err
	}
	if !last {
		_, err := s.r.Peek(1)
		if last = errors.Is(err, io.EOF); err != nil && !last {
			return err
		}
	}
	opened, err := s.aead.Open(s.buffer[:0], nonce(s.piece, last), s.buffer[:n], nil)
	if err != nil {
		return damaged("piece %d of it cannot be decrypted", s.piece)
	}
	s.piece++
	s.left, s.ended = opened, last
	return nil
}

// cutOff names the early end of a file.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends too early")
	}
	return err
}
