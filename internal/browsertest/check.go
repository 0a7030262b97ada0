package browsertest

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// axe is axe-core, which looks for what keeps people from using a page.
//
//go:embed axe/axe.min.js
var axe string

// violation is a rule of axe that a page breaks.
type violation struct {
	Rule     string   `json:"rule"`
	Impact   string   `json:"impact"`
	Help     string   `json:"help"`
	Elements []string `json:"elements"`
}

// tooWide lists what makes a page wider than the window, the innermost elements only.
const tooWide = `(() => {
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= width) return [];
	const out = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > width + 0.5 && e.checkVisibility());
	const clipped = e => e && e !== document.body && (getComputedStyle(e).overflowX !== 'visible' || clipped(e.parentElement));
	return out.filter(e => !clipped(e.parentElement) && !out.some(o => o !== e && e.contains(o))).slice(0, 5).
		map(e => Math.ceil(e.getBoundingClientRect().right) + ' px: ' + e.outerHTML.slice(0, 200)).concat(
			[document.documentElement.scrollWidth + ' px, the window ' + width]);
})()`

// Check fails the test for faults of accessibility that axe calls serious or critical and for a page that has to be moved
// sideways to be read. It keeps a picture of the page where GIFTIMBIZ_SCREENSHOTS says.
func (tab *Tab) Check(name string) {
	tab.t.Helper()
	tab.check(name, tab.look, everything)
	tab.report("checking " + name)
}

// CheckLightAndDark is Check in light, and looks in dark at what differs there: the colours.
func (tab *Tab) CheckLightAndDark(name string) {
	tab.t.Helper()
	light := tab.look
	light.Dark = false
	tab.do("go light", tab.media(false))
	tab.check(name, light, everything)
	tab.do("go dark", tab.media(true))
	tab.check(name, light.InDark(), colours)
	tab.do("go back", tab.media(tab.look.Dark))
	tab.report("checking " + name)
}

// CheckSize looks, in light and dark, whether the page has to be moved sideways only: for pages whose elements are a library's. It
// keeps pictures as Check does.
func (tab *Tab) CheckSize(name string) {
	tab.t.Helper()
	for _, dark := range []bool{false, true} {
		look := tab.look
		look.Dark = false
		if dark {
			look = look.InDark()
		}
		tab.do("change the light", tab.media(dark))
		tab.picture(name, look)
		tab.measure(name, look)
	}
	tab.do("go back", tab.media(tab.look.Dark))
	tab.report("checking " + name)
}

// CheckDark looks at the colours in dark, for pages whose elements are a library's.
func (tab *Tab) CheckDark(name string) {
	tab.t.Helper()
	tab.do("go dark", tab.media(true))
	evaluate[bool](tab, "wait for the page to hear of it", `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`,
		chromedp.EvalAwaitPromise)
	tab.runAxe(name, tab.look.InDark(), colours)
	tab.do("go back", tab.media(tab.look.Dark))
	tab.report("checking " + name)
}

// What axe looks at: options of its own.
const (
	everything = `{resultTypes: ['violations']}`
	colours    = `{resultTypes: ['violations'], runOnly: ['color-contrast']}`
)

func (tab *Tab) check(name string, look Look, what string) {
	tab.t.Helper()
	tab.picture(name, look)
	tab.measure(name, look)
	if !look.NoScript {
		tab.runAxe(name, look, what)
	}
}

func (tab *Tab) measure(name string, look Look) {
	tab.t.Helper()
	if wide := evaluate[[]string](tab, "measure", tooWide); len(wide) > 0 {
		tab.t.Errorf("%s (%s): the page is wider than the window:\n%s", name, look.Name, strings.Join(wide, "\n"))
	}
}

func (tab *Tab) runAxe(name string, look Look, what string) {
	tab.t.Helper()
	if !evaluate[bool](tab, "look for axe", `typeof textOfAxe === 'string'`) {
		tab.do("load axe", chromedp.Func(keepAxe))
	}
	violations := evaluate[[]violation](tab, "run axe", `typeof axe === 'object' || (0, eval)(textOfAxe), axe.run(document, `+what+`).then(r => r.violations.
	filter(v => v.impact === 'serious' || v.impact === 'critical').map(v => ({rule: v.id, impact: v.impact, help: v.help,
		elements: v.nodes.map(n => n.target.join(' ') + ': ' + n.html + '\n' + n.failureSummary)})))`, chromedp.EvalAwaitPromise)
	for _, v := range violations {
		tab.t.Errorf("%s (%s): %s, %s: %s\n%s", name, look.Name, v.Rule, v.Impact, v.Help, strings.Join(v.Elements, "\n"))
	}
}

// keepAxe gives axe to this page and to all that the tab opens from now on: half a megabyte that Chromium is told once, as
// telling it cost it more than looking. It is a text until a page is looked at: most are not.
func keepAxe(ctx context.Context, target *chromedp.Target) error {
	source := call(`text => { globalThis.textOfAxe = text; }`, axe)
	_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: source, RunImmediately: new(true)})
	return err
}

// picture keeps the whole page.
func (tab *Tab) picture(name string, look Look) {
	tab.t.Helper()
	folder := os.Getenv(screenshots)
	if folder == "" {
		return
	}
	ctx, cancel := tab.bounded()
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s.png", name, look.Name)), png, 0o644)
	}
	if err != nil {
		tab.t.Errorf("a picture of %s: %v", name, err)
	}
}
