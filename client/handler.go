package client

import (
	"context"
	"errors"
	"io"
	"net/http"
)

// maxWebhook bounds the body of a webhook in bytes. An event has less than 64 KiB.
const maxWebhook = 1 << 20

// WebhookHandler answers the webhooks that are signed with a secret, whsec_…, and hands their events to handle; see
// WebhookVerifier.Handler. It panics when secret is none. Use NewWebhookVerifier where secrets are rotated, or where there may be
// none.
func WebhookHandler(secret string, handle func(context.Context, Event) error) http.Handler {
	v, err := NewWebhookVerifier(secret)
	if err != nil {
		panic("client: " + err.Error())
	}
	return v.Handler(handle)
}

// Handler answers webhooks and hands their events to handle. Once handle returns nil, the event is taken: HTTP 204. If it returns an
// error, the answer is HTTP 500, which does not show the error, and the server sends the event again later. It may send an event again
// that was taken, when the answer was lost: handle has to know by Event.ID what it has done already. The server waits for 10 s; what
// takes longer is best stored by handle and done afterwards. What is not signed is refused and does not reach handle.
func (v *WebhookVerifier) Handler(handle func(context.Context, Event) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "webhooks are posted", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
		if err != nil {
			status := http.StatusBadRequest
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, "the body cannot be read", status)
			return
		}
		if err := v.Verify(r.Header, body); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		event, err := ParseEvent(body)
		if err != nil {
			http.Error(w, "the body is no event", http.StatusBadRequest)
			return
		}
		event.ID = r.Header.Get(WebhookIDHeader)
		if err := handle(r.Context(), event); err != nil {
			http.Error(w, "not taken; send it again", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
