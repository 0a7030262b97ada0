package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Error is an answer whose result is not success.
type Error struct {
	Code      string // the result code, such as PD
	Message   string
	Status    int // of HTTP
	RequestID string
	Body      json.RawMessage // the whole answer
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Code returns the result code of an error made by this package, or "".
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// failure returns nil when the answer's result is success: the string "0000", or the number 0 of getAccessToken.
func failure(resp *http.Response, body []byte) error {
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return fmt.Errorf("the server answered %s and points to %q; redirects are not followed, give the address itself as the base URL",
			resp.Status, resp.Header.Get("Location"))
	}
	if len(body) > maxAnswer {
		return fmt.Errorf("the server answered %s with more than %d bytes", resp.Status, maxAnswer)
	}
	var answer struct {
		Result  any    `json:"result"`
		Message string `json:"msg"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return fmt.Errorf("the server answered %s with something other than a JSON object; is the base URL right?", resp.Status)
	}
	switch result := answer.Result.(type) {
	case string:
		if result == "0000" {
			return nil
		}
		return &Error{
			Code: result, Message: answer.Message, Status: resp.StatusCode, RequestID: resp.Header.Get("X-Request-Id"), Body: body,
		}
	case json.Number:
		if result == "0" {
			return nil
		}
	}
	return fmt.Errorf("the server answered %s without a result code", resp.Status)
}
