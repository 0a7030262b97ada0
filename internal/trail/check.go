package trail

import "fmt"

// Erasures counts texts that were erased, by what they were.
type Erasures struct {
	Actors    int64 `json:"actors"`
	Addresses int64 `json:"addresses"`
	Contents  int64 `json:"contents"`
}

// Add counts more.
func (e *Erasures) Add(more Erasures) {
	e.Actors += more.Actors
	e.Addresses += more.Addresses
	e.Contents += more.Contents
}

// Stored is a line as it is kept: with its digest, and its hash.
type Stored struct {
	Line
	Kept, Hash Hash
	Says       Erasures // what was erased, of a line that says so
}

// Checker looks at the lines of a chain, one after the other from the first, and needs no memory of them. Its zero value has seen
// none.
type Checker struct {
	last           Head
	erased, stated Erasures
}

// Next looks at the next line. It returns what is wrong with it; then the chain is broken, and no other line can be looked at.
func (c *Checker) Next(l Stored) error {
	switch want := c.last.Lines + 1; {
	case l.Number > want:
		return fmt.Errorf("line %d is missing: line %d comes after line %d", want, l.Number, want-1)
	case l.Number != want:
		return fmt.Errorf("line %d was put in: it comes after line %d", l.Number, want-1)
	}
	if digest := l.Digest(); digest != l.Kept {
		return fmt.Errorf("line %d (entry %d) does not say what it said when it was written", l.Number, l.ID)
	}
	if After(c.last.Hash, l.Kept) != l.Hash {
		return fmt.Errorf("line %d (entry %d) does not follow from line %d", l.Number, l.ID, l.Number-1)
	}
	for sealed, n := range map[*Sealed]*int64{
		&l.Actor: &c.erased.Actors, &l.Address: &c.erased.Addresses, &l.Content: &c.erased.Contents,
	} {
		if !sealed.Erased() {
			continue
		}
		*n++
		if !sealed.Empty() {
			return fmt.Errorf("line %d (entry %d) says something in place of what was erased", l.Number, l.ID)
		}
	}
	c.stated.Add(l.Says)
	c.last = Head{Lines: l.Number, Hash: l.Hash, At: l.At}
	return nil
}

// End compares what was seen with the head. It returns what is wrong.
func (c *Checker) End(head Head) error {
	switch {
	case head.Lines != c.last.Lines:
		return fmt.Errorf("the head says %d lines, there are %d", head.Lines, c.last.Lines)
	case head != c.last:
		return fmt.Errorf("the head is not that of line %d", c.last.Lines)
	case c.erased != c.stated:
		return fmt.Errorf("%d names, %d addresses and %d contents are erased, but lines say that %d, %d and %d were",
			c.erased.Actors, c.erased.Addresses, c.erased.Contents, c.stated.Actors, c.stated.Addresses, c.stated.Contents)
	}
	return nil
}
