// Package contract holds the server's answers against its OpenAPI documents: every answer that a test gets has to be documented,
// and every request that was served has to be allowed. It also makes up requests from a document.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Document is an OpenAPI document that answers are held against. It may be used from any goroutine.
type Document struct {
	*openapi3.T
	router routers.Router
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
	doc.Servers = nil // wherever it is served, paths are the same
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	return &Document{T: doc, router: router}, nil
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
	input := &openapi3filter.RequestValidationInput{
		Request: a.Request, PathParams: path, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: false,
			AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc,
			SkipSettingDefaults: true,
		},
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: a.Status, Header: a.Header, Options: input.Options,
		Body: io.NopCloser(bytes.NewReader(a.Body)),
	})
	if err != nil {
		return fmt.Errorf("answer %d to %s %s: %w\n%.2000s", a.Status, a.Request.Method, route.Path, err, a.Body)
	}
	if !d.served(a) {
		return nil
	}
	input.Request = a.Request.Clone(context.Background())
	input.Request.Body = io.NopCloser(bytes.NewReader(a.Sent))
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
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
	return form && a.Request.URL.RawQuery == "" && !strings.HasPrefix(strings.TrimSpace(string(a.Sent)), "{")
}
