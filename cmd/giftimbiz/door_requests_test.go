package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// pathsOut asks for files that lie beside what is served, in every spelling there is.
func (d *prober) pathsOut() {
	for _, folder := range []string{"/UPLOAD/", "/Form/", "/UPLOAD/qr/", "/docs/", "/docs/en/", "/docs/assets/", "/console/assets/", "/r/assets/", "/r/", "/v/", "/"} {
		for _, out := range []string{
			"../../../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "..%5c..%5c..%5cetc%5cpasswd",
			"....//....//....//etc/passwd", "%252e%252e%252f%252e%252e%252fetc%252fpasswd", "..;/..;/etc/passwd", "%00../../etc/passwd", "/etc/passwd",
			"..%c0%af..%c0%afetc/passwd", "handler.go", "../vault.keys", "..%2fgiftimbiz.db", "file:///etc/passwd",
		} {
			for _, resp := range d.raw("GET " + folder + out + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") {
				body, _ := io.ReadAll(resp.Body) // it was read before
				leads := resp.Header.Get("Location")
				switch {
				case resp.StatusCode == http.StatusOK && folder+out != "/docs/en/":
					d.s.t.Errorf("%s%s: HTTP 200, %.100q", folder, out, body)
				case strings.Contains(string(body), "root:"), strings.HasPrefix(leads, "//"):
					d.s.t.Errorf("%s%s: HTTP %d, to %q, %.100q", folder, out, resp.StatusCode, leads, body)
				case resp.StatusCode >= http.StatusInternalServerError:
					d.s.t.Errorf("%s%s: HTTP %d", folder, out, resp.StatusCode)
				}
			}
		}
	}
}

// smuggled sends requests that one server on the way may read as one and another as two. Each is refused as a whole, or is one: what hides
// in it, the head of a request for /healthz, is answered never.
func (d *prober) smuggled() {
	const hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Hidden: yes\r\n\r\n"
	head := func(lines ...string) string {
		return "POST /api/v1/giftimbiz/listAll HTTP/1.1\r\nHost: x\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
	chunked := "0\r\n\r\n" + hidden
	all := fmt.Sprint("Content-Length: ", len(chunked))
	for name, test := range map[string]struct {
		sent    string
		refused bool
	}{
		"two lengths":                 {head("Content-Length: 0", all) + chunked, true},
		"two lengths in one":          {head(fmt.Sprint("Content-Length: 0, ", len(chunked))) + chunked, true},
		"a signed length":             {head(fmt.Sprint("Content-Length: +", len(chunked))) + chunked, true},
		"a negative length":           {head("Content-Length: -1") + chunked, true},
		"a length in hexadecimal":     {head("Content-Length: 0x5") + chunked, true},
		"an unknown encoding":         {head(all, "Transfer-Encoding: xchunked") + chunked, true},
		"two encodings":               {head(all, "Transfer-Encoding: chunked, identity") + chunked, true},
		"an encoding twice":           {head(all, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + chunked, true},
		"an encoding hidden by a tab": {head(all, "Transfer-Encoding:\tchunked", "Transfer-Encoding: x") + chunked, true},
		"a space before the colon":    {head("Content-Length : 0", all) + chunked, true},
		"a line that goes on":         {head("X-A: b", "\tTransfer-Encoding: chunked", all) + chunked, false},
		"a bare carriage return":      {head("X-A: b\rTransfer-Encoding: chunked", all) + chunked, true},
		"a null":                      {head("X-A: b\x00", all) + chunked, true},
		"a chunk of a negative size":  {head("Transfer-Encoding: chunked") + "-1\r\n" + hidden, false},
		"a chunk of a huge size":      {head("Transfer-Encoding: chunked") + "ffffffffffffffffff\r\n" + hidden, false},
		"a chunk size with an x":      {head("Transfer-Encoding: chunked") + "0x0\r\n\r\n" + hidden, false},
		"no host":                     {"GET /healthz HTTP/1.1\r\nX-Hidden: yes\r\n\r\n", true},
		"two hosts":                   {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", true},
		"an odd host":                 {"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", true},
		"another protocol":            {"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", true},
		"a line too long":             {"GET /" + strings.Repeat("x", 2<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n", true},
	} {
		answers := d.raw(test.sent)
		if test.refused && (len(answers) != 1 || answers[0].StatusCode < 400) {
			d.s.t.Errorf("%s: %d answers, the first %v", name, len(answers), status(answers))
		}
		for _, a := range answers {
			body, _ := io.ReadAll(a.Body) // it was read before
			if string(body) == "ok\n" {
				d.s.t.Errorf("%s: what hides in it is answered", name)
			}
		}
	}
	d.methods()
}

func status(answers []*http.Response) int {
	if len(answers) == 0 {
		return 0
	}
	return answers[0].StatusCode
}

// methods asks by verbs that nobody needs. An echo of the request would show a script the cookie that it may not read.
func (d *prober) methods() {
	for _, method := range []string{"TRACE", "TRACK", "DEBUG", "CONNECT", "PROPFIND", "get"} {
		for _, path := range []string{"/", "/console/", "/r/counter", "/docs/en/", "/UPLOAD/x.png", "/healthz", "/api/v1/giftimbiz/listAll", "/api/v2/offers"} {
			text := method + " " + path + " HTTP/1.1\r\nHost: x\r\nCookie: secret=echoed\r\nConnection: close\r\n\r\n"
			if method == "CONNECT" {
				text = strings.Replace(text, path, "evil.example:443", 1)
			}
			answers := d.raw(text)
			if len(answers) != 1 || answers[0].StatusCode < 300 {
				d.s.t.Errorf("%s %s: HTTP %d", method, path, status(answers))
				continue
			}
			if body, _ := io.ReadAll(answers[0].Body); strings.Contains(string(body), "echoed") {
				d.s.t.Errorf("%s %s echoes", method, path)
			}
		}
	}
}
