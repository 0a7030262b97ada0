package contract

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
)

// maxSeen bounds what is kept of a body.
const maxSeen = 8 << 20

// Watch returns a handler that answers as next does and fails the test where an answer, or a request that was served, is not as
// one of the documents has it. What none of them knows is not looked at.
func Watch(t testing.TB, next http.Handler, documents ...*Document) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(documents) == 0 || !known(documents, r) {
			next.ServeHTTP(w, r)
			return
		}
		a := &Answer{Request: r.Clone(r.Context())}
		sent := &tee{ReadCloser: r.Body}
		r.Body = sent
		seen := &seenWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		a.Sent, a.Status, a.Header, a.Body = sent.text.Bytes(), seen.status, w.Header(), seen.body.Bytes()
		if r.Context().Err() != nil || seen.failed { // the caller is gone: the answer may not be whole
			return
		}
		if err := CheckAll(a, documents...); err != nil {
			t.Errorf("contract: %v\n%s %s %.2000q", err, r.Method, r.URL, a.Sent)
		}
	})
}

// CheckAll is Document.Check with the document that knows the operation; nil where none does.
func CheckAll(a *Answer, documents ...*Document) error {
	for _, d := range documents {
		if err := d.Check(a); !errors.Is(err, ErrElsewhere) {
			return err
		}
	}
	return nil
}

func known(documents []*Document, r *http.Request) bool {
	for _, d := range documents {
		if _, _, err := d.router.FindRoute(r); err == nil {
			return true
		}
	}
	return false
}

// tee keeps what is read.
type tee struct {
	io.ReadCloser
	text bytes.Buffer
}

// Read implements io.Reader.
func (t *tee) Read(b []byte) (int, error) {
	n, err := t.ReadCloser.Read(b)
	if t.text.Len() < maxSeen {
		t.text.Write(b[:n])
	}
	return n, err
}

// seenWriter keeps what is written.
type seenWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	failed bool
}

// WriteHeader implements http.ResponseWriter.
func (w *seenWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *seenWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.failed = w.failed || err != nil || w.body.Len() > maxSeen
	w.body.Write(b[:n])
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *seenWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
