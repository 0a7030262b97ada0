// Package otlp sends spans to an OpenTelemetry collector, as OTLP over HTTP has it. OpenTelemetry's own client for that brings all
// of gRPC into the program, which it does not use; so its conversion of spans is used, and the POST is made here.
package otlp
