package catalog

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// names finds items by parts of their names. Each letter and each pair of letters that stand in a row leads to the items
// in whose text it is; items whose text changed since those lists were made are looked through one by one.
type names struct {
	texts    []string // by item
	spans    map[gram]span
	postings []int32 // items, ascending within a span
	changed  []int32 // items whose text is not what the spans say
	isStale  bitset  // the same as a set
}

// gram is a letter, or two in a row.
type gram uint64

func pair(a, b rune) gram { return gram(a)<<32 | gram(b) }

type span struct{ from, to int32 }

// rebuildAt is how many items may be looked through one by one before the lists are made anew.
func rebuildAt(items int) int { return 256 + items/32 }

// with returns the index with other texts for some items.
func (n *names) with(texts map[int32]string, items int) *names {
	next := &names{texts: make([]string, items), spans: n.spans, postings: n.postings}
	copy(next.texts, n.texts)
	next.changed = slices.Clone(n.changed)
	next.isStale = slices.Clone(n.isStale).grown(items)
	for no, text := range texts {
		next.texts[no] = text
		if !next.isStale.has(no) {
			next.isStale.set(no)
			next.changed = append(next.changed, no)
		}
	}
	if len(next.changed) > rebuildAt(items) {
		next.rebuild()
	}
	return next
}

func (n *names) rebuild() {
	n.changed, n.isStale = nil, newBitset(len(n.texts))
	numbers := map[gram]int32{}
	var counts []int32
	n.eachGram(numbers, func(g, _ int32) {
		if int(g) == len(counts) {
			counts = append(counts, 0)
		}
		counts[g]++
	})
	ends := make([]int32, len(counts))
	total := int32(0)
	for g, count := range counts {
		ends[g] = total
		total += count
	}
	n.postings = make([]int32, total)
	n.eachGram(numbers, func(g, item int32) {
		n.postings[ends[g]] = item
		ends[g]++
	})
	n.spans = make(map[gram]span, len(numbers))
	for g, no := range numbers {
		n.spans[g] = span{ends[no] - counts[no], ends[no]}
	}
}

// eachGram calls fn once for each item and each of its grams, which it numbers in the order in which they come up.
func (n *names) eachGram(numbers map[gram]int32, fn func(gram, item int32)) {
	var last []int32 // by gram: the item seen last, plus one
	see := func(g gram, item int32) {
		no, ok := numbers[g]
		if !ok {
			no = int32(len(numbers))
			numbers[g] = no
		}
		for int(no) >= len(last) {
			last = append(last, 0)
		}
		if last[no] != item+1 {
			last[no] = item + 1
			fn(no, item)
		}
	}
	for i, text := range n.texts {
		before := rune(0)
		for _, r := range text {
			if r != 0 {
				see(pair(0, r), int32(i))
				if before != 0 {
					see(pair(before, r), int32(i))
				}
			}
			before = r
		}
	}
}

// find returns the items whose text contains every word.
func (n *names) find(words []string) bitset {
	searches := make([]search, len(words))
	for i, word := range words {
		searches[i] = n.plan(word)
	}
	slices.SortStableFunc(searches, func(a, b search) int { return cmp.Compare(a.cost(), b.cost()) })
	found := n.run(searches[0])
	for _, s := range searches[1:] {
		n.narrow(found, s)
	}
	return found
}

// search is a word and the shortest list that leads to all items with it.
type search struct {
	word  string
	span  span
	exact bool // the list leads to nothing else
}

func (s *search) cost() int32 { return s.span.to - s.span.from }

func (n *names) plan(word string) search {
	s := search{word: word}
	letters := utf8.RuneCountInString(word)
	before, first := rune(0), true
	for _, r := range word {
		if before != 0 || letters == 1 {
			if at := n.spans[pair(before, r)]; first || at.to-at.from < s.cost() {
				s.span, first = at, false
			}
		}
		before = r
	}
	s.exact = letters <= 2
	return s
}

func (n *names) run(s search) bitset {
	found := newBitset(len(n.texts))
	for _, no := range n.postings[s.span.from:s.span.to] {
		if s.exact || strings.Contains(n.texts[no], s.word) {
			found.set(no)
		}
	}
	for _, no := range n.changed {
		found.remove(no)
		if strings.Contains(n.texts[no], s.word) {
			found.set(no)
		}
	}
	return found
}

// narrow keeps the items whose text contains the word too.
func (n *names) narrow(found bitset, s search) {
	if found.count() > int(s.cost()) {
		found.and(n.run(s))
		return
	}
	found.each(func(no int32) {
		if !strings.Contains(n.texts[no], s.word) {
			found.remove(no)
		}
	})
}
