package server

import (
	"net/http"
	"strings"

	"giftimbiz/internal/requestid"
	"giftimbiz/internal/tracing"
)

// traced tells whether a request is worth a trace. Those of balancers and of Prometheus come all the time and tell nothing.
func traced(r *http.Request) bool {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics":
		return false
	}
	return true
}

// endRequest ends the span of a request. It has the route and not the path, which may be a key, and nothing of the query.
func endRequest(span tracing.Span, w *seenWriter, r *http.Request) {
	if !span.On() {
		return
	}
	method, route := methodOf(r), routeOf(r)
	if route != "" {
		span.Name(method + " " + route)
	}
	span.Text("http.request.method", method)
	span.Text("http.route", route)
	span.Text("giftimbiz.request_id", requestid.Of(r.Context()))
	if w.status != 0 {
		span.Number("http.response.status_code", int64(w.status))
	}
	if left := r.Context().Err() != nil; w.status >= http.StatusInternalServerError || w.status == 0 && !left {
		span.Fail("server")
	}
	span.End()
}

// routeOf returns the pattern that a request's path fits; "" = there is no such path.
func routeOf(r *http.Request) string {
	_, route, found := strings.Cut(r.Pattern, " ")
	if !found {
		route = r.Pattern
	}
	return route
}

// methodOf returns a method that there is: a caller may make up any word.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "_OTHER"
}
