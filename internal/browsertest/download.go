package browsertest

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Download clicks on what leads to a file, and returns the file's name and content.
func (tab *Tab) Download(selector string) (name string, content []byte) {
	tab.t.Helper()
	tab.mustBeThere(selector)
	folder, events := tab.t.TempDir(), true
	ctx, cancel := tab.bounded()
	defer cancel()
	_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: folder, EventsEnabled: &events,
		BrowserContextID: chromedp.FromContext(tab.ctx).BrowserContextID,
	})
	if err != nil {
		tab.t.Fatalf("allow downloads: %v", err)
	}
	begun, progress := chromedp.BrowserEvents(ctx, browser.DownloadWillBegin), chromedp.BrowserEvents(ctx, browser.DownloadProgress)
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)); err != nil {
		tab.t.Fatalf("click %s: %v", selector, err)
	}
	for e, err := range begun {
		if err != nil {
			tab.t.Fatalf("%s leads to no file: %v\n%s", selector, err, tab.describe())
		}
		name = e.SuggestedFilename
		break
	}
	for e, err := range progress {
		if err != nil || e.State == browser.DownloadProgressStateCanceled {
			tab.t.Fatalf("the file of %s is broken off: %v\n%s", selector, err, tab.describe())
		}
		if e.State == browser.DownloadProgressStateCompleted {
			content, err = os.ReadFile(filepath.Join(folder, e.GUID))
			if err != nil {
				tab.t.Fatal(err)
			}
			break
		}
	}
	tab.report("downloading " + selector)
	return name, content
}
