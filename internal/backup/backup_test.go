package backup_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/backup"
)

var (
	oneKey   = backup.Key{Name: [16]byte{1}, Secret: [32]byte{1}}
	otherKey = backup.Key{Name: [16]byte{2}, Secret: [32]byte{2}}

	head = backup.Head{
		Format: backup.Format, Made: time.Date(2025, 9, 15, 3, 0, 0, 0, time.UTC), Program: "test", Engine: "sqlite", Schema: 1,
		Tables: []backup.Table{
			{Name: "empty", Columns: []backup.Column{{Name: "id", Kind: backup.Int}}},
			{Name: "things", Columns: []backup.Column{
				{Name: "id", Kind: backup.Int}, {Name: "name", Kind: backup.Text}, {Name: "body", Kind: backup.Bytes},
			}},
			{Name: "last", Columns: []backup.Column{{Name: "id", Kind: backup.Int}}},
		},
	}
	few = [][][]any{
		{},
		{
			{int64(0), "", []byte{}},
			{int64(math.MinInt64), "남양)초콜릿", []byte{0, 255}},
			{int64(math.MaxInt64), nil, nil},
			{nil, "a\x00b", []byte("c")},
		},
		{{int64(7)}},
	}
)

// kinds are the two kinds of files, each with the key that it is written with.
var kinds = map[string]*backup.Key{"plain": nil, "encrypted": &oneKey}

