package bench

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
)

// answers is a recording: what the real server answered to each prepared request, by number.
type answers [][]byte

// save writes a recording for the yardstick's process.
func (a answers) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, body := range a {
		if err := binary.Write(w, binary.BigEndian, uint32(len(body))); err != nil {
			return errors.Join(err, f.Close())
		}
		if _, err := w.Write(body); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Flush(), f.Close())
}

func loadAnswers(path string) (a answers, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	r := bufio.NewReader(f)
	for {
		var length uint32
		if err := binary.Read(r, binary.BigEndian, &length); err == io.EOF {
			return a, nil
		} else if err != nil {
			return nil, err
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(r, body); err != nil {
			return nil, err
		}
		a = append(a, body)
	}
}

// Yardstick serves recorded answers from a bare net/http handler: it reads the request and sends the same bytes, and
// does nothing else. It prints its address to out and ends when in ends.
func Yardstick(recording string, out io.Writer, in io.Reader) error {
	all, err := loadAnswers(recording)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in) // the end of the measuring process is the end of this one
		_ = l.Close()
	}()
	err = http.Serve(l, bare(all))
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func bare(all answers) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		n, err := strconv.Atoi(r.Header.Get(numberHeader))
		if err != nil && r.URL.Path == "/metrics" {
			ownMetrics(w)
			return
		}
		if err != nil || n < 0 || n >= len(all) {
			http.Error(w, "no such recording", http.StatusBadRequest)
			return
		}
		body := all[n]
		h := w.Header()
		h["Content-Type"], h["Cache-Control"] = jsonType, noStore
		h["X-Content-Type-Options"], h["X-Request-Id"], h["Strict-Transport-Security"] = noSniff, someID, httpsOnly
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
		_, _ = w.Write(body) // the measuring side notices
	})
}

// ownMetrics answers as the real server's /metrics does, with the figures that are compared.
func ownMetrics(w io.Writer) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	_, _ = fmt.Fprintf(w, "go_memstats_mallocs_total %d\ngo_memstats_heap_inuse_bytes %d\ngo_goroutines %d\n",
		m.Mallocs, m.HeapInuse, runtime.NumGoroutine()) // the measuring side notices
}

// numberHeader numbers a prepared request; the real server ignores it.
const numberHeader = "X-Bench-Number"

// The header lines that the real server sends, too.
var (
	jsonType = []string{"application/json; charset=utf-8"}
	noStore  = []string{"no-store"}
	noSniff  = []string{"nosniff"}
	someID   = []string{"0123456789abcdef01234567"}

	httpsOnly = []string{"max-age=31536000"}
)
