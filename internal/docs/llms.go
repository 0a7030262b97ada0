package docs

import (
	"fmt"
	"strings"
)

// llms is the index for language models (https://llmstxt.org): short, with links to texts without markup.
func (h *handler) llms(guides []*guide, operations []operation) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# GiftiMBiz partner API\n\n> Buy digital vouchers (gifticons with a number, star coupons of local shops) over HTTP against a prepaid "+
		"balance. New programs use version 2: JSON, bearer token, Idempotency-Key on purchases, RFC 9457 problems. Server: %s\n\n## Guides\n\n", h.PublicURL)
	for _, g := range guides {
		fmt.Fprintf(&b, "- [%s](%s/docs/en/%s.md): %s\n", g.Title, h.PublicURL, g.Slug, firstRunes(g.Sections[0].Text, 140))
	}
	b.WriteString("\n## Keys\n\n" + h.keysForPrograms() + "\n\n## API documents (OpenAPI 3.1)\n\n")
	for _, version := range []string{"v2", "v1"} {
		n := 0
		for _, o := range operations {
			if o.Version == version {
				n++
			}
		}
		fmt.Fprintf(&b, "- [%s](%s/docs/openapi/%s.yaml): %d operations, with examples and every code; .json beside it\n", version, h.PublicURL, version, n)
	}
	b.WriteString("\n## Optional\n\n")
	fmt.Fprintf(&b, "- [Korean guides](%s/docs/ko/overview.md): the same, as /docs/ko/….md\n", h.PublicURL)
	return []byte(b.String())
}

// keysForPrograms says in a line how a program gets keys.
func (h *handler) keysForPrograms() string {
	if h.Sandboxes == nil {
		return english.KeysOperator
	}
	return fmt.Sprintf("`curl -sS -X POST %s/docs/sandbox` answers with sandbox keys as JSON (partner_id, partnerkey, partnertoken, refresh_token, access_token), "+
		"good for 24 hours; five sets in ten minutes. Then `POST /api/v2/token` with HTTP Basic partnerkey:partnertoken.", h.PublicURL)
}
