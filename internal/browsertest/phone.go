package browsertest

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Option changes how a browser is started.
type Option = chromedp.ExecAllocatorOption

// Camera gives the browser a camera that films a picture: a file of JPEG pictures one after the other (.mjpeg), which must be
// there when a page begins to film. Pages may film without being asked.
func Camera(file string) []Option {
	return []Option{
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-video-capture", file),
	}
}

// Phone is a telephone of the smaller kind, and Tablet a tablet held upright.
func Phone() Look  { return Look{Name: "phone", Width: 360, Height: 740} }
func Tablet() Look { return Look{Name: "tablet", Width: 820, Height: 1180} }

// slowNetwork is what the network does to each request: so many milliseconds more, and so many bytes a second.
var slowNetwork = cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

type conditions struct {
	Offline  bool    `json:"offline"`
	Latency  float64 `json:"latency"`
	Download float64 `json:"downloadThroughput"`
	Upload   float64 `json:"uploadThroughput"`
}

// Slow makes the tab that of an old telephone on a bad network: a quarter of the speed, 150 ms to the server and back, 1.6 Mbit/s.
func (tab *Tab) Slow() {
	tab.t.Helper()
	tab.do("slow down", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
		if err == nil {
			_, err = cdp.Call(ctx, target, slowNetwork, conditions{Latency: 150, Download: 200_000, Upload: 90_000})
		}
		return err
	}))
}

// Excuse makes complaints of the browser that contain a text no problem from now on.
func (tab *Tab) Excuse(text string) {
	tab.problems.mu.Lock()
	defer tab.problems.mu.Unlock()
	tab.problems.excused = text
}

// Expect clicks on what makes the page show something, and waits for that. status is that of the answer when it is a refusal, else 0.
func (tab *Tab) Expect(selector, shown string, status int64) {
	tab.t.Helper()
	if status != 0 {
		tab.problems.allow(status)
	}
	tab.mustBeThere(selector)
	tab.do("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	tab.Await(shown)
}
