package media

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"giftimbiz/internal/clock"
)

var noon = time.Date(2025, 9, 15, 3, 0, 0, 0, time.UTC)

// shelf is a Store in memory.
type shelf struct {
	mu       sync.Mutex
	pictures map[string]Picture
	reads    int
	err      error
}

func (s *shelf) Media(_ context.Context, path string) (*Picture, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	p, ok := s.pictures[path]
	if !ok || s.err != nil {
		return nil, s.err
	}
	return &p, nil
}

func newShelf() *shelf {
	return &shelf{pictures: map[string]Picture{
		"/UPLOAD/CATE/1.png":             {ContentType: "image/png", Body: []byte("a picture"), ChangedAt: noon},
		"/UPLOAD/excel/img/마트편의점_50.jpg": {ContentType: "image/jpeg", Body: []byte("a snack"), ChangedAt: noon},
		"/Form/_guest/basic/a.svg":       {ContentType: "image/svg+xml", Body: []byte("<svg/>"), ChangedAt: noon},
		"/UPLOAD/page.html":              {ContentType: "text/html", Body: []byte("<script>"), ChangedAt: noon},
	}}
}

func serveFrom(t *testing.T, s Store) (http.Handler, *clock.Manual) {
	clk := clock.NewManual(noon)
	return NewHandler(s, clk, slog.New(slog.NewTextHandler(t.Output(), nil))), clk
}

func ask(h http.Handler, method, path string, heads ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL = &url.URL{Path: path}
	for i := 0; i < len(heads); i += 2 {
		r.Header.Set(heads[i], heads[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	const korean = "/UPLOAD/excel/img/마트편의점_50.jpg"
	cases := []struct {
		name, method, path string
		status             int
		contentType, body  string
	}{
		{"a picture", "GET", "/UPLOAD/CATE/1.png", 200, "image/png", "a picture"},
		{"its head", "HEAD", "/UPLOAD/CATE/1.png", 200, "image/png", ""},
		{"a Korean name", "GET", korean, 200, "image/jpeg", "a snack"},
		{"a Korean name in pieces", "GET", norm.NFD.String(korean), 200, "image/jpeg", "a snack"},
		{"an icon", "GET", "/Form/_guest/basic/a.svg", 200, "image/svg+xml", "<svg/>"},
		{"what is no picture", "GET", "/UPLOAD/page.html", 200, "application/octet-stream", "<script>"},
		{"unknown", "GET", "/UPLOAD/CATE/2.png", 404, "", ""},
		{"a folder", "GET", "/UPLOAD/CATE/", 404, "", ""},
		{"a way up", "GET", "/UPLOAD/../UPLOAD/CATE/1.png", 404, "", ""},
		{"a way out", "GET", "/UPLOAD/../../etc/passwd", 404, "", ""},
		{"a double slash", "GET", "/UPLOAD//CATE/1.png", 404, "", ""},
		{"a zero byte", "GET", "/UPLOAD/CATE/1.png\x00", 404, "", ""},
		{"no UTF-8", "GET", "/UPLOAD/\xff.png", 404, "", ""},
		{"a very long name", "GET", "/UPLOAD/" + strings.Repeat("a", maxPath), 404, "", ""},
		{"a change", "POST", "/UPLOAD/CATE/1.png", 405, "", ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			h, _ := serveFrom(t, newShelf())
			w := ask(h, tc.method, tc.path)
			if w.Code != tc.status || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Fatalf("status %d, want %d; headers %v", w.Code, tc.status, w.Header())
			}
			if tc.status == 200 && (w.Header().Get("Content-Type") != tc.contentType || w.Body.String() != tc.body) {
				t.Errorf("type %q, body %q", w.Header().Get("Content-Type"), w.Body)
			}
			if tc.status == 405 && w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow %q", w.Header().Get("Allow"))
			}
		})
	}
}

func TestWhoHasAPictureIsNotSentItAgain(t *testing.T) {
	h, _ := serveFrom(t, newShelf())
	first := ask(h, "GET", "/UPLOAD/CATE/1.png")
	tag := first.Header().Get("ETag")
	if tag == "" || first.Header().Get("Cache-Control") != cacheControl {
		t.Fatalf("headers %v", first.Header())
	}
	if again := ask(h, "GET", "/UPLOAD/CATE/1.png", "If-None-Match", tag); again.Code != 304 || again.Body.Len() != 0 {
		t.Errorf("same tag: status %d, %d bytes", again.Code, again.Body.Len())
	}
	if other := ask(h, "GET", "/UPLOAD/CATE/1.png", "If-None-Match", `"other"`); other.Code != 200 {
		t.Errorf("another tag: status %d", other.Code)
	}
}

