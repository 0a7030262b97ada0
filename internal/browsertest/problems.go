package browsertest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// problems is what a tab's browser complains of.
type problems struct {
	origin string

	mu      sync.Mutex
	found   []string          // guarded by mu
	allowed []int64           // guarded by mu; statuses of answers that are no problem, once each
	excused string            // guarded by mu; part of complaints that are no problem; "" = none
	sent    map[string]string // guarded by mu; address by request
}

func newProblems(origin string) *problems {
	return &problems{origin: origin, sent: map[string]string{}}
}

// hear is told of everything that happens in the tab.
func (p *problems) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			p.add("the page says on the console (%s): %s", e.Type, said(e.Args))
		}
	case *runtime.EventExceptionThrown:
		p.add("a script failed: %s", thrown(e.ExceptionDetails))
	case *log.EventEntryAdded:
		// What the network refuses is told by its own events, with more about it.
		if e.Entry.Source != "network" && (e.Entry.Level == "error" || e.Entry.Level == "warning") {
			p.add("the browser says (%s): %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		p.sent[string(e.RequestID)] = e.Request.Method + " " + e.Request.URL
		p.leaving(e.Request.URL)
	case *network.EventWebSocketCreated:
		p.leaving(e.URL)
	case *network.EventResponseReceived:
		p.answered(e.Response)
	case *network.EventLoadingFailed:
		if !e.Canceled { // by going to another page
			p.add("%s failed: %s %s", p.sent[string(e.RequestID)], e.ErrorText, e.BlockedReason)
		}
	}
}

func (p *problems) add(format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	if p.excused == "" || !strings.Contains(what, p.excused) {
		p.found = append(p.found, what)
	}
}

// leaving looks at the address of a request.
func (p *problems) leaving(address string) {
	u, err := url.Parse(address)
	if err != nil {
		p.add("a request to %q", address)
		return
	}
	switch u.Scheme {
	case "data", "blob", "about":
		return
	}
	if u.Scheme+"://"+u.Host != p.origin {
		p.add("a request leaves the server: %s", address)
	}
}

func (p *problems) answered(r *network.Response) {
	if r.Status < 400 {
		return
	}
	if i := slices.Index(p.allowed, r.Status); i >= 0 {
		p.allowed = slices.Delete(p.allowed, i, i+1)
		return
	}
	p.add("%s answered %d", r.URL, r.Status)
}

// allow makes one answer with a status no problem.
func (p *problems) allow(status int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = append(p.allowed, status)
}

// take returns what was found since the last time.
func (p *problems) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.found
	for _, status := range p.allowed {
		found = append(found, fmt.Sprintf("nothing answered %d, but should have", status))
	}
	p.found, p.allowed = nil, nil
	return found
}

func said(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		if len(a.Value) > 0 {
			words = append(words, string(a.Value))
		} else {
			words = append(words, a.Description)
		}
	}
	return strings.Join(words, " ")
}

func thrown(d *runtime.ExceptionDetails) string {
	what := d.Text
	if d.Exception != nil {
		what += " " + d.Exception.Description
	}
	return fmt.Sprintf("%s (%s:%d)", what, d.URL, d.LineNumber+1)
}
