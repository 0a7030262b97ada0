package contract_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"giftimbiz/internal/contract"
)

const document = `openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /things/{id}:
    post:
      operationId: change
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer, minimum: 1}}
        - {name: dry, in: query, schema: {type: boolean}}
      requestBody:
        content:
          application/json:
            schema: {type: object, required: [name], additionalProperties: false, properties: {name: {type: string, maxLength: 5}}}
      responses:
        "200":
          description: Done
          content:
            application/json:
              schema: {type: object, required: [id], additionalProperties: false, properties: {id: {type: integer}}}
        "404": {description: None}
`

func load(t *testing.T) *contract.Document {
	t.Helper()
	d, err := contract.Load([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// errors keeps what a test would fail with.
type errors struct {
	testing.TB
	list []string
}

func (e *errors) Errorf(format string, args ...any) {
	e.list = append(e.list, fmt.Sprintf(format, args...))
}

func TestWhatIsNotAsTheDocumentHasItIsFound(t *testing.T) {
	d := load(t)
	for name, test := range map[string]struct {
		path, body string
		status     int
		answer     string
		says       string // "" = nothing
	}{
		"right":                       {"/things/1", `{"name":"a"}`, 200, `{"id":1}`, ""},
		"an undocumented status":      {"/things/1", `{"name":"a"}`, 500, `{}`, "the status is not documented"},
		"a member too many":           {"/things/1", `{"name":"a"}`, 200, `{"id":1,"x":2}`, "x"},
		"a member of another type":    {"/things/1", `{"name":"a"}`, 200, `{"id":"1"}`, "id"},
		"a body that is not allowed":  {"/things/1", `{"name":"abcdef"}`, 200, `{"id":1}`, "was served, but is not allowed"},
		"a path that is not allowed":  {"/things/0", `{"name":"a"}`, 200, `{"id":1}`, "was served, but is not allowed"},
		"a refused one may be a mess": {"/things/x?dry=perhaps", `{`, 404, ``, ""},
		"what is not in the document": {"/elsewhere", `{`, 500, `x`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &errors{TB: t}
			handler := contract.Watch(seen, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.answer))
			}), d)
			r := httptest.NewRequest(http.MethodPost, test.path, strings.NewReader(test.body))
			r.Header.Set("Content-Type", "application/json")
			handler.ServeHTTP(httptest.NewRecorder(), r)
			switch got := strings.Join(seen.list, "\n"); {
			case test.says == "" && got != "":
				t.Error("complains without reason:", got)
			case test.says != "" && !strings.Contains(got, test.says):
				t.Errorf("does not say %q: %s", test.says, got)
			}
		})
	}
}

func TestMadeUpRequestsAreRightAndWrongAndTheSameForASeed(t *testing.T) {
	d := load(t)
	served := 0
	a, b := contract.NewRandom(d, 1), contract.NewRandom(d, 1)
	for range 300 {
		request, body, id := a.Next("http://shop.example")
		twin, same, _ := b.Next("http://shop.example")
		if request.URL.String() != twin.URL.String() || string(body) != string(same) || id != "change" {
			t.Fatalf("%s %q, then %s %q (%s)", request.URL, body, twin.URL, same, id)
		}
		answer := &contract.Answer{Request: request, Sent: body, Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"id":1}`)}
		if d.Check(answer) == nil {
			served++
		}
	}
	if served < 60 || served > 240 {
		t.Errorf("%d of 300 requests are allowed", served)
	}
}
