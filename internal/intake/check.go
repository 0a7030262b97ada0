package intake

import (
	"context"
	"errors"
	"io"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/sheet"
)

// How many rows are read before the database is asked about their numbers at once, and how long the processor is then left
// to others: a server goes on selling while it checks a file.
const (
	batchRows = 500
	batchRest = 3 * time.Millisecond
)

// check is the checking of one file.
type check struct {
	ctx      context.Context
	kind     Kind
	table    *table
	store    Store
	vault    Vault
	today    gift.Day
	names    *directory
	prices   func(gift.Brand, gift.Won) (gift.Tiers, bool)
	where    map[string]int // column key -> place in the file
	seen     map[string]int // what a row is about -> its line
	lots     map[gift.Offer]int32
	numbers  map[Hash]struct{}
	coupons  int64 // to add
	plan     *Plan
	each     func(*row) error // told of every row, in order; nil = nobody
	progress func(rows int)
	err      error // of the store or the vault, while a row was read
}

// run reads a whole file.
func (c *check) run(data []byte) error {
	file, err := sheet.Open(data)
	if err != nil {
		return explain(err)
	}
	defer func() { _ = file.Close() }() // only read
	titles, err := file.Next()
	if errors.Is(err, io.EOF) {
		return &Refusal{Text: say("파일이 비어 있습니다. 첫 줄에 제목이 있어야 합니다.", "There is nothing in the file: its first line names the columns.")}
	}
	if err != nil {
		return explain(err)
	}
	if err := c.readTitles(titles); err != nil {
		return err
	}
	rest := time.NewTicker(batchRest)
	defer rest.Stop()
	for more := true; more; {
		rest.Reset(batchRest)
		select {
		case <-rest.C:
		case <-c.ctx.Done():
			return c.ctx.Err()
		}
		var batch []*row
		if batch, more, err = c.readBatch(file); err != nil {
			return err
		}
		if err := c.settle(batch); err != nil {
			return err
		}
	}
	if c.plan.Counts.Rows == 0 {
		return &Refusal{Text: say("제목 줄 아래에 행이 없습니다.", "There are no rows below the titles.")}
	}
	return nil
}

// explain makes a refusal of what a file is to blame for.
func explain(err error) error {
	var p *sheet.Problem
	if errors.As(err, &p) {
		return refusalOf(p)
	}
	return err
}

func (c *check) readBatch(file *sheet.Reader) (batch []*row, more bool, err error) {
	for len(batch) < batchRows {
		line, err := file.Next()
		if errors.Is(err, io.EOF) {
			return batch, false, nil
		}
		if err != nil {
			return nil, false, explain(err)
		}
		r := &row{Row: line, check: c}
		if c.table.read(c, r); c.err != nil {
			return nil, false, c.err
		}
		batch = append(batch, r)
	}
	return batch, true, nil
}

// readTitles finds out which column is where. An unknown title is refused: a misspelt optional one would be lost unseen.
func (c *check) readTitles(titles sheet.Row) error {
	for i, cell := range titles.Cells {
		if cell.Text == "" {
			continue
		}
		if isReason(cell.Text) {
			continue
		}
		found := c.table.titled(cell.Text)
		said := clip(cell.Text, 40)
		if c.kind == Vouchers && likeNumber(cell.Text) {
			said = masked(cell.Text)
		}
		if found == nil {
			return &Refusal{Line: titles.Line, Text: say("'%s'은(는) 알 수 없는 열입니다. 양식을 내려받아 비교해 보십시오.",
				"There is no column %q; compare the template.", said)}
		}
		if _, twice := c.where[found.key]; twice {
			return &Refusal{Line: titles.Line, Text: say("'%s' 열이 두 번 있습니다.", "The column %q is there twice.", clip(cell.Text, 40))}
		}
		c.where[found.key] = i
	}
	for _, column := range c.table.columns {
		if _, ok := c.where[column.key]; column.needed && !ok {
			return &Refusal{Line: titles.Line, Text: Text{
				"'" + column.title.Korean + "' 열이 없습니다.", "The column \"" + column.title.English + "\" is missing.",
			}}
		}
	}
	return nil
}

// settle looks the batch's numbers up and counts its rows.
func (c *check) settle(batch []*row) error {
	if c.kind == Vouchers {
		if err := c.settleNumbers(batch); err != nil {
			return err
		}
	}
	for _, r := range batch {
		n := &c.plan.Counts
		n.Rows++
		switch r.outcome {
		case added:
			n.Added++
		case changed:
			n.Changed++
		case known:
			n.Known++
		default:
			n.Refused++
		}
		for _, f := range r.findings {
			c.plan.find(f)
		}
		if c.each != nil {
			if err := c.each(r); err != nil {
				return err
			}
		}
	}
	if c.progress != nil {
		c.progress(c.plan.Counts.Rows)
	}
	return nil
}

// first tells whether no row before was about the same thing; if one was, the row is refused, for it would undo that one,
// or the two were meant to be different things. Rows that were refused do not count.
func (c *check) first(r *row, key, about string) bool {
	line, ok := c.seen[about]
	if ok {
		r.refuse(key, say("%d행에 같은 것이 이미 있습니다.", "Line %d is about the same.", line))
	}
	return !ok
}
