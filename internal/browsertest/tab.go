package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Tab is a page in a browser. Elements are named by CSS selectors; the first that fits is meant. Each method fails the test
// when it cannot do what it says, and for everything the browser complained of meanwhile.
type Tab struct {
	t        testing.TB
	ctx      context.Context
	origin   string
	look     Look
	problems *problems
}

// In returns the tab for use by a subtest.
func (tab *Tab) In(t testing.TB) *Tab {
	sub := *tab
	sub.t = t
	return &sub
}

// Go opens a page of the server.
func (tab *Tab) Go(path string) {
	tab.t.Helper()
	tab.do("open "+path, chromedp.Navigate(tab.origin+path))
	tab.report("opening " + path)
}

// Press clicks on what leads to another page, and waits for that page.
func (tab *Tab) Press(selector string) {
	tab.t.Helper()
	tab.mustBeThere(selector)
	click := chromedp.WaitEvent(page.LoadEventFired, nil, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	ctx, cancel := tab.bounded()
	defer cancel()
	if _, err := chromedp.Run(ctx, click); err != nil {
		tab.t.Fatalf("press %s: %v\n%s", selector, err, tab.describe())
	}
	tab.report("pressing " + selector)
}

// Refused is Press for what the server refuses with a status of 400 or more.
func (tab *Tab) Refused(status int64, selector string) {
	tab.t.Helper()
	tab.problems.allow(status)
	tab.Press(selector)
}

// GoRefused is Go for what the server refuses with a status of 400 or more.
func (tab *Tab) GoRefused(status int64, path string) {
	tab.t.Helper()
	tab.problems.allow(status)
	tab.Go(path)
}

// Click clicks on what changes the page it is on.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.mustBeThere(selector)
	tab.do("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	tab.report("clicking on " + selector)
}

// Hover puts the pointer over an element, where it stays.
func (tab *Tab) Hover(selector string) {
	tab.t.Helper()
	tab.mustBeThere(selector)
	at := evaluate[[]float64](tab, "find "+selector, call(`selector => {
	const e = document.querySelector(selector);
	e.scrollIntoView({block: 'center'});
	const box = e.getBoundingClientRect();
	return [box.x + box.width / 2, box.y + box.height / 2];
}`, selector))
	tab.do("point at "+selector, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, input.DispatchMouseEvent, input.DispatchMouseEventParams{
			Type: input.DispatchMouseEventTypeMouseMoved, X: at[0], Y: at[1],
		})
		return err
	}))
	if !tab.Has(selector + ":hover") {
		tab.t.Errorf("%s: the pointer is not over %s", tab.Path(), selector)
	}
	tab.report("pointing at " + selector)
}

// Trigger clicks on what is still moving, wherever it is by then.
func (tab *Tab) Trigger(selector string) {
	tab.t.Helper()
	tab.mustBeThere(selector)
	evaluate[bool](tab, "trigger "+selector, call(`(selector) => { document.querySelector(selector).click(); return true; }`, selector))
	tab.report("triggering " + selector)
}

// Fill writes into a field that people can see, or chooses from a list, or sets or clears a box ("on", "").
func (tab *Tab) Fill(selector, value string) {
	tab.t.Helper()
	tab.mustBeThere(selector)
	what := evaluate[string](tab, "fill "+selector, call(`(selector, value) => {
	const e = document.querySelector(selector);
	if (e.disabled || e.readOnly) return 'is disabled';
	if (!e.checkVisibility()) return 'is not visible';
	if (e.type === 'checkbox' || e.type === 'radio') {
		if (e.checked !== (value !== '')) e.click();
		return '';
	}
	e.focus();
	e.value = value;
	if (e.value.replaceAll('\n', '\r\n') !== value.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n')) return 'does not take ' + value;
	e.dispatchEvent(new Event('input', {bubbles: true}));
	e.dispatchEvent(new Event('change', {bubbles: true}));
	return '';
}`, selector, value))
	if what != "" {
		tab.t.Fatalf("fill %s: it %s\n%s", selector, what, tab.describe())
	}
	tab.report("filling " + selector)
}

// Upload chooses a file in a field for files.
func (tab *Tab) Upload(selector, file string) {
	tab.t.Helper()
	tab.mustBeThere(selector)
	tab.do("upload into "+selector, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
	tab.report("choosing a file in " + selector)
}

// Has tells whether there is such an element, visible or not.
func (tab *Tab) Has(selector string) bool {
	tab.t.Helper()
	return evaluate[bool](tab, "look for "+selector, call(`s => document.querySelector(s) !== null`, selector))
}

// Text returns what people read in an element, with single spaces.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	tab.mustBeThere(selector)
	text := evaluate[string](tab, "read "+selector, call(`s => document.querySelector(s).innerText`, selector))
	return strings.Join(strings.Fields(text), " ")
}

