package console

import "testing"

// TestEveryPageCanBeRead: a mistake in a template would else show when somebody first looks at the page.
func TestEveryPageCanBeRead(t *testing.T) {
	if len(pages) < 2*40 {
		t.Errorf("%d pages in all languages", len(pages))
	}
	for file, read := range pages {
		if read().Lookup("layout") == nil {
			t.Errorf("%v has no layout", file)
		}
	}
}
