package partnerv2

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"giftimbiz/internal/locale"
	"giftimbiz/internal/whole"
)

// page is a part of a list, and where the next part begins; "" = this is the last.
type page[T any] struct {
	Data []T    `json:"data"`
	Next string `json:"next,omitempty"`
}

// encode writes a value of ours as JSON. Korean text and & < > stay as they are.
func encode(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic("partnerv2: an answer is no JSON: " + err.Error()) // the values are our own structs
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// answer sends a value.
func (c *call) answer(status int, value any) error { return c.send(status, encode(value)) }

// send answers with JSON that is ready.
func (c *call) send(status int, body []byte) error {
	if c.lang == locale.English {
		c.w.Header().Set("Content-Language", "en")
	} else {
		c.w.Header().Set("Content-Language", "ko")
	}
	whole.Expect(c.r, status, len(body))
	writeJSON(c.w, status, "application/json; charset=utf-8", body)
	return nil
}

// noContent answers that something is done of which there is nothing to tell.
func (c *call) noContent() error {
	c.w.Header().Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller is gone when this fails
}
