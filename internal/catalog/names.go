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
	texts    []itemText // by item
	shared   []string   // by group: the text of the names that its items share
	spans    map[gram]span
	postings []int32 // items, ascending within a span
	changed  []int32 // items whose text is not what the spans say
	isStale  bitset  // the same as a set
}

// itemText is the text of an item's own names, and the group whose text is its too.
type itemText struct {
	own   string
	group int32
}

// gram is a letter, or two in a row.
type gram uint64

func pair(a, b rune) gram { return gram(a)<<32 | gram(b) }

type span struct{ from, to int32 }

func (s span) len() int32 { return s.to - s.from }

// rebuildAt is how many items may be looked through one by one before the lists are made anew.
func rebuildAt(items int) int { return 256 + items/32 }

// newTexts are the texts that differ, and how many items and groups there are.
type newTexts struct {
	items      map[int32]itemText // also those whose group has another text
	groups     map[int32]string
	itemCount  int
	groupCount int
}

// with returns the index with other texts.
func (n *names) with(t *newTexts) *names {
	next := &names{
		texts: make([]itemText, t.itemCount), shared: make([]string, t.groupCount),
		spans: n.spans, postings: n.postings,
	}
	copy(next.texts, n.texts)
	copy(next.shared, n.shared)
	for no, text := range t.groups {
		next.shared[no] = text
	}
	next.changed = slices.Clone(n.changed)
	next.isStale = slices.Clone(n.isStale).grown(t.itemCount)
	for no, text := range t.items {
		next.texts[no] = text
		if !next.isStale.has(no) {
			next.isStale.set(no)
			next.changed = append(next.changed, no)
		}
	}
	if len(next.changed) > rebuildAt(t.itemCount) {
		next.rebuild()
	}
	return next
}

// differs tells whether an item has another text than the given ones.
func (n *names) differs(no int32, text itemText, shared string) bool {
	return int(no) >= len(n.texts) || n.texts[no] != text ||
		int(text.group) >= len(n.shared) || n.shared[text.group] != shared
}

func (n *names) rebuild() {
	n.gather()
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

// gather puts the texts side by side, in the order in which a search reads them.
func (n *names) gather() {
	size := 0
	for i := range n.texts {
		size += len(n.texts[i].own)
	}
	var all strings.Builder
	all.Grow(size)
	for i := range n.texts {
		all.WriteString(n.texts[i].own)
	}
	rest := all.String()
	for i := range n.texts {
		own := &n.texts[i].own
		*own, rest = rest[:len(*own)], rest[len(*own):]
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
	look := func(text string, item int32) {
		before := rune(0)
		for _, r := range text {
			if r != 0 {
				see(pair(0, r), item)
				if before != 0 {
					see(pair(before, r), item)
				}
			}
			before = r
		}
	}
	for i, text := range n.texts {
		look(text.own, int32(i))
		if text.own != "" {
			look(n.shared[text.group], int32(i))
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
	found := searches[0].run()
	for i := range searches[1:] {
		searches[1+i].narrow(found)
	}
	return found
}

// groupHas tells whether the text that all items of a group share contains every word.
func (n *names) groupHas(group int32, words []string) bool {
	if int(group) >= len(n.shared) {
		return false
	}
	for _, word := range words {
		if !strings.Contains(n.shared[group], word) {
			return false
		}
	}
	return true
}

// search is a word and the lists that each lead to all items with it.
type search struct {
	*names
	word  string
	spans []span   // the shortest first
	exact bool     // they lead to nothing else
	known []answer // by group: whether its text has the word
}

type answer int8

const (
	unknown answer = iota
	yes
	no
)

func (s *search) cost() int32 { return s.spans[0].len() }

func (n *names) plan(word string) search {
	s := search{names: n, word: word, known: make([]answer, len(n.shared))}
	letters := utf8.RuneCountInString(word)
	before := rune(0)
	for _, r := range word {
		if before != 0 || letters == 1 {
			s.spans = append(s.spans, n.spans[pair(before, r)])
		}
		before = r
	}
	slices.SortFunc(s.spans, func(a, b span) int { return cmp.Compare(a.len(), b.len()) })
	s.exact = letters <= 2
	return s
}

func (s *search) run() bitset {
	found := s.listed(s.spans[0])
	for _, other := range s.spans[1:] {
		if other.len() > 4*s.cost() {
			break // to read it takes longer than to look at the texts
		}
		found.and(s.listed(other))
	}
	if !s.exact {
		s.verify(found)
	}
	for _, item := range s.changed {
		found.remove(item)
		if s.hits(item) {
			found.set(item)
		}
	}
	return found
}

func (s *search) listed(at span) bitset {
	found := newBitset(len(s.texts))
	for _, item := range s.postings[at.from:at.to] {
		found.set(item)
	}
	return found
}

// verify keeps the items whose text contains the word.
func (s *search) verify(found bitset) {
	found.each(func(item int32) {
		if !s.hits(item) {
			found.remove(item)
		}
	})
}

// narrow keeps the items whose text contains the word too.
func (s *search) narrow(found bitset) {
	if found.count() > int(s.cost()) {
		found.and(s.run())
		return
	}
	s.verify(found)
}

// hits tells whether an item's text contains the word. A text that many items share is looked at once.
func (s *search) hits(item int32) bool {
	text := &s.texts[item]
	if text.own == "" {
		return false
	}
	shared := &s.known[text.group]
	if *shared == unknown {
		*shared = no
		if strings.Contains(s.shared[text.group], s.word) {
			*shared = yes
		}
	}
	return *shared == yes || strings.Contains(text.own, s.word)
}
