package partnerv2

import (
	"errors"
	"net/http"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
)

// changes answers with what changed of the offers of a kind since a state that the caller knows.
func (c *call) changes(q *query, kind gift.Kind, group string) error {
	since, ok := readSync(q.text("updated_since"))
	if !ok {
		q.fail(unknownSync)
	}
	want := catalog.FeedQuery{
		Kind: kind, CategoryID: q.id("category_id"), GroupID: q.id(group), Since: since, Limit: q.limit(),
	}
	if at := c.cursor(q, placeNumbers); at != nil {
		if want.From, ok = readPlace(at); !ok {
			q.fail(wrongCursor)
		}
	}
	if err := q.close(); err != nil {
		return err
	}
	p, err := c.index().Changes(c.r.Context(), c.Store, want)
	switch {
	case errors.Is(err, catalog.ErrUnknownState):
		return unknownSync
	case err != nil:
		return err
	}
	e := &encoder{b: make([]byte, 0, 1024+700*len(p.Rows)), origin: c.origin}
	e.b = append(e.b, `{"data":[`...)
	for i := range p.Rows {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		row := &p.Rows[i]
		e.offer(&row.View, row.Status, row.Change.Word(row.Status))
	}
	e.b = append(e.b, ']')
	if p.Next != nil {
		e.text("next", cursor{writePlace(p.Next)}.write(c.filtersOf(q)))
	}
	e.text("sync", writeSync(p.Sync))
	e.b = append(e.b, '}')
	return c.send(http.StatusOK, e.b)
}

// unknownSync is a token that nothing can be told by.
var unknownSync = wrongParameter("updated_since", "이 서버가 준 sync 토큰이 아니거나 쓸 수 없게 되었습니다. 목록을 sort=id로 처음부터 다시 받으십시오.",
	"it is no sync token of this server, or of no use any more. Read the list by sort=id again.")

// placeNumbers is how many numbers a place in a feed is written with.
const placeNumbers = 8

func writePlace(p *catalog.FeedPlace) []int64 {
	return append(sinceNumbers(p.Known), p.Seen, int64(p.Step), p.Seq, p.ID, p.Within)
}

func readPlace(n []int64) (*catalog.FeedPlace, bool) {
	known, ok := sinceOf(n)
	return &catalog.FeedPlace{Known: known, Seen: n[3], Step: int(n[4]), Seq: n[5], ID: n[6], Within: n[7]}, ok
}
