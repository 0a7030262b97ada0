package purchase

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"giftimbiz/internal/gift"
)

// requestReads is what one request needs to know of itself; it is made by the caller's goroutine.
type requestReads struct {
	needs       []need
	key         KeyHash // meaningful only when the request has a key
	request     [32]byte
	fingerprint int64
	named       naming
}

func readsOf(req *Request) requestReads {
	what := make([]byte, 0, 64+24*len(req.Items)+len(req.Reference)+len(req.Product))
	what = binary.BigEndian.AppendUint64(what, uint64(req.Kind))
	what = binary.BigEndian.AppendUint64(what, uint64(req.Cash))
	for _, item := range req.Items {
		what = binary.BigEndian.AppendUint64(what, uint64(item.OfferID))
		what = binary.BigEndian.AppendUint64(what, uint64(item.CampaignID))
		what = binary.BigEndian.AppendUint64(what, uint64(item.CouponID))
	}
	sum := sha256.Sum256(what)
	r := requestReads{needs: needsOf(req), fingerprint: int64(binary.BigEndian.Uint64(sum[:8]))}
	if !req.AnyName {
		r.named = newNaming(req.Product)
	}
	if req.Key != "" {
		r.key = KeyHash{PartnerID: req.PartnerID, Hash: sha256.Sum256([]byte(req.Key))}
		r.request = keyedRequest(req, what, r.named)
	}
	return r
}

// keyedRequest is what a key stands for. What a quote is of does not belong to it: the quote is forgotten before the key is.
func keyedRequest(req *Request, what []byte, named naming) [32]byte {
	items := len(req.Items)
	if req.QuoteID != 0 {
		what, items = what[:0], 0
	}
	what = binary.BigEndian.AppendUint64(what, uint64(items))
	what = binary.BigEndian.AppendUint64(what, uint64(req.QuoteID))
	what = binary.BigEndian.AppendUint64(what, uint64(len(req.Reference)))
	what = append(what, req.Reference...)
	if req.AnyName {
		return sha256.Sum256(append(what, 1))
	}
	return sha256.Sum256(append(append(what, 0), named.folded...))
}

// readsOfBatch collects what the whole batch must lock and read.
func readsOfBatch(batch []*waiter, now time.Time) Reads {
	r := Reads{Now: now}
	units := map[int64]int64{}
	for _, w := range batch {
		r.Partners = append(r.Partners, w.req.PartnerID)
		r.addRequest(w)
		for _, item := range w.req.Items {
			r.Offers = append(r.Offers, item.OfferID)
			if w.req.Kind == gift.StarCoupon && w.req.Hold == 0 { // its buyer is told which one it got
				units[item.OfferID]++
			}
			r.Once = append(r.Once, OnceClaim{w.req.PartnerID, item.OfferID})
			if item.CouponID != 0 {
				r.Coupons = append(r.Coupons, item.CouponID)
			}
		}
	}
	for offer, n := range units {
		r.Claims = append(r.Claims, Claim{OfferID: offer, Units: n})
	}
	slices.SortFunc(r.Claims, func(a, b Claim) int { return cmp.Compare(a.OfferID, b.OfferID) })
	r.Partners, r.Offers = sortUnique(r.Partners), sortUnique(r.Offers)
	r.Coupons = sortUnique(r.Coupons)
	r.Keys = uniqueFunc(r.Keys, func(a, b KeyHash) int {
		return cmp.Or(cmp.Compare(a.PartnerID, b.PartnerID), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	r.Repeats = uniqueFunc(r.Repeats, func(a, b Repeat) int {
		return cmp.Or(cmp.Compare(a.PartnerID, b.PartnerID), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	r.References = uniqueFunc(r.References, func(a, b Reference) int {
		return cmp.Or(cmp.Compare(a.PartnerID, b.PartnerID), cmp.Compare(a.Text, b.Text))
	})
	r.Quotes, r.Holders = sortUnique(r.Quotes), sortUnique(r.Holders)
	r.Once = uniqueFunc(r.Once, compareOnce)
	return r
}

// addRequest asks for what tells whether a request, its reference or its quote was there before.
func (r *Reads) addRequest(w *waiter) {
	switch {
	case w.req.Key != "":
		r.Keys = append(r.Keys, w.reads.key)
	case w.req.unmarked():
		r.Repeats = append(r.Repeats, Repeat{w.req.PartnerID, w.reads.fingerprint})
	}
	if w.req.Reference != "" {
		r.References = append(r.References, Reference{w.req.PartnerID, w.req.Reference})
	}
	if w.quote != nil {
		r.Quotes = append(r.Quotes, w.req.QuoteID)
	}
	if w.req.Hold > 0 {
		r.Holders = append(r.Holders, w.req.PartnerID)
	}
}

func compareOnce(a, b OnceClaim) int {
	return cmp.Or(cmp.Compare(a.PartnerID, b.PartnerID), cmp.Compare(a.OfferID, b.OfferID))
}

func sortUnique[T cmp.Ordered](s []T) []T { return uniqueFunc(s, cmp.Compare[T]) }

func uniqueFunc[T comparable](s []T, compare func(a, b T) int) []T {
	slices.SortFunc(s, compare)
	return slices.Compact(s)
}
