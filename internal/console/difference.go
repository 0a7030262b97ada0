package console

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// difference is something that a change made another.
type difference struct {
	Name          string // such as "limits.daily"
	Before, After string // empty: it was not there, or is not any more
}

// differences compares two states of the audit trail, which are JSON or empty. What did not change is left out.
func differences(before, after string) []difference {
	was, is := flat(before), flat(after)
	all := maps.Clone(was)
	maps.Copy(all, is)
	var list []difference
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if was[name] != is[name] {
			list = append(list, difference{Name: name, Before: was[name], After: is[name]})
		}
	}
	return list
}

// flat names every value of a state. A state that is no object has one value without a name.
func flat(state string) map[string]string {
	values := map[string]string{}
	if state == "" {
		return values
	}
	var v any
	exact := json.NewDecoder(strings.NewReader(state))
	exact.UseNumber() // amounts are longer than a float holds
	if err := exact.Decode(&v); err != nil {
		values[""] = state
		return values
	}
	flatten(values, "", v)
	return values
}

func flatten(values map[string]string, name string, v any) {
	under := func(key string) string {
		if name == "" {
			return key
		}
		return name + "." + key
	}
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			flatten(values, under(key), child)
		}
	case []any:
		for i, child := range v {
			flatten(values, under(strconv.Itoa(i+1)), child)
		}
	case string:
		values[name] = v
	case json.Number:
		values[name] = v.String()
	case bool:
		values[name] = strconv.FormatBool(v)
	}
}
