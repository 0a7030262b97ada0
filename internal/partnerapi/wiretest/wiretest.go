// Package wiretest writes the parameters of a call in every form in which a partner's client may send them.
package wiretest

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/url"
)

// Form is one way to send parameters.
type Form struct{ Query, ContentType, Body string }

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// EveryForm writes the same parameters in each form, rightly and wrongly labelled. Each name has one value, which must be
// UTF-8.
func EveryForm(values url.Values) (map[string]Form, error) {
	encoded := values.Encode()
	object, err := flat(values)
	if err != nil {
		return nil, err
	}
	multi, multiType, err := multipartOf(values)
	if err != nil {
		return nil, err
	}
	return map[string]Form{
		"query":                   {encoded, "", ""},
		"form":                    {"", formType, encoded},
		"form labelled JSON":      {"", jsonType, encoded},
		"form without a label":    {"", "", encoded},
		"multipart":               {"", multiType, multi},
		"multipart labelled JSON": {"", jsonType, multi},
		"multipart labelled form": {"", formType, multi},
		"JSON":                    {"", jsonType, object},
		"JSON labelled form":      {"", formType, object},
		"JSON without a label":    {"", "", object},
		"query and form":          {encoded, formType, encoded},
		"query and JSON":          {encoded, jsonType, object},
	}, nil
}

func flat(values url.Values) (string, error) {
	object := map[string]any{"absent": nil}
	for name := range values {
		object[name] = values.Get(name)
	}
	text, err := json.Marshal(object)
	return string(text), err
}

func multipartOf(values url.Values) (body, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	var errs []error
	for name := range values {
		errs = append(errs, w.WriteField(name, values.Get(name)))
	}
	err = errors.Join(append(errs, w.Close())...)
	return b.String(), w.FormDataContentType(), err
}
