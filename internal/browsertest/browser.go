// Package browsertest lets tests use pages as people do, in Debian's Chromium: see them at a size, in light or dark, fill forms,
// press buttons. Whatever the browser complains of, every request that fails or leaves the server, every serious fault of
// accessibility fails the test. Without Chromium tests are skipped.
//
// With GIFTIMBIZ_SCREENSHOTS=/some/folder each page that a test checks is also kept there as a picture:
//
//	GIFTIMBIZ_SCREENSHOTS=/tmp/shots go test ./cmd/giftimbiz -run Console
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// screenshots is the variable that says where pictures of pages go.
const screenshots = "GIFTIMBIZ_SCREENSHOTS"

// patience bounds every wait for the browser, on a machine however busy.
const patience = 60 * time.Second

// lookEvery is how often a page is looked at while something is awaited on it.
const lookEvery = 50 * time.Millisecond

// programs are the names under which systems have a Chromium; Debian's is the first.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

// Missing is what a test is skipped with where Find finds nothing.
const Missing = "skipped: no Chromium that runs (Debian: apt-get install chromium, Ubuntu: snap install chromium)"

// Browser is a Chromium that runs until the test ends.
type Browser struct {
	ctx context.Context
}

// Start starts a Chromium with an empty profile, or skips the test where there is none. The browser ends with the test, and
// with the test's process however that ends.
func Start(t testing.TB, more ...Option) *Browser {
	t.Helper()
	program := Find()
	if program == "" {
		t.Skip(Missing)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		// Nothing but the server under test can be reached, by whatever part of the browser.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-crash-reporter", true),
		chromedp.Flag("disable-features", strings.Join(without, ",")),
		chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(patience), // else 20 seconds
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	options = append(options, more...)
	for try := 1; ; try++ {
		ctx, stop, err := launch(options)
		if err == nil {
			t.Cleanup(stop)
			return &Browser{ctx: ctx}
		}
		stop()
		if try == starts {
			t.Fatalf("start %s: %v", program, err)
		}
		t.Logf("start %s once more: %v", program, err)
	}
}

// without is what the browser does without: what chromedp's own list leaves out, and what makes each page in a frame, or in a process,
// that was made for it. That shields users from sites that they do not trust, and is a third of the work of opening a page.
var without = []string{"Translate", "BlinkGenPropertyTrees", "RenderDocument", "SpareRendererForSitePerProcess"}

// starts is how often a browser is started at most: on machines where it never ran before, Chromium at times crashes before it
// listens, which says nothing about the pages.
const starts = 3

// launch starts a browser with a new profile. stop waits until the process is gone and its profile removed.
func launch(options []chromedp.ExecAllocatorOption) (ctx context.Context, stop func(), err error) {
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	stop = func() {
		cancel()
		end()
	}
	return ctx, stop, chromedp.Do(ctx)
}

// Find returns the path of a Chromium that runs, "" where there is none.
func Find() string { return found() }

// found asks each for its version: Ubuntu's chromium-browser may be a script that only says how to get one.
var found = sync.OnceValue(func() string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, name := range programs {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(ctx, path, "--version").Run() == nil {
			return path
		}
	}
	return ""
})

// Look is how somebody sees pages.
type Look struct {
	Name          string // in the names of pictures
	Width, Height int64  // in CSS pixels
	Dark          bool
	Language      string // what the browser prefers: "ko", "en"
	NoScript      bool   // whether it runs no scripts; axe, which is one, is left out then
}

// Wide and Narrow are a desk's screen and a telephone's.
func Wide() Look   { return Look{Name: "wide", Width: 1440, Height: 900} }
func Narrow() Look { return Look{Name: "narrow", Width: 390, Height: 844} }

// In returns the look with another language.
func (l Look) In(language string) Look {
	l.Name, l.Language = l.Name+"-"+language, language
	return l
}

// InDark returns the look in dark.
func (l Look) InDark() Look {
	l.Name, l.Dark = l.Name+"-dark", true
	return l
}

// WithoutScript returns the look in a browser that runs no scripts.
func (l Look) WithoutScript() Look {
	l.Name, l.NoScript = l.Name+"-noscript", true
	return l
}

// Open returns an empty tab with cookies of its own. Everything it asks for has to come from origin, such as
// http://127.0.0.1:8080.
func (b *Browser) Open(t testing.TB, origin string, look Look) *Tab {
	t.Helper()
	tab := &Tab{t: t, origin: origin, look: look, problems: newProblems(origin)}
	var cancel context.CancelFunc
	tab.ctx, cancel = chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(tab.problems.hear))
	t.Cleanup(cancel)
	if err := chromedp.Do(tab.ctx); err != nil { // not bounded: the tab would end with the bound
		t.Fatalf("open a tab: %v", err)
	}
	tab.do("set the look", chromedp.EmulateViewport(look.Width, look.Height), tab.media(look.Dark), chromedp.Func(look.set))
	return tab
}

func (l Look) set(ctx context.Context, target *chromedp.Target) error {
	headers := network.Headers{"Accept-Language": l.Language}
	_, err := cdp.Call(ctx, target, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: headers})
	if err != nil {
		return err
	}
	_, err = cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: l.NoScript})
	return err
}

func (tab *Tab) media(dark bool) chromedp.Action[chromedp.Void] {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return err
	})
}
