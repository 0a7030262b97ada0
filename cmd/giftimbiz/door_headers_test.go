package main

import (
	"net/http"
	"net/url"
	"strings"

	"giftimbiz/internal/office"
)

// evilHost is the name under which somebody points at us, or poisons a cache.
const evilHost = "evil.example"

// answersEverywhere asks for everything under another name, and looks at each answer.
func (d *prober) answersEverywhere() {
	seen := 0
	d.everywhere(func(a asked) {
		seen++
		for _, fault := range append(headFaults(a), hostFaults(a)...) {
			d.s.t.Errorf("%s: HTTP %d: %s", a.what, a.answer.status, fault)
		}
	}, "Host", evilHost, "X-Forwarded-Host", evilHost, "X-Forwarded-Proto", "http", "Forwarded", "host="+evilHost+";proto=http",
		"X-Original-URL", "/"+evilHost)
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

// hostFaults says what an answer took from the name that the request gave its host.
func hostFaults(a asked) (faults []string) {
	for name, values := range a.answer.header {
		if strings.Contains(strings.Join(values, " "), evilHost) {
			faults = append(faults, "the header "+name+" is "+strings.Join(values, " "))
		}
	}
	if strings.Contains(string(a.answer.body), evilHost) {
		faults = append(faults, "it shows the name")
	}
	to := a.answer.header.Get("Location")
	if to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\")) {
		faults = append(faults, "it leads to "+to)
	}
	return faults
}

// nextLeadsNowhereElse asks to be led elsewhere after signing in.
func (d *prober) nextLeadsNowhereElse() {
	for _, next := range []string{
		"https://" + evilHost + "/", "//" + evilHost, "/\\" + evilHost, "\\\\" + evilHost, "/console/../..//" + evilHost,
		"javascript:alert(1)//" + evilHost, "/console/@" + evilHost + "/../../\r\nLocation: https://" + evilHost, "https:" + evilHost,
		"/%2f" + evilHost, "/console\t/" + evilHost, "/console/%2e%2e/%2e%2e/" + evilHost, "/console/../healthz",
	} {
		a := d.as(office.Admin, http.MethodGet, "/console/sign-in?"+url.Values{"next": {next}}.Encode())
		if a.status != http.StatusSeeOther || a.to != "/console/" {
			d.s.t.Errorf("next=%q leads to %q (HTTP %d)", next, a.to, a.status)
		}
	}
	if a := d.as(office.Admin, http.MethodGet, "/console/sign-in?next=%2Fconsole%2Forders%3Fq%3D1"); a.to != "/console/orders?q=1" {
		d.s.t.Errorf("a page of the console: %q", a.to)
	}
}
