package main

import (
	"net/http"
	"strings"
)

// headersEverywhere looks at the head of every answer.
func (d *prober) headersEverywhere() {
	seen := 0
	d.everywhere(func(a asked) {
		seen++
		for _, fault := range headFaults(a) {
			d.s.t.Errorf("%s: HTTP %d: %s", a.what, a.answer.status, fault)
		}
	})
	if seen < 200 {
		d.s.t.Errorf("only %d answers: the walk looks at the wrong things", seen)
	}
}

// headFaults says what is wrong with an answer's head.
func headFaults(a asked) (faults []string) {
	h := a.answer.header
	want := func(ok bool, fault string) {
		if !ok {
			faults = append(faults, fault)
		}
	}
	want(h.Get("X-Content-Type-Options") == "nosniff", "browsers may guess what it is")
	want(h.Get("Strict-Transport-Security") == "max-age=31536000", "browsers may come unencrypted")
	want(h.Get("X-Request-Id") != "", "it has no id")
	want(h.Get("Server") == "" && h.Get("X-Powered-By") == "", "it tells what it is made of")
	want(h.Get("Access-Control-Allow-Origin") == "", "scripts of other sites may read it")
	want(len(a.answer.body) == 0 || h.Get("Content-Type") != "", "it does not say what it is")
	for _, cookie := range (&http.Response{Header: h}).Cookies() {
		want(cookie.HttpOnly && cookie.Secure && cookie.SameSite != http.SameSiteDefaultMode && cookie.Domain == "", "cookie "+cookie.Name+" is not kept close")
	}
	if strings.HasPrefix(a.path, "/api/") {
		want(strings.Contains(h.Get("Content-Type"), "json") || h.Get("Content-Type") == "", "it is not JSON")
		want(h.Get("Cache-Control") != "", "caches may keep it")
		return faults
	}
	rules := h.Get("Content-Security-Policy")
	want(strings.Contains(rules, "default-src 'none'"), "it may load what it likes")
	want(strings.Contains(rules, "sandbox") || strings.Contains(rules, "frame-ancestors 'none'"), "it may be framed")
	want(strings.Contains(rules, "sandbox") || strings.Contains(rules, "base-uri 'none'"), "its links may be turned elsewhere")
	want(!strings.Contains(rules, "unsafe-eval") && !strings.Contains(strings.ReplaceAll(rules, "style-src 'unsafe-inline'", ""), "unsafe-inline"),
		"it runs what stands in it: "+rules)
	want(!strings.Contains(rules, "*") && !strings.Contains(rules, "http"), "it loads from elsewhere: "+rules)
	want(strings.Contains(rules, "sandbox") || h.Get("X-Frame-Options") == "DENY", "old browsers may frame it")
	want(h.Get("Referrer-Policy") != "", "its address is told to where it leads")
	if strings.HasPrefix(a.path, "/r/") && !strings.HasPrefix(a.path, "/r/assets/") || strings.HasPrefix(a.path, "/v/") ||
		strings.HasPrefix(a.path, "/console") && !strings.HasPrefix(a.path, "/console/assets/") {
		want(strings.Contains(h.Get("Cache-Control"), "no-store") || a.answer.status >= 300, "caches may keep it")
	}
	return faults
}

// hostsAreNotBelieved asks for everything under another name, as whoever points his name at us or poisons a cache does.
func (d *prober) hostsAreNotBelieved() {
	const evil = "evil.example"
	d.everywhere(func(a asked) {
		for name, values := range a.answer.header {
			if strings.Contains(strings.Join(values, " "), evil) {
				d.s.t.Errorf("%s: the header %s is %q", a.what, name, values)
			}
		}
		if strings.Contains(string(a.answer.body), evil) {
			d.s.t.Errorf("%s shows it", a.what)
		}
		to := a.answer.header.Get("Location")
		if to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\")) {
			d.s.t.Errorf("%s leads to %s", a.what, to)
		}
	}, "Host", evil, "X-Forwarded-Host", evil, "X-Forwarded-Proto", "http", "Forwarded", "host="+evil+";proto=http", "X-Original-URL", "/"+evil)
	for _, next := range []string{
		"https://" + evil + "/", "//" + evil, "/\\" + evil, "\\\\" + evil, "/console/../..//" + evil, "javascript:alert(1)//" + evil,
		"/console/@" + evil + "/../../\r\nLocation: https://" + evil, "https:" + evil, "/%2f" + evil, "/console\t/" + evil,
	} {
		a := d.send(http.MethodPost, "/console/sign-in", map[string][]string{
			"email": {"admin@walk.example"}, "password": {walkPassword}, "next": {next},
		}, "Origin", consoleOrigin)
		if a.status != http.StatusSeeOther || a.to != "/console/" && !strings.HasPrefix(a.to, "/console/") || strings.Contains(a.to, "//") {
			d.s.t.Errorf("next=%q leads to %q (HTTP %d)", next, a.to, a.status)
		}
	}
}
