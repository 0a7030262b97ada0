package docs

import (
	"net/http"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// sampleForms writes a form's example to its fields, too: Swagger UI fills them from there only.
func sampleForms(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		if form := member(n, "application/x-www-form-urlencoded"); form != nil && member(form, "example") != nil {
			fields, example := member(member(form, "schema"), "properties"), member(form, "example")
			for i := 0; i+1 < len(example.Content); i += 2 {
				set(member(fields, example.Content[i].Value), "example", 0, example.Content[i+1])
			}
		}
	}
	for _, inner := range n.Content {
		sampleForms(inner)
	}
}

// sampleProblems gives each answer that is a problem an example of each type it can be.
func (t *translator) sampleProblems(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		if problem := member(n, "application/problem+json"); problem != nil {
			if examples := t.problemsOf(problem); len(examples.Content) > 0 {
				set(problem, "examples", 0, examples)
			}
		}
	}
	for _, inner := range n.Content {
		t.sampleProblems(inner)
	}
}

// problemsOf makes the examples of an answer whose schema narrows the type: allOf of Problem and that.
func (t *translator) problemsOf(media *yaml.Node) *yaml.Node {
	examples := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	all := member(member(media, "schema"), "allOf")
	if all == nil || len(all.Content) < 2 {
		return examples
	}
	for _, word := range member(member(member(all.Content[1], "properties"), "type"), "enum").Content {
		for i := range t.codes {
			if o := &t.codes[i]; o.is(word.Value) {
				name := strings.TrimPrefix(word.Value, problemPrefix)
				value := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
				set(value, "value", 0, t.problem(o, word.Value, o.V2[name]))
				set(examples, name, 0, value)
				break
			}
		}
	}
	return examples
}

func (t *translator) problem(o *outcome, kind string, status int) *yaml.Node {
	p := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	setText(p, "type", kind)
	setText(p, "title", http.StatusText(status))
	set(p, "status", 0, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(status)})
	setText(p, "detail", strings.ReplaceAll(o.in(t.lang).Means, "`", ""))
	setText(p, "code", o.V1+o.Code) // it has one of them
	setText(p, "request_id", "7fcf35ddd00f2ba6e8ecc4cb")
	return p
}
