package docs

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"giftimbiz/internal/locale"
)

//go:embed openapi/v1.yaml openapi/v2.yaml
var specFiles embed.FS

// Versions are those of the API, by the names of their documents.
var Versions = []string{"v1", "v2"}

// Extensions of our own, which are not served.
const (
	koreanKey = "x-ko"     // Korean texts beside English ones
	codesKey  = "x-codes"  // says that the words of an enumeration are explained
	commonKey = "x-common" // what is only there to be merged into other places
)

// spec is an OpenAPI document in one language, ready to be sent.
type spec struct {
	yaml, json []byte
	operations []operation
}

// specOf reads a version's document and puts in this server's address.
func specOf(version string, lang locale.Language, publicURL string, codes []outcome) (*spec, error) {
	text, err := specFiles.ReadFile("openapi/" + version + ".yaml")
	if err != nil {
		return nil, err
	}
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s.yaml: %w", version, err)
	}
	t := translator{lang: lang, codes: codes}
	root := t.node(file.Content[0])
	if servers := member(root, "servers"); servers != nil {
		setText(servers.Content[0], "url", publicURL)
	}
	s := &spec{operations: operationsOf(root, version)}
	sampleForms(root)
	t.sampleProblems(root)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("%s.yaml: %w", version, err)
	}
	s.yaml = out.Bytes()
	s.json = append(appendJSON(nil, root), '\n')
	return s, nil
}

// translator copies a document: in one language, without aliases, merged keys and extensions of our own.
type translator struct {
	lang  locale.Language
	codes []outcome
}

func (t *translator) node(n *yaml.Node) *yaml.Node {
	switch n.Kind {
	case yaml.AliasNode:
		return t.node(n.Alias)
	case yaml.SequenceNode:
		out := &yaml.Node{Kind: yaml.SequenceNode, Tag: n.Tag, Style: n.Style}
		for _, item := range n.Content {
			out.Content = append(out.Content, t.node(item))
		}
		return out
	case yaml.MappingNode:
		return t.mapping(n)
	default:
		return &yaml.Node{Kind: n.Kind, Tag: n.Tag, Style: n.Style, Value: n.Value}
	}
}

func (t *translator) mapping(n *yaml.Node) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: n.Tag, Style: n.Style}
	var korean, groups *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Tag == "!!merge":
			merge(out, t.node(value))
		case key.Value == koreanKey:
			korean = value
		case key.Value == codesKey:
			groups = value
		case key.Value != commonKey:
			set(out, key.Value, key.Style, t.node(value))
		}
	}
	if korean != nil && t.lang == locale.Korean {
		speakKorean(out, korean)
	}
	if groups != nil {
		t.explain(out, groups)
	}
	return out
}

// merge adds the members that are not there; those that come later in the text replace them.
func merge(to, from *yaml.Node) {
	for i := 0; i+1 < len(from.Content); i += 2 {
		if key := from.Content[i]; member(to, key.Value) == nil {
			set(to, key.Value, key.Style, from.Content[i+1])
		}
	}
}

// speakKorean puts Korean texts in the places of English ones.
func speakKorean(to, korean *yaml.Node) {
	if korean.Kind == yaml.ScalarNode {
		setText(to, "description", korean.Value)
		return
	}
	for i := 0; i+1 < len(korean.Content); i += 2 {
		setText(to, korean.Content[i].Value, korean.Content[i+1].Value)
	}
}

// explain says after an enumeration's description what its words mean, by the rows of some groups; no list = all.
func (t *translator) explain(schema, groups *yaml.Node) {
	var rows []outcome
	for _, o := range t.codes {
		if len(groups.Content) == 0 || slices.ContainsFunc(groups.Content, func(g *yaml.Node) bool { return g.Value == o.Group }) {
			rows = append(rows, o)
		}
	}
	var words []string
	for _, word := range member(schema, "enum").Content {
		words = append(words, word.Value)
	}
	text := wordTable(rows, words, t.lang)
	if before := member(schema, "description"); before != nil {
		text = before.Value + "\n\n" + text
	}
	setText(schema, "description", text)
}

// member returns the value of a mapping's key, or nil.
func member(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func set(mapping *yaml.Node, key string, style yaml.Style, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content[i+1] = value
			return
		}
	}
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: style, Value: key}
	mapping.Content = append(mapping.Content, name, value)
}

func setText(mapping *yaml.Node, key, text string) {
	value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if mapping.Style&yaml.FlowStyle != 0 || !strings.Contains(text, "\n") {
		value.Style = yaml.DoubleQuotedStyle
	} else {
		value.Style = yaml.LiteralStyle
	}
	set(mapping, key, 0, value)
}

// appendJSON writes a document with its members in the order in which they stand.
func appendJSON(b []byte, n *yaml.Node) []byte {
	switch n.Kind {
	case yaml.MappingNode:
		b = append(b, '{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, n.Content[i].Value), ':')
			b = appendJSON(b, n.Content[i+1])
		}
		return append(b, '}')
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, item := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item)
		}
		return append(b, ']')
	}
	switch n.Tag {
	case "!!int", "!!float", "!!bool", "!!null":
		return append(b, n.Value...)
	}
	return appendText(b, n.Value)
}

func appendText(b []byte, text string) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic("docs: a text is no JSON: " + err.Error()) // it is a text
	}
	return append(b, bytes.TrimRight(out.Bytes(), "\n")...)
}
