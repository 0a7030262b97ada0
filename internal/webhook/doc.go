// Package webhook tells partners what happened: it signs events by the rules of Standard Webhooks, delivers them to the
// partners' endpoints, in order where order matters, and tries again until they are taken.
package webhook