func written(t testing.TB, key *backup.Key, tables [][][]any) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := backup.NewWriter(&file, head, key)
	if err != nil {
		t.Fatal(err)
	}
	for i, rows := range tables {
		for _, row := range rows {
			if err := w.Row(i, row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// read returns all that a file holds, or the first error.
func read(file io.Reader, keys ...backup.Key) (backup.Head, [][][]any, error) {
	r, err := backup.NewReader(file, keys)
	if err != nil {
		return backup.Head{}, nil, err
	}
	tables := [][][]any{}
	for range r.Head().Tables {
		rows := [][]any{}
		for {
			values, err := r.Row()
			if err == io.EOF {
				break
			}
			if err != nil {
				return backup.Head{}, nil, err
			}
			rows = append(rows, slices.Clone(values))
		}
		tables = append(tables, rows)
	}
	return r.Head(), tables, r.Close()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	many := [][][]any{few[0], nil, few[2]}
	for i := range 20_000 { // several pieces, and a value of more than one
		many[1] = append(many[1], []any{int64(i), fmt.Sprint("name ", i*i), []byte(fmt.Sprint(i))})
	}
	many[1] = append(many[1], []any{int64(0), strings.Repeat("long", 1<<20), []byte{}})
	for kind, key := range kinds {
		for name, tables := range map[string][][][]any{"few": few, "many": many} {
			t.Run(kind+", "+name, func(t *testing.T) {
				file := written(t, key, tables)
				got, rows, err := read(bytes.NewReader(file), otherKey, oneKey)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(head, got); diff != "" {
					t.Errorf("head (-written +read)\n%s", diff)
				}
				if diff := cmp.Diff(tables, rows); diff != "" {
					t.Errorf("rows (-written +read)\n%.2000s", diff)
				}
				if err := backup.Check(bytes.NewReader(file), []backup.Key{oneKey}); err != nil {
					t.Errorf("check: %v", err)
				}
			})
		}
	}
}

// TestPiecesMayEndAnywhere writes files around the size of a piece, of what cannot be compressed.
func TestPiecesMayEndAnywhere(t *testing.T) {
	noise := make([]byte, 140_000)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	short := len(written(t, &oneKey, few))
	for size := 65_536 - short - 64; size < 65_536+64; size += 7 {
		for kind, key := range kinds {
			tables := [][][]any{few[0], {{int64(1), "", noise[:size]}}, few[2]}
			_, rows, err := read(bytes.NewReader(written(t, key, tables)), oneKey)
			if err != nil || !bytes.Equal(rows[1][0][2].([]byte), noise[:size]) {
				t.Fatalf("%s, %d bytes: %v", kind, size, err)
			}
		}
	}
}

func TestNoByteOfAFileCanBeAnotherOrBeMissing(t *testing.T) {
	for kind, key := range kinds {
		t.Run(kind, func(t *testing.T) {
			file := written(t, key, few)
			refused := func(what string, damaged []byte) {
				t.Helper()
				_, _, err := read(bytes.NewReader(damaged), oneKey)
				if !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrNoKey) {
					t.Errorf("read with %s: %v", what, err)
				}
				err = backup.Check(bytes.NewReader(damaged), []backup.Key{oneKey})
				if !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrNoKey) {
					t.Errorf("check with %s: %v", what, err)
				}
			}
			for i := range file {
				other := bytes.Clone(file)
				other[i] ^= 1 << (i % 8)
				refused(fmt.Sprintf("byte %d changed", i), other)
				refused(fmt.Sprintf("only %d bytes", i), file[:i])
				refused(fmt.Sprintf("byte %d gone", i), slices.Concat(file[:i], file[i+1:]))
			}
			refused("a byte behind it", append(bytes.Clone(file), 0))
			refused("another file behind it", slices.Concat(file, file))
		})
	}
}

// TestPiecesCannotBeMovedOrLeftOut damages an encrypted file of several pieces at their borders.
func TestPiecesCannotBeMovedOrLeftOut(t *testing.T) {
	const before, piece = 30 + 16 + 32, 64<<10 + 16
	noise := make([]byte, 4*piece)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	file := written(t, &oneKey, [][][]any{few[0], {{int64(1), "", noise}}, few[2]})
	at := func(n int) []byte { return file[before+n*piece : before+(n+1)*piece] }
	rest := file[before+4*piece:]
	for name, damaged := range map[string][]byte{
		"ends at a border":    file[:before+2*piece],
		"without a piece":     slices.Concat(file[:before], at(0), at(2), at(3), rest),
		"two pieces swapped":  slices.Concat(file[:before], at(1), at(0), at(2), at(3), rest),
		"a piece twice":       slices.Concat(file[:before], at(0), at(0), at(1), at(2), at(3), rest),
		"nothing but its end": slices.Concat(file[:before], rest),
	} {
		if err := backup.Check(bytes.NewReader(damaged), []backup.Key{oneKey}); !errors.Is(err, backup.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := backup.Check(bytes.NewReader(file), []backup.Key{oneKey}); err != nil {
		t.Errorf("whole: %v", err)
	}
}

func TestAnEncryptedFileNeedsItsKey(t *testing.T) {
	file := written(t, &oneKey, few)
	if _, _, err := read(bytes.NewReader(file), otherKey); !errors.Is(err, backup.ErrNoKey) {
		t.Errorf("with another key: %v", err)
	}
	if _, _, err := read(bytes.NewReader(file)); !errors.Is(err, backup.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	named := otherKey
	named.Name = oneKey.Name
	if _, _, err := read(bytes.NewReader(file), named); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("with another key under its name: %v", err)
	}
	if bytes.Contains(file, []byte("sqlite")) || bytes.Contains(file, []byte("things")) {
		t.Error("something of it can be read without a key")
	}
	again := written(t, &oneKey, few)
	if bytes.Equal(again[len(again)-40:], file[len(file)-40:]) {
		t.Error("two files are encrypted alike")
	}
}

func TestKeysArePrintedByTheirNamesOnly(t *testing.T) {
	k := backup.Key{Name: [16]byte{0xab}, Secret: [32]byte{0xcd, 0xcd}}
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k), fmt.Sprint([]backup.Key{k})} {
		if strings.Contains(text, "cd") || strings.Contains(text, "205") || !strings.Contains(text, "ab00") {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestRowsThatDoNotFitTheirTableAreNotWritten(t *testing.T) {
	for name, row := range map[string][]any{
		"too few values":  {int64(1)},
		"too many values": {int64(1), "", []byte{}, nil},
		"another kind":    {"1", "", []byte{}},
		"no kind at all":  {int64(1), 1.5, []byte{}},
	} {
		w, err := backup.NewWriter(io.Discard, head, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Row(1, row); err == nil {
			t.Errorf("%s: was written", name)
		}
	}
}

// FuzzRead reads what may be no backup: that is said, and nothing worse happens.
func FuzzRead(f *testing.F) {
	for _, key := range kinds {
		f.Add(written(f, key, few))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		_, _, err := read(bytes.NewReader(file), oneKey)
		if err != nil && !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrNoKey) {
			t.Error(err)
		}
	})
}