// Said returns what stands in an element, whether people can see it or not, with single spaces: of a message that goes away by itself.
func (tab *Tab) Said(selector string) string {
	tab.t.Helper()
	tab.mustBeThere(selector)
	text := evaluate[string](tab, "read "+selector, call(`s => document.querySelector(s).textContent`, selector))
	return strings.Join(strings.Fields(text), " ")
}

// Value returns what stands in a field.
func (tab *Tab) Value(selector string) string {
	tab.t.Helper()
	tab.mustBeThere(selector)
	return evaluate[string](tab, "read "+selector, call(`s => document.querySelector(s).value`, selector))
}

// Link returns where a link leads.
func (tab *Tab) Link(selector string) string {
	tab.t.Helper()
	tab.mustBeThere(selector)
	return evaluate[string](tab, "read "+selector, call(`s => document.querySelector(s).getAttribute('href')`, selector))
}

// Path returns the address of the page after the server's name.
func (tab *Tab) Path() string {
	tab.t.Helper()
	return evaluate[string](tab, "read the address", `location.pathname + location.search`)
}

// Shows fails the test unless the element contains a text.
func (tab *Tab) Shows(selector, text string) {
	tab.t.Helper()
	if got := tab.Text(selector); !strings.Contains(got, text) {
		tab.t.Errorf("%s: %s says %q, want %q in it", tab.Path(), selector, got, text)
	}
}

// Await waits for an element: what a page fetches later, or another page that it goes to by itself. Of such a page the rest is
// awaited, too: what stands further down may not be there yet, its scripts may not listen, and its load would be taken for that
// of the page to which somebody presses next.
func (tab *Tab) Await(selector string) {
	tab.t.Helper()
	ctx, cancel := tab.bounded()
	defer cancel()
	there := call(`s => document.readyState === 'complete' && document.querySelector(s) !== null`, selector)
	for !evaluate[bool](tab, "wait for "+selector, there) {
		select {
		case <-ctx.Done():
			tab.t.Fatalf("no %s after %v\n%s", selector, patience, tab.describe())
		case <-time.After(lookEvery):
		}
	}
	tab.report("waiting for " + selector)
}

// How often, and after how many looks, somebody opens a page once more on which a button did nothing.
const (
	insistences = 5
	openAgain   = int(15 * time.Second / lookEvery)
)

// Insist opens a page, triggers, and begins again until something is there. It is for pages of others, which lose a click that comes
// while they draw themselves anew.
func (tab *Tab) Insist(open func(), selector, until string) {
	tab.t.Helper()
	for range insistences {
		open()
		tab.Trigger(selector)
		for range openAgain {
			if tab.Has(until) {
				tab.report("waiting for " + until)
				return
			}
			<-time.After(lookEvery)
		}
	}
	tab.t.Fatalf("no %s after %d times\n%s", until, insistences, tab.describe())
}

func (tab *Tab) mustBeThere(selector string) {
	tab.t.Helper()
	if !tab.Has(selector) {
		tab.t.Fatalf("there is no %s\n%s", selector, tab.describe())
	}
}

// report fails the test for what the browser complained of.
func (tab *Tab) report(during string) {
	tab.t.Helper()
	for _, problem := range tab.problems.take() {
		tab.t.Errorf("%s, %s: %s", tab.look.Name, during, problem)
	}
}

// describe says what the tab shows, for a test that fails.
func (tab *Tab) describe() string {
	ctx, cancel := tab.bounded()
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + '\n' + document.body.innerText.slice(0, 4000) +
	[...document.querySelectorAll(':invalid')].map(e => '\ninvalid: ' + e.tagName + ' ' + e.name).join('')`))
	return fmt.Sprintf("%s shows: %s (%v)\n%s", tab.look.Name, text, err, strings.Join(tab.problems.take(), "\n"))
}

func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := tab.bounded()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("%s: %s: %v\n%s", tab.look.Name, what, err, strings.Join(tab.problems.take(), "\n"))
	}
}

func (tab *Tab) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(tab.ctx, patience)
}

// evaluate runs a script as a developer does at the browser's console: the page's policy does not bind it. A page that goes
// away meanwhile is asked again when the next one is there.
func evaluate[T any](tab *Tab, what, script string, options ...chromedp.EvaluateOption) T {
	tab.t.Helper()
	ctx, cancel := tab.bounded()
	defer cancel()
	for {
		value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, options...))
		if err == nil {
			return value
		}
		if ctx.Err() != nil || !isPassing(err) {
			tab.t.Fatalf("%s: %s: %v", tab.look.Name, what, err)
		}
	}
}

// isPassing tells an error of a page that was about to be replaced.
func isPassing(err error) bool {
	var exception *chromedp.ExceptionError
	if errors.As(err, &exception) {
		return false
	}
	for _, words := range []string{"context was destroyed", "Cannot find context", "navigated or closed", "Cannot find default execution"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

// call writes a call of a function with values.
func call(function string, args ...any) string {
	text, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	return "(" + function + ")(..." + string(text) + ")"
}
