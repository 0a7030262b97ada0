package main

import (
	"io"
	"net/http"
	"testing"
	"time"

	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage/storagetest"
)

// pageWithin is how long a page of the console may take.
const pageWithin = 200 * time.Millisecond

// TestALongPastIsInOrder lets the doctor look at what the benchmark of the pages fills, and plans at every page and file.
func TestALongPastIsInOrder(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startWithPast(t, database, longPast{orders: 1_000, offers: 300, partners: 5})
		storagetest.Healthy(t, s.node.DB)
		w := &walk{s: s}
		w.hire(office.Admin)
		pages := crawl(t, s.url, w.cookies[office.Admin])
		if len(pages) == 0 || fetchFiles(t, s.url, w.cookies[office.Admin], pages) == 0 {
			t.Error("no pages, or no files")
		}
	})
}

// BenchmarkConsolePages measures every page of the console that can be reached; those that take too long fail it. A house as
// large as is promised takes some minutes to fill:
//
//	GIFTIMBIZ_TEST_ORDERS=1000000 GIFTIMBIZ_TEST_OFFERS=200000 go test ./cmd/giftimbiz -run '^$' -bench ConsolePages -benchtime 5x
func BenchmarkConsolePages(b *testing.B) {
	past := pastOfSize(b)
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			database := "sqlite:" + b.TempDir() + "/giftimbiz.db"
			if engine == "postgres" {
				database = programtest.Postgres(b)
			}
			s := startWithPast(b, database, past)
			w := &walk{s: s}
			w.hire(office.Admin)
			for _, page := range crawl(b, s.url, w.cookies[office.Admin]) {
				b.Run(page, func(b *testing.B) { measure(b, s.url+page, w.cookies[office.Admin]) })
			}
		})
	}
}

// measure reads a page again and again.
func measure(b *testing.B, address, cookie string) {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Cookie", cookie)
	for b.Loop() {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			b.Fatal(err)
		}
		_ = resp.Body.Close() // it was read
	}
	if each := b.Elapsed() / time.Duration(b.N); each > pageWithin {
		b.Errorf("SLOW: %v, may take %v", each.Round(time.Millisecond), pageWithin)
	}
}
