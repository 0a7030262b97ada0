// Package contract holds the server's answers against its OpenAPI documents: every answer that a test gets has to be documented,
// and every request that was served has to be allowed. It also makes up requests from a document.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Document is an OpenAPI document that answers are held against. It may be used from any goroutine.
type Document struct {
	*openapi3.T
	router  routers.Router
	schemas map[*openapi3.Schema]*jsonschema.Schema

	// Forgiving says that the server reads numbers with spaces around and zeros before them, and blank fields as none, which the
	// document does not show.
	Forgiving bool
	// Succeeded tells whether the answer says that the request was served: then the request has to be allowed, too. nil = it
	// goes by the status.
	Succeeded func(a *Answer) bool
}

// Answer is what came of a request.
type Answer struct {
	Request *http.Request
	Sent    []byte // the request's body
	Status  int
	Header  http.Header
	Body    []byte
}

// Load reads a document and refuses one that is not right in itself, its examples included.
func Load(text []byte) (*Document, error) {
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, err
	}
	d := &Document{T: doc}
	if d.schemas, err = compile(doc); err != nil {
		return nil, err
	}
	doc.Servers = nil // wherever it is served, paths are the same
	d.router, err = gorillamux.NewRouter(doc)
	return d, err
}

// ErrElsewhere says that a request is of no operation in the document.
var ErrElsewhere = errors.New("not in the document")

// Check returns what is wrong with an answer, or with a request that was served though it is not allowed; ErrElsewhere where
// the document does not know the operation.
func (d *Document) Check(a *Answer) error {
	route, path, err := d.router.FindRoute(a.Request)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrElsewhere, err)
	}
	if err := d.checkAnswer(route.Operation, a); err != nil {
		return fmt.Errorf("answer %d to %s %s: %w\n%.2000s", a.Status, a.Request.Method, route.Path, err, a.Body)
	}
	if !d.served(a) {
		return nil
	}
	if err := d.checkRequest(route, path, a); err != nil {
		return fmt.Errorf("%s %s was served, but is not allowed: %w", a.Request.Method, route.Path, err)
	}
	return nil
}

func (d *Document) served(a *Answer) bool {
	if a.Status < 200 || a.Status > 299 {
		return false
	}
	return d.Succeeded == nil || d.Succeeded(a)
}

func (d *Document) checkAnswer(op *openapi3.Operation, a *Answer) error {
	ref := op.Responses.Status(a.Status)
	if ref == nil {
		return errors.New("the status is not documented")
	}
	for name, header := range ref.Value.Headers {
		if header.Value.Required && a.Header.Get(name) == "" {
			return fmt.Errorf("the header %s is missing", name)
		}
	}
	if a.Request.Method == http.MethodHead || len(ref.Value.Content) == 0 {
		return nil
	}
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type %q: %w", a.Header.Get("Content-Type"), err)
	}
	media := ref.Value.Content.Get(kind)
	if media == nil {
		return fmt.Errorf("the media type %s is not documented", kind)
	}
	if media.Schema == nil || !strings.HasSuffix(kind, "json") {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Body))
	if err != nil {
		return err
	}
	return d.fits(media.Schema, value)
}

func (d *Document) checkRequest(route *routers.Route, path map[string]string, a *Answer) error {
	query := a.Request.URL.Query()
	for _, ref := range append(route.PathItem.Parameters, route.Operation.Parameters...) {
		p := ref.Value
		var text string
		var given bool
		switch p.In {
		case openapi3.ParameterInPath:
			text, given = path[p.Name]
		case openapi3.ParameterInQuery:
			text, given = query.Get(p.Name), query.Has(p.Name)
			query.Del(p.Name)
		case openapi3.ParameterInHeader:
			text, given = a.Request.Header.Get(p.Name), a.Request.Header.Get(p.Name) != ""
		}
		if !given && p.Required {
			return fmt.Errorf("the parameter %s is missing", p.Name)
		}
		if given {
			if err := d.fits(p.Schema, d.typed(p.Schema.Value, text)); err != nil {
				return fmt.Errorf("parameter %s: %w", p.Name, err)
			}
		}
	}
	if len(query) > 0 {
		return fmt.Errorf("parameters that are not documented: %v", query)
	}
	if route.Operation.RequestBody == nil {
		return nil
	}
	return d.checkSent(route.Operation.RequestBody.Value, a)
}

func (d *Document) checkSent(b *openapi3.RequestBody, a *Answer) error {
	if len(a.Sent) == 0 && !b.Required {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(a.Request.Header.Get("Content-Type"))
	media := b.Content.Get(kind)
	if media == nil {
		return fmt.Errorf("the media type %q is not documented", kind)
	}
	if !strings.HasSuffix(kind, "json") {
		form, err := url.ParseQuery(strings.ReplaceAll(string(a.Sent), ";", "%3B"))
		if err != nil {
			return err
		}
		return d.fits(media.Schema, d.formValue(media.Schema.Value, form))
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Sent))
	if err != nil {
		return err
	}
	return d.fits(media.Schema, value)
}

// FormSucceeded tells whether a call of the first version was served and came as its document has it: as a form. The server
// takes parameters in other ways, too, which OpenAPI has no words for.
func FormSucceeded(a *Answer) bool {
	var result struct {
		Result any `json:"result"`
	}
	if json.Unmarshal(a.Body, &result) != nil || result.Result != "0000" && result.Result != float64(0) {
		return false
	}
	form := strings.HasPrefix(a.Request.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	sent := strings.TrimSpace(string(a.Sent))
	mislabelled := strings.HasPrefix(sent, "{") || strings.HasPrefix(sent, "--")
	return form && a.Request.URL.RawQuery == "" && !mislabelled
}
