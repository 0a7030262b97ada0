package browsertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"giftimbiz/internal/browsertest"
)

// page is a page without faults around what a test puts in.
const page = `<!doctype html><html lang="en"><head><title>Page</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"></head><body><main><h1>Page</h1>%s</main></body></html>`

// serve answers with bodies by path; "/echo" tells what it was sent.
func serve(t *testing.T, bodies map[string]string) (origin string) {
	t.Helper()
	mux := http.NewServeMux()
	for path, body := range bodies {
		mux.HandleFunc("GET "+path+"{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, page, body) })
	}
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:")
		if r.PostFormValue("wrong") != "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		names := []string{r.Header.Get("Accept-Language")}
		for _, files := range r.MultipartForm.File {
			names = append(names, files[0].Filename)
		}
		_, _ = fmt.Fprintf(w, page, fmt.Sprintf(`<p id="echo">%s %s %s</p>`, names, r.PostForm["text"], r.PostForm["box"]))
	})
	mux.HandleFunc("GET /list.csv", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="list.csv"`)
		_, _ = w.Write([]byte("a,b\n"))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// recorder keeps the errors that a test would have.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func TestAFaultOfAPageFailsTheTest(t *testing.T) {
	browser := browsertest.Start(t)
	faults := map[string]struct{ body, says string }{
		"/console/":   {`<script>console.error("oh", 1)</script>`, `the page says on the console (error): "oh" 1`},
		"/script/":    {`<script>nothing.there()</script>`, "nothing is not defined"},
		"/missing/":   {`<img alt="" src="/none.png">`, "/none.png answered 404"},
		"/elsewhere/": {`<img alt="" src="http://elsewhere.example/a.png">`, "a request leaves the server: http://elsewhere.example/a.png"},
		"/broken/":    {`<img alt="" src="http://127.0.0.1:1/a.png">`, "ERR_"},
		"/label/":     {`<input name="nameless">`, "label, critical"},
		"/contrast/":  {`<p style="color:#ccc;background:#fff">pale</p>`, "color-contrast, serious"},
		"/wide/":      {`<div style="width:600px">wide</div>`, `px: <div style="width:600px">wide</div>`},
	}
	bodies := map[string]string{"/": "fine"}
	for path, fault := range faults {
		bodies[path] = fault.body
	}
	tab := browser.Open(t, serve(t, bodies), browsertest.Narrow())
	tab.Go("/")
	tab.CheckLightAndDark("fine")
	for path, fault := range faults {
		seen := &recorder{TB: t}
		tab.In(seen).Go(path)
		tab.In(seen).Check("fault")
		if !slices.ContainsFunc(seen.errors, func(e string) bool { return strings.Contains(e, fault.says) }) {
			t.Errorf("%s: want %q in %q", path, fault.says, seen.errors)
		}
	}
}

func TestATabFillsSendsAndDownloads(t *testing.T) {
	browser := browsertest.Start(t)
	origin := serve(t, map[string]string{"/": `<form method="post" action="/echo" enctype="multipart/form-data">
<label>Text <input name="text"></label> <label>Box <input type="checkbox" name="box"></label> <label>File <input type="file" name="file"></label>
<button id="send">Send</button> <button id="wrong" name="wrong" value="1">Wrong</button></form><a href="/list.csv">List</a>`})
	file := filepath.Join(t.TempDir(), "stock.csv")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab := browser.Open(t, origin, browsertest.Wide().In("ko"))
	for _, press := range []func(){func() { tab.Press("#send") }, func() { tab.Refused(http.StatusUnprocessableEntity, "#wrong") }} {
		tab.Go("/")
		if name, content := tab.Download("a"); name != "list.csv" || string(content) != "a,b\n" {
			t.Errorf("downloaded %s: %q", name, content)
		}
		tab.Fill("[name=text]", "한국어 text")
		tab.Fill("[name=box]", "on")
		tab.Upload("[name=file]", file)
		press()
		tab.Shows("#echo", "[ko stock.csv] [한국어 text] [on]")
		tab.Check("echo")
	}
}

func TestATabWithoutScriptsRunsNone(t *testing.T) {
	browser := browsertest.Start(t)
	origin := serve(t, map[string]string{"/": `<p>none</p><script>document.querySelector("p").textContent = "run"</script><a href="/">again</a>`})
	for look, want := range map[browsertest.Look]string{browsertest.Wide(): "run", browsertest.Wide().WithoutScript(): "none"} {
		tab := browser.Open(t, origin, look)
		tab.Go("/")
		tab.Press("a")
		tab.Shows("p", want)
		tab.Check("noscript")
	}
}

// TestTabsShareNoCookies signs in one of two.
func TestTabsShareNoCookies(t *testing.T) {
	browser := browsertest.Start(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie("seen")
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		_, _ = fmt.Fprintf(w, page, fmt.Sprintf(`<p>%v</p>`, err == nil))
	}))
	t.Cleanup(server.Close)
	one, other := browser.Open(t, server.URL, browsertest.Wide()), browser.Open(t, server.URL, browsertest.Wide())
	one.Go("/")
	one.Go("/")
	one.Shows("p", "true")
	other.Go("/")
	other.Shows("p", "false")
}

// TestAnAwaitedPageIsThereAsAWhole has a page go to another by itself, whose script comes only when the element is seen already.
func TestAnAwaitedPageIsThereAsAWhole(t *testing.T) {
	browser := browsertest.Start(t)
	var tab *browsertest.Tab
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, page, `<script>addEventListener("load", () => setTimeout(() => location.assign("/next"), 0))</script>`)
	})
	mux.HandleFunc("GET /next", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, page, `<p id="next">next</p><script src="/late.js" defer></script>`)
	})
	mux.HandleFunc("GET /late.js", func(w http.ResponseWriter, _ *http.Request) {
		for !tab.Has("#next") {
		}
		_, _ = w.Write([]byte(`document.querySelector("#next").className = "bound"`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	tab = browser.Open(t, server.URL, browsertest.Wide())
	tab.Go("/")
	tab.Await("#next")
	if !tab.Has("#next.bound") {
		t.Error("what was awaited is used before the page's script has run")
	}
}

// TestABrowserThatCrashesAtItsStartIsStartedOnceMore has a program crash before it becomes the browser.
func TestABrowserThatCrashesAtItsStartIsStartedOnceMore(t *testing.T) {
	program := browsertest.Find()
	if program == "" {
		t.Skip(browsertest.Missing)
	}
	crashed := filepath.Join(t.TempDir(), "crashed")
	script := filepath.Join(t.TempDir(), "chromium")
	text := fmt.Sprintf("#!/bin/sh\nif [ -e %[1]s ]; then exec %[2]s \"$@\"; fi\ntouch %[1]s\nexit 5\n", crashed, program)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Start(t, chromedp.ExecPath(script)).Open(t, serve(t, map[string]string{"/": "fine"}), browsertest.Narrow())
	tab.Go("/")
	if _, err := os.Stat(crashed); err != nil {
		t.Error("it did not crash:", err)
	}
}
