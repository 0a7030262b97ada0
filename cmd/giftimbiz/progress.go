package main

import (
	"fmt"
	"io"
	"os"
)

// progress shows how far long work is, on one line that it writes over again and again. A nil one shows nothing.
type progress struct {
	w     io.Writer
	shown string
}

// progressOn returns a progress when w is a terminal: files and pipes want no such lines.
func progressOn(w io.Writer) *progress {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return &progress{w: w}
}

// show says what is being done and how much of it is; a total of 0 is unknown.
func (p *progress) show(what string, done, total int) {
	if p == nil {
		return
	}
	line := what + " …"
	if total > 0 {
		line = fmt.Sprintf("%s %3d %%", what, int64(done)*100/int64(total))
	}
	if line != p.shown {
		p.draw(line)
	}
}

// rows returns a function that says how many rows of a table were done; nil when nothing is shown.
func (p *progress) rows(what string) func(table string, rows int64) {
	if p == nil {
		return nil
	}
	return func(table string, rows int64) { p.show(fmt.Sprintf("%s: %s, %d rows", what, table, rows), 0, 0) }
}

// clear leaves an empty line behind.
func (p *progress) clear() {
	if p != nil && p.shown != "" {
		p.draw("")
	}
}

// draw writes a line over the one before. It only decorates: what it cannot write is not missed.
func (p *progress) draw(line string) {
	const clearLine = "\r\x1b[K"
	_, _ = io.WriteString(p.w, clearLine+line)
	p.shown = line
}
