package trail_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"giftimbiz/internal/trail"
)

// chain returns lines that were written one after the other, and the head.
func chain(n int) ([]trail.Stored, trail.Head) {
	var head trail.Head
	lines := make([]trail.Stored, n)
	for i := range lines {
		l := &lines[i]
		l.Line = trail.Line{
			Number: int64(i + 1), ID: int64(100 + i), At: int64(1000 + i), OperatorID: 7, Action: "order.refund", Subject: "order:1",
			Actor: trail.Seal("kim@example.com"), Address: trail.Seal("192.0.2.1"), Content: trail.Seal("", `{"amount":5}`, "wrong"),
		}
		l.Kept = l.Digest()
		l.Hash = trail.After(head.Hash, l.Kept)
		head = trail.Head{Lines: l.Number, Hash: l.Hash, At: l.At}
	}
	return lines, head
}

func check(lines []trail.Stored, head trail.Head) error {
	var c trail.Checker
	for _, l := range lines {
		if err := c.Next(l); err != nil {
			return err
		}
	}
	return c.End(head)
}

// TestTheEncodingIsWhatTheGuideSays: who checks a line by another program goes by these bytes.
func TestTheEncodingIsWhatTheGuideSays(t *testing.T) {
	if got := string(trail.Netstrings("a", "", "가,")); got != "1:a,0:,4:가,," {
		t.Error(got)
	}
	salted := func(texts ...string) trail.Sealed {
		return trail.Sealed{Seal: []byte(strings.Repeat("s", 16)), Texts: texts}
	}
	l := trail.Line{
		Number: 1, ID: 2, At: 3, OperatorID: 4, Action: "a", Subject: "s",
		Actor: salted("kim"), Address: salted("::1"), Content: salted("", "{}", "n"),
	}
	// printf '22:giftimbiz audit text 1,32:73737373737373737373737373737373,3:kim,' | sha256sum
	if got := l.Actor.Digest().String(); got != "babc1f4814b8b01c5c5d794958077867e0dd1a9b12d61470c1f11db2f3ca3d90" {
		t.Error(got)
	}
	// printf '22:giftimbiz audit line 1,1:1,1:2,1:3,1:4,1:a,1:s,64:…,64:…,64:…,' | sha256sum
	if got := l.Digest().String(); got != "d989795254e84ae480fb7674fbfb5acd012bd15d70854df268e053aa7dcdda0e" {
		t.Error(got)
	}
	if got := trail.After(trail.Hash{}, l.Digest()).String(); got != "6767d47716369e63687d883998ddfcd233158b62d2d808fc5ef963d9601d5cf9" {
		t.Error(got)
	}
}

func TestAChainThatNobodyTouchedIsWhole(t *testing.T) {
	for n := range 4 {
		if err := check(chain(n)); err != nil {
			t.Errorf("%d lines: %v", n, err)
		}
	}
}

func TestWhatIsErasedLeavesTheChainWhole(t *testing.T) {
	lines, head := chain(3)
	was := lines[1].Digest()
	lines[1].Actor, lines[1].Content = lines[1].Actor.Erase(), lines[1].Content.Erase()
	if lines[1].Actor.Texts[0] != "" || !lines[1].Content.Erased() || lines[0].Actor.Erased() || lines[1].Digest() != was {
		t.Errorf("%+v", lines[1])
	}
	if err := check(lines, head); err == nil || err.Error() !=
		"1 names, 0 addresses and 1 contents are erased, but lines say that 0, 0 and 0 were" {
		t.Error(err)
	}
	lines[2].Says = trail.Erasures{Actors: 1, Contents: 1}
	if err := check(lines, head); err != nil {
		t.Error(err)
	}
	lines[1].Content.Texts[2] = "another reason"
	if err := check(lines, head); err == nil || !strings.Contains(err.Error(), "line 2 (entry 101) says something in place of") {
		t.Error(err)
	}
}

func TestEachTextHasASaltOfItsOwn(t *testing.T) {
	if one, other := trail.Seal("kim"), trail.Seal("kim"); one.Digest() == other.Digest() {
		t.Error("who knows one digest finds the same name elsewhere")
	}
}

func TestEachChangeIsFoundWhereItIs(t *testing.T) {
	for name, test := range map[string]struct {
		harm func(lines []trail.Stored, head *trail.Head) []trail.Stored
		want string
	}{
		"an action": {func(l []trail.Stored, _ *trail.Head) []trail.Stored { l[1].Action = "x"; return l }, "line 2 (entry 101) does not say"},
		"a name":    {func(l []trail.Stored, _ *trail.Head) []trail.Stored { l[0].Actor.Texts[0] = ""; return l }, "line 1 (entry 100) does not say"},
		"a salt":    {func(l []trail.Stored, _ *trail.Head) []trail.Stored { l[2].Content.Seal[0]++; return l }, "line 3 (entry 102) does not say"},
		"a line written anew": {func(l []trail.Stored, _ *trail.Head) []trail.Stored {
			l[1].Action = "x"
			l[1].Kept = l[1].Digest()
			return l
		}, "line 2 (entry 101) does not follow from line 1"},
		"a line written anew, with its hash": {func(l []trail.Stored, _ *trail.Head) []trail.Stored {
			l[1].Action = "x"
			l[1].Kept = l[1].Digest()
			l[1].Hash = trail.After(l[0].Hash, l[1].Kept)
			return l
		}, "line 3 (entry 102) does not follow from line 2"},
		"a gap":  {func(l []trail.Stored, _ *trail.Head) []trail.Stored { return slices.Delete(l, 1, 2) }, "line 2 is missing: line 3 comes after line 1"},
		"twice":  {func(l []trail.Stored, _ *trail.Head) []trail.Stored { return slices.Insert(l, 1, l[0]) }, "line 1 was put in: it comes after line 1"},
		"a tail": {func(l []trail.Stored, _ *trail.Head) []trail.Stored { return l[:2] }, "the head says 3 lines, there are 2"},
		"a head": {func(l []trail.Stored, h *trail.Head) []trail.Stored { h.At++; return l }, "the head is not that of line 3"},
	} {
		lines, head := chain(3)
		if err := check(test.harm(lines, &head), head); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ExampleHash_String() {
	fmt.Println(trail.Hash{})
	// Output: 0000000000000000000000000000000000000000000000000000000000000000
}
