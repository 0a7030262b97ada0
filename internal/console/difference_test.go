package console

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDifferencesNameWhatChanged(t *testing.T) {
	for name, test := range map[string]struct {
		before, after string
		want          []difference
	}{
		"nothing":       {"", "", nil},
		"the same":      {`{"a":1}`, `{"a":1}`, nil},
		"new":           {"", `{"a":1,"b":true}`, []difference{{"a", "", "1"}, {"b", "", "true"}}},
		"gone":          {`{"a":"x"}`, "", []difference{{"a", "x", ""}}},
		"inside":        {`{"a":{"b":1,"c":2}}`, `{"a":{"b":1,"c":3}}`, []difference{{"a.c", "2", "3"}}},
		"lists":         {`{"a":["x"]}`, `{"a":["x","y"]}`, []difference{{"a.2", "", "y"}}},
		"a long number": {`9007199254740993`, `9007199254740992`, []difference{{"", "9007199254740993", "9007199254740992"}}},
		"no JSON":       {`{`, "", []difference{{"", "{", ""}}},
		"null":          {`{"a":null}`, `{"a":1}`, []difference{{"a", "", "1"}}},
	} {
		if diff := cmp.Diff(test.want, differences(test.before, test.after)); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
	}
}
