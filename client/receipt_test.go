package client_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/trail"
)

// shown is a statement, its receipt, and the trail that the receipt's line is the third of five lines of.
type shown struct {
	entries []client.StatementEntry
	receipt client.Receipt
	heads   []client.TrailHead // after 0, 1, 2 … lines
	digests []string
}

func newShown() (s shown) {
	s.entries = []client.StatementEntry{
		{ID: "12", Type: "purchase", Amount: -940, Balance: 9060}, {ID: "11", Type: "deposit", Amount: 10_000, Balance: 10_000},
	}
	text := sha256.Sum256([]byte("11,deposit,10000,10000\n12,purchase,-940,9060\n"))
	s.receipt.ReceiptContent = client.ReceiptContent{
		Partner: "demo", From: "2026-10-01", To: "2026-10-31", Closing: 9060, Purchases: 940, Entries: 2, EntriesSHA256: hex.EncodeToString(text[:]),
	}
	s.issue()
	return s
}

// issue writes what the receipt says into the trail.
func (s *shown) issue() {
	content, err := json.Marshal(s.receipt.ReceiptContent)
	if err != nil {
		panic(err)
	}
	s.receipt.Month, s.receipt.IssuedAt = "2026-10", time.UnixMilli(1000)
	s.digests = nil
	hash := trail.Hash{}
	s.heads = []client.TrailHead{{Hash: hash.String()}}
	for number := int64(1); number <= 5; number++ {
		l := trail.Line{
			Number: number, ID: 100 + number, At: 1000, Action: "statement.receipt", Subject: "partner:demo",
			Actor: trail.Seal("partner demo"), Address: trail.Seal("192.0.2.1"), Content: trail.Seal("", string(content), ""),
		}
		before := hash
		hash = trail.After(hash, l.Digest())
		s.digests = append(s.digests, l.Digest().String())
		s.heads = append(s.heads, client.TrailHead{Lines: number, Hash: hash.String()})
		if number == 3 {
			s.receipt.HashBefore, s.receipt.Hash = before.String(), hash.String()
			s.receipt.Line = client.ReceiptLine{
				Number: number, ID: strconv.FormatInt(l.ID, 10), At: l.At, Action: l.Action, Subject: l.Subject,
				ActorSHA256: l.Actor.Digest().String(), AddressSHA256: l.Address.Digest().String(),
				ContentSalt: hex.EncodeToString(l.Content.Seal), Content: string(content),
			}
		}
	}
}

func TestAReceiptIsCheckedWithoutTheServer(t *testing.T) {
	for name, harm := range map[string]func(*shown){
		"":                          func(*shown) {},
		"another closing":           func(s *shown) { s.receipt.Closing++ },
		"another line":              func(s *shown) { s.receipt.Line.Number++ },
		"another salt":              func(s *shown) { s.receipt.Line.ContentSalt = "00" },
		"another hash":              func(s *shown) { s.receipt.Hash = s.receipt.HashBefore },
		"no hash":                   func(s *shown) { s.receipt.HashBefore = "x" },
		"another partner":           func(s *shown) { s.receipt.Line.Subject = "partner:other" },
		"an entry less":             func(s *shown) { s.entries = s.entries[:1] },
		"an entry of another sum":   func(s *shown) { s.entries[0].Amount-- },
		"an entry of another order": func(s *shown) { s.entries[0].ID = "13" },
		"another month":             func(s *shown) { s.receipt.Month = "2026-09" },
		"no month":                  func(s *shown) { s.receipt.Month = "October" },
		"another time":              func(s *shown) { s.receipt.IssuedAt = s.receipt.IssuedAt.Add(time.Hour) },
		"days short of the month":   func(s *shown) { s.receipt.To = "2026-10-30"; s.issue() },
		"purchases of another sum":  func(s *shown) { s.receipt.Purchases++; s.issue() },
		"balances that do not add up": func(s *shown) {
			s.entries[1].Balance++
			text := sha256.Sum256([]byte("11,deposit,10000,10001\n12,purchase,-940,9060\n"))
			s.receipt.EntriesSHA256 = hex.EncodeToString(text[:])
			s.issue()
		},
	} {
		s := newShown()
		harm(&s)
		if err := s.receipt.Verify(s.entries); (err == nil) != (name == "") || err != nil && !errors.Is(err, client.ErrNotProved) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAHeadLeadsToALaterOne(t *testing.T) {
	s := newShown()
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) { // two digests at a time
		after, _ := strconv.Atoi(r.URL.Query().Get("after"))
		to := min(after+2, len(s.digests))
		answer, _ := json.Marshal(client.Trail{From: s.heads[after], To: s.heads[to], Head: s.heads[5], Digests: s.digests[after:to]})
		_, _ = w.Write(answer)
	})
	c := h.client()
	other := s.heads[4]
	other.Hash = s.heads[3].Hash
	for _, test := range []struct {
		earlier, later client.TrailHead
		proved         bool
	}{
		{s.receipt.Head(), s.heads[5], true},
		{s.receipt.Head(), s.heads[4], true}, // within a page
		{s.heads[0], s.heads[5], true},
		{s.heads[5], s.heads[5], true},
		{s.receipt.Head(), other, false},
		{other, s.heads[5], false},
		{s.heads[5], s.heads[4], false},
		{s.heads[4], client.TrailHead{Lines: 9, Hash: s.heads[5].Hash}, false},
		{client.TrailHead{Lines: 1, Hash: "x"}, s.heads[5], false},
	} {
		err := c.VerifyTrail(t.Context(), test.earlier, test.later)
		if (err == nil) != test.proved || err != nil && !errors.Is(err, client.ErrNotProved) {
			t.Errorf("from %s to %s: %v", fmt.Sprint(test.earlier), fmt.Sprint(test.later), err)
		}
	}
}
