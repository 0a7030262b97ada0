// Package docs is the documentation that partners' developers read at /docs: guides, the OpenAPI documents of both versions of
// the API, a page to try them on the spot, and a search over all of it. It knows no other room; what it shows is embedded.
package docs
