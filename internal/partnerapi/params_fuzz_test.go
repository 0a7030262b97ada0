package partnerapi

import (
	"net/url"
	"strconv"
	"testing"

	"giftimbiz/internal/gift"
)

// FuzzTypedParameters reads a text as every type of parameter: what comes out without a refusal is within its bounds, and what was
// written as one is read as it was.
func FuzzTypedParameters(f *testing.F) {
	for _, text := range []string{
		"", "1", " 007 ", "9223372036854775807", "9223372036854775808", "-1", "+1", "1|2|3", "||", "2026-11-27", "00010101", "1|" + string(rune(0x665)),
		string(gift.ID(1_000_000_000_001).Ref(false)), string(gift.ID(1_000_000_000_001).Ref(true)) + ":2", ":1", "gift",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := read(url.Values{"v": {text}}.Encode(), "", "")
		if err != nil {
			return // see FuzzNoBodyDoesHarm
		}
		reading := func(name string, check func(r *reader) (fine bool)) {
			r := &reader{params: p}
			if fine := check(r); r.err != nil {
				if code := codeOf(t, r.err); code != "Q" && code != "N" && code == "" {
					t.Errorf("%q as %s: code %q", text, name, code)
				}
			} else if !fine {
				t.Errorf("%q is let through as %s", text, name)
			}
		}
		reading("a number", func(r *reader) bool { return r.number("v") >= 0 })
		reading("an index", func(r *reader) bool { n := r.index("v"); return n >= 0 && (n != 0 || r.get("v") == "") })
		reading("a list", func(r *reader) bool {
			list := r.numbers("v")
			for _, n := range list {
				if n < 0 {
					return false
				}
			}
			return len(list) >= 1 && len(list) <= maxItems
		})
		reading("a day", func(r *reader) bool { return r.day("v") >= 0 })
		reading("an order", func(r *reader) bool {
			id, sandbox := r.order("v")
			return r.get("v") == "" || string(id.Ref(sandbox)) == r.get("v")
		})
		reading("a place", func(r *reader) bool { return r.place("v").Line >= 0 })
		for _, name := range []string{"page", "limit"} {
			asked := params{{name: name, value: text}}
			r := &reader{params: asked}
			offset, limit := r.page()
			if r.err == nil && (offset < 0 || limit < 1 || limit > 1000) {
				t.Errorf("%s %q: %d rows from %d", name, text, limit, offset)
			}
		}
	})
}

// FuzzWrittenPlacesAreRead writes where a history goes on.
func FuzzWrittenPlacesAreRead(f *testing.F) {
	f.Add(int64(1_000_000_000_001), int64(0))
	f.Add(int64(1<<63-1), int64(100))
	f.Fuzz(func(t *testing.T, id, line int64) {
		if id < 0 || line < 0 {
			return
		}
		for _, sandbox := range []bool{false, true} {
			text := string(gift.ID(id).Ref(sandbox))
			if line > 0 {
				text += ":" + strconv.FormatInt(line, 10)
			}
			r := &reader{params: params{{name: "after", value: text}}}
			if got := r.place("after"); r.err != nil || got.OrderID != gift.ID(id) || got.Line != line {
				t.Errorf("%q is read as %+v, %v", text, got, r.err)
			}
		}
	})
}
