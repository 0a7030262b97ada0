// Package backup is the file that a whole database is kept in: the rows of all tables at one moment, the same whichever engine
// they come from and go to. It is written and read as a stream, in memory that does not grow with it.
//
// A file begins with a line that says which of two kinds it is. In a plain one the content follows and, at the very end, the
// SHA-256 of all before it. In an encrypted one the content is cut into pieces, each sealed with AES-256-GCM under its number
// and whether it is the last (the STREAM construction), so that none can be changed, left out, moved or cut off. Content is
// compressed with gzip: a Head as JSON, then each table's rows and how many there were.
package backup

import (
	"errors"
	"fmt"
	"time"
)

// ErrDamaged says that a file is no backup, or not as it was written.
var ErrDamaged = errors.New("the backup is damaged")

// ErrNoKey says that a backup is encrypted with a key that is not among those given.
var ErrNoKey = errors.New("the backup is encrypted with another key")

// Format is the version of the file that this package writes, and the only one that it reads.
const Format = 1

// Head is what a backup says of itself.
type Head struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`    // when the moment was that it shows
	Program string    `json:"program"` // the version of giftimbiz that made it
	Engine  string    `json:"engine"`  // "sqlite" or "postgres"
	Schema  int64     `json:"schema"`  // the number of the last migration
	Tables  []Table   `json:"tables"`  // parents before those that refer to them
}

// Table names the columns of a table, in the order of its rows' values.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
}

// Column is a column of a table.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
}

// Kind says what a column's values are, other than nil.
type Kind string

// The kinds of columns.
const (
	Int   Kind = "int"   // int64
	Text  Kind = "text"  // string
	Bytes Kind = "bytes" // []byte
)

// Key encrypts backups. Its name tells keys apart and gives nothing of them away.
type Key struct {
	Name   [16]byte
	Secret [32]byte
}

// String keeps the key out of anything that prints one.
func (k Key) String() string { return fmt.Sprintf("key %x", k.Name) }

// GoString keeps the key out of %#v.
func (k Key) GoString() string { return k.String() }

// The first bytes of a file, by its kind. Both are of one length.
const (
	plainMark  = "giftimbiz backup 1, plain    \n"
	sealedMark = "giftimbiz backup 1, encrypted\n"
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}
