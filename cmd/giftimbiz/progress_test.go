package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestProgressIsOneLineThatIsDrawnWhenItChanges(t *testing.T) {
	var out bytes.Buffer
	p := &progress{w: &out}
	p.show("making", 0, 0)
	for i := range 400 {
		p.show("storing", i+1, 20_000)
	}
	p.clear()
	p.clear()
	const line = "\r\x1b[K"
	want := line + "making …" + line + "storing   0 %" + line + "storing   1 %" + line + "storing   2 %" + line
	if got := out.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestProgressIsForTerminalsOnly(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // a temporary file
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }() // nothing is in it
	if progressOn(file) != nil || progressOn(w) != nil || progressOn(&bytes.Buffer{}) != nil {
		t.Error("progress on something that is no terminal")
	}
	var none *progress
	none.show("nothing", 1, 2)
	none.clear()
}
