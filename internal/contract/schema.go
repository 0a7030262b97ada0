package contract

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// where a document stands for the compiler of schemas.
const where = "https://document.example/openapi.json"

// compile makes validators of all schemas that bodies and parameters have, once: the library's own checks would make them anew for each
// answer, which takes a millisecond.
func compile(doc *openapi3.T) (map[*openapi3.Schema]*jsonschema.Schema, error) {
	text, err := doc.MarshalJSON()
	if err != nil {
		return nil, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := compiler{Compiler: jsonschema.NewCompiler(), made: map[*openapi3.Schema]*jsonschema.Schema{}}
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(where, value); err != nil {
		return nil, err
	}
	for path, item := range doc.Paths.Map() {
		c.parameters(item.Parameters)
		for _, op := range item.Operations() {
			c.operation(op)
		}
		if c.err != nil {
			return nil, fmt.Errorf("%s: %w", path, c.err)
		}
	}
	return c.made, nil
}

type compiler struct {
	*jsonschema.Compiler
	made  map[*openapi3.Schema]*jsonschema.Schema
	count int
	err   error
}

func (c *compiler) operation(op *openapi3.Operation) {
	c.parameters(op.Parameters)
	if op.RequestBody != nil {
		c.content(op.RequestBody.Value.Content)
	}
	for _, response := range op.Responses.Map() {
		c.content(response.Value.Content)
	}
}

func (c *compiler) parameters(list openapi3.Parameters) {
	for _, p := range list {
		c.schema(p.Value.Schema)
	}
}

func (c *compiler) content(content openapi3.Content) {
	for _, media := range content {
		c.schema(media.Schema)
	}
}

// schema compiles one. Its references lead into the document.
func (c *compiler) schema(ref *openapi3.SchemaRef) {
	if ref == nil || c.err != nil || c.made[ref.Value] != nil {
		return
	}
	target := where + ref.Ref
	if ref.Ref == "" {
		c.count++
		target = where + "." + strconv.Itoa(c.count)
		c.err = c.add(target, ref)
	}
	if c.err == nil {
		c.made[ref.Value], c.err = c.Compile(target)
	}
}

// add makes a schema that stands by itself known; what it refers to is found in the document.
func (c *compiler) add(target string, ref *openapi3.SchemaRef) error {
	text, err := json.Marshal(ref)
	if err != nil {
		return err
	}
	text = bytes.ReplaceAll(text, []byte(`"$ref":"#/`), []byte(`"$ref":"`+where+`#/`))
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return c.AddResource(target, value)
}

func (d *Document) fits(ref *openapi3.SchemaRef, value any) error {
	schema := d.schemas[ref.Value]
	if schema == nil {
		return fmt.Errorf("the document's schema was not compiled")
	}
	return schema.Validate(value)
}

// typed reads a parameter's text as the schema has it; what cannot be read stays a text, which the schema refuses.
func (d *Document) typed(s *openapi3.Schema, text string) any {
	switch {
	case s.Type.Includes("integer") || s.Type.Includes("number"):
		if d.Forgiving {
			text = cmp.Or(strings.TrimLeft(strings.TrimSpace(text), "0"), "0")
		}
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			return json.Number(text)
		}
	case s.Type.Includes("boolean"):
		if yes, err := strconv.ParseBool(text); err == nil {
			return yes
		}
	}
	return text
}

// formValue reads a form as an object of the schema.
func (d *Document) formValue(s *openapi3.Schema, form url.Values) map[string]any {
	value := map[string]any{}
	for name, texts := range form {
		if d.Forgiving && strings.TrimSpace(texts[0]) == "" {
			continue
		}
		value[name] = texts[0]
		if p := property(s, name); p != nil {
			value[name] = d.typed(p, texts[0])
		}
	}
	return value
}

func property(s *openapi3.Schema, name string) *openapi3.Schema {
	if p := s.Properties[name]; p != nil {
		return p.Value
	}
	for _, part := range s.AllOf {
		if p := property(part.Value, name); p != nil {
			return p
		}
	}
	return nil
}
