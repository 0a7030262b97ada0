package catalog

import (
	"bytes"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	keptBytes = 32 << 20 // of all texts of one index, usually
	keptText  = 64 << 10 // longer ones are not kept
	keptEntry = 256      // what a text takes beside its bytes, about
	askedOnce = 4096     // queries of which it is remembered that they were asked
)

// keptTexts holds what was made of pages of one index, so that what many ask for is put together once for each change of the
// catalogue. A text is kept from the second time on that its query is asked: what is asked only once leaves no copy.
type keptTexts struct {
	most  int // bytes of all texts
	seed  maphash.Seed
	asked [askedOnce]atomic.Uint32 // hashes of queries

	mu    sync.RWMutex
	texts map[GiftQuery][]byte // guarded by mu
	size  int                  // guarded by mu
}

func newKept() *keptTexts { return &keptTexts{most: keptBytes, seed: maphash.MakeSeed()} }

func (k *keptTexts) get(q *GiftQuery) []byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.texts[*q]
}

func (k *keptTexts) put(q *GiftQuery, text []byte) {
	size := len(text) + len(q.Words)
	if size > keptText || !k.askedBefore(q) {
		return
	}
	text = bytes.Clone(text)
	query := *q
	query.Words = strings.Clone(q.Words) // a request that it is cut from may be large
	size += keptEntry
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.texts[query] != nil || k.size+size > k.most {
		return
	}
	if k.texts == nil {
		k.texts = map[GiftQuery][]byte{}
	}
	k.texts[query] = text
	k.size += size
}

// askedBefore remembers a query. It may forget, or take one for another: that costs time or space, not truth.
func (k *keptTexts) askedBefore(q *GiftQuery) bool {
	hash := maphash.Comparable(k.seed, *q)
	slot := &k.asked[hash%askedOnce]
	mark := uint32(hash>>32) | 1 // never 0, which an untouched slot holds
	return slot.Swap(mark) == mark
}

// Kept returns the text that Keep was given for an equal query, or nil. It must not be changed.
func (ix *Index) Kept(q GiftQuery) []byte { return ix.kept.get(&q) }

// Keep offers a text made of ix.Gifts(q), and of nothing else, for Kept. It may be changed afterwards.
func (ix *Index) Keep(q GiftQuery, text []byte) { ix.kept.put(&q, text) }
