package catalog

import (
	"bytes"
	"strings"
	"testing"
)

func TestATextIsKeptFromTheSecondTimeOnForItsQueryAndIndexOnly(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	ix, text := c.Index(), []byte("a page")
	other := anyGift
	other.Words = "카페"
	for n, want := range [][]byte{nil, nil, []byte("a page")} {
		if got := ix.Kept(anyGift); !bytes.Equal(got, want) {
			t.Errorf("look %d found %q", n, got)
		}
		ix.Keep(anyGift, text)
	}
	text[0] = 'A' // the caller writes its next answer into the same memory
	if got := ix.Kept(anyGift); string(got) != "a page" {
		t.Errorf("kept %q", got)
	}
	if got := ix.Kept(other); got != nil {
		t.Errorf("another query got %q", got)
	}
	c.Remove(101)
	if got := c.Index().Kept(anyGift); got != nil {
		t.Errorf("the next index kept %q", got)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	k := newKept()
	page := make([]byte, keptText)
	for i := range 2 * keptBytes / keptText {
		q := GiftQuery{Offset: i}
		k.put(&q, page)
		k.put(&q, page)
	}
	if k.size > keptBytes || k.size < keptBytes/2 {
		t.Errorf("%d bytes are kept", k.size)
	}
	long := GiftQuery{Limit: 1000}
	k = newKept()
	for range 3 {
		k.put(&long, make([]byte, keptText+1))
	}
	if k.get(&long) != nil {
		t.Error("a long text is kept")
	}
}

func TestWordsOfALongRequestAreNotKept(t *testing.T) {
	k := newKept()
	long := GiftQuery{Words: strings.Repeat("a", keptText)}
	for range 3 {
		k.put(&long, []byte("a page"))
	}
	if k.get(&long) != nil || k.size != 0 {
		t.Errorf("%d bytes are kept", k.size)
	}
}