func TestAReplacedPictureIsSeenWithinAMinute(t *testing.T) {
	s := newShelf()
	h, clk := serveFrom(t, s)
	before := ask(h, "GET", "/UPLOAD/CATE/1.png").Header().Get("ETag")
	s.pictures["/UPLOAD/CATE/1.png"] = Picture{ContentType: "image/png", Body: []byte("another"), ChangedAt: noon}
	for range 5 {
		ask(h, "GET", "/UPLOAD/CATE/1.png")
	}
	if s.reads != 1 {
		t.Errorf("read %d times within a minute", s.reads)
	}
	clk.Advance(freshFor + time.Second)
	after := ask(h, "GET", "/UPLOAD/CATE/1.png", "If-None-Match", before)
	if after.Code != 200 || after.Body.String() != "another" {
		t.Errorf("status %d, body %q", after.Code, after.Body)
	}
	delete(s.pictures, "/UPLOAD/CATE/1.png")
	clk.Advance(freshFor + time.Second)
	if gone := ask(h, "GET", "/UPLOAD/CATE/1.png"); gone.Code != 404 {
		t.Errorf("removed picture: status %d", gone.Code)
	}
}

func TestAFaultOfTheStoreIsNoAbsence(t *testing.T) {
	s := newShelf()
	s.err = errors.New("disk gone")
	h, _ := serveFrom(t, s)
	if w := ask(h, "GET", "/UPLOAD/CATE/1.png"); w.Code != 503 || w.Header().Get("Cache-Control") == cacheControl {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
}

func TestTheCacheKeepsItsLimitAndWhatWasUsedLast(t *testing.T) {
	c := newCache(16 * (1000 + overhead + 1))
	for i := range 40 {
		c.put(&entry{name: string(rune('A' + i)), Picture: Picture{Body: make([]byte, 1000)}, readAt: noon})
		c.get("A", noon)
	}
	if c.bytes > c.limit || len(c.byName) != 16 || c.recent.Len() != 16 {
		t.Errorf("%d bytes of %d in %d entries", c.bytes, c.limit, len(c.byName))
	}
	if c.get("A", noon) == nil || c.get("B", noon) != nil {
		t.Error("the picture in use went, or one that was not stayed")
	}
	c.put(&entry{name: "giant", Picture: Picture{Body: make([]byte, c.limit)}, readAt: noon})
	if c.get("giant", noon) != nil || len(c.byName) != 16 {
		t.Error("a picture as large as the cache was kept")
	}
}

func TestAPathWithoutAPictureIsNotLookedUpEachTime(t *testing.T) {
	const path = "/UPLOAD/CATE/2.png"
	s := newShelf()
	h, clk := serveFrom(t, s)
	for range 5 {
		if w := ask(h, "GET", path); w.Code != 404 {
			t.Errorf("status %d", w.Code)
		}
	}
	if s.reads != 1 {
		t.Errorf("read %d times", s.reads)
	}
	s.pictures[path] = Picture{ContentType: "image/png", Body: []byte("new"), ChangedAt: noon}
	clk.Advance(absentFor + time.Second)
	if w := ask(h, "GET", path); w.Code != 200 || w.Body.String() != "new" {
		t.Errorf("a new picture: status %d, body %q", w.Code, w.Body)
	}
}

func TestPathsWithoutPicturesPushNoPictureOut(t *testing.T) {
	s := newShelf()
	h, _ := serveFrom(t, s)
	ask(h, "GET", "/UPLOAD/CATE/1.png")
	const paths = 2 * absentBytes / overhead
	for i := range paths {
		ask(h, "GET", "/UPLOAD/none/"+strconv.Itoa(i)+".png")
	}
	absent := h.(*handler).absent
	if n := len(absent.byName); n == 0 || n >= paths || absent.bytes > absentBytes {
		t.Errorf("%d of %d paths in %d bytes are remembered", n, paths, absent.bytes)
	}
	s.reads = 0
	if w := ask(h, "GET", "/UPLOAD/CATE/1.png"); w.Code != 200 || s.reads != 0 {
		t.Errorf("the picture: status %d, %d reads", w.Code, s.reads)
	}
}

func TestManyReadersAtOnce(t *testing.T) {
	s := newShelf()
	h, clk := serveFrom(t, s)
	const readers, times = 8, 100
	var all sync.WaitGroup
	for i := range readers {
		all.Go(func() {
			for n := range times {
				no := (i + n) % 3
				w := ask(h, "GET", "/UPLOAD/CATE/"+strconv.Itoa(no)+".png")
				if no == 1 && (w.Code != 200 || w.Body.String() != "a picture") || no != 1 && w.Code != 404 {
					t.Errorf("picture %d: status %d, body %q", no, w.Code, w.Body)
				}
				clk.Advance(time.Millisecond)
			}
		})
	}
	all.Wait()
	if s.reads < 3 || s.reads > 3*readers { // each reader may come before the first answer is remembered
		t.Errorf("%d reads of 3 paths within a second", s.reads)
	}
}
