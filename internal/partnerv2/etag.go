package partnerv2

import (
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/catalog"
)

// fresh tells whether the caller has the answer of this index already, and then says so. Else the answer that follows names the
// index, so that the caller may ask whether there is another. Whatever the query, one index always gives one answer.
func (c *call) fresh(ix *catalog.Index) bool {
	tag := `"` + strconv.FormatUint(ix.ID(), 36) + `"`
	h := c.w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", "W/"+tag)
	if !matches(c.r.Header.Values("If-None-Match"), tag) {
		return false
	}
	c.w.WriteHeader(http.StatusNotModified)
	return true
}

// matches tells whether one of the entity tags in If-None-Match headers is this, weak or not. A tag of ours has no comma in it.
func matches(headers []string, tag string) bool {
	for _, header := range headers {
		for entry := range strings.SplitSeq(header, ",") {
			entry = strings.TrimSpace(entry)
			if entry == "*" || strings.TrimPrefix(entry, "W/") == tag {
				return true
			}
		}
	}
	return false
}
