package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"giftimbiz/internal/requestid"
)

// TestLinesOfARequestHaveItsID whoever writes them, and however the log was passed on; other lines have none.
func TestLinesOfARequestHaveItsID(t *testing.T) {
	var log bytes.Buffer
	logger := joinable(joinable(slog.New(slog.NewJSONHandler(&log, nil))))
	ctx := requestid.With(t.Context(), "id-1")
	logger.InfoContext(ctx, "one")
	logger.With("more", 1).WarnContext(ctx, "two")
	logger.InfoContext(t.Context(), "three")
	logger.Info("four")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	for i, line := range lines {
		var said map[string]any
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatal(err)
		}
		if id, has := said["request"]; has != (i < 2) || has && id != "id-1" || strings.Count(line, `"request"`) > 1 {
			t.Errorf("%s", line)
		}
	}
}

// refusalsAreFoundInTheLog by what the caller was told, in both versions of the API, and so is a page that fails.
func (h *tracedHouse) refusalsAreFoundInTheLog() {
	t, log := h.t, h.log
	v1 := h.send(http.MethodPost, h.url+"/api/v1/giftimbiz/listAll", http.Header{}, "")
	v2 := h.send(http.MethodGet, h.url+"/api/v2/offers", http.Header{}, "")
	var problem struct {
		ID string `json:"request_id"`
	}
	if err := json.Unmarshal(v2.body, &problem); err != nil || problem.ID == "" || problem.ID != v2.header.Get("X-Request-Id") {
		t.Errorf("a problem has the id %q, %v", problem.ID, err)
	}
	for _, a := range []answer{v1, v2} {
		if id := a.header.Get("X-Request-Id"); strings.Count(log.String(), "msg=call ") == 0 || strings.Count(log.String(), " request="+id) != 1 {
			t.Errorf("%s is not once in %s", id, log)
		}
	}
	door := NewFront(h.node.Logger)
	door.Open(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		h.node.Logger.ErrorContext(r.Context(), "page", "error", errors.New("x"))
	}))
	w := httptest.NewRecorder()
	door.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/r/x", nil))
	if id := w.Header().Get("X-Request-Id"); !strings.Contains(log.String(), "msg=page error=x request="+id) {
		t.Errorf("%s is not in %s", id, log)
	}
}
