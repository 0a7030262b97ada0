package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"giftimbiz/client"
)

// languages are what the shop speaks.
var languages = map[string]bool{"ko": true, "en": true}

// languageOf is the language that somebody chose here, or else that the browser prefers; Korean when it prefers neither.
func languageOf(r *http.Request) string {
	if cookie, err := r.Cookie(cookieLanguage); err == nil && languages[cookie.Value] {
		return cookie.Value
	}
	best, weight := "ko", 0.0
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, rest, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(rest), "q="); ok {
			q, _ = strconv.ParseFloat(text, 64) // 0 = not wanted
		}
		language, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if languages[language] && q > weight {
			best, weight = language, q
		}
	}
	return best
}

// seoul is where days begin and clocks are read.
var seoul = time.FixedZone("KST", 9*60*60)

// T is a text in the visitor's language.
func (v *visit) T(name string, args ...any) string { return text(v.Language, name, args...) }

// Korean tells whether the visitor reads Korean.
func (v *visit) Korean() bool { return v.Language == "ko" }

// Won writes a sum: 4,500원.
func (v *visit) Won(n int64) string {
	if v.Korean() {
		return grouped(n) + "원"
	}
	return "₩" + grouped(n)
}

// Points writes points: 4,500 P.
func (v *visit) Points(n int64) string { return grouped(n) + " P" }

func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Day writes a day: 2026년 12월 31일.
func (v *visit) Day(d client.Day) string {
	if v.Korean() {
		return d.Start().Format("2006년 1월 2일")
	}
	return d.Start().Format("2 January 2006")
}

// Moment writes a time: 9월 15일 12:03.
func (v *visit) Moment(t time.Time) string {
	if v.Korean() {
		return t.In(seoul).Format("1월 2일 15:04")
	}
	return t.In(seoul).Format("2 Jan, 15:04")
}

// Clock writes the time of day to the second.
func (v *visit) Clock(t time.Time) string { return t.In(seoul).Format("15:04:05") }

// DaysLeft is how many days something is valid after today, as the API counts; below 0 it is over.
func (v *visit) DaysLeft(d client.Day) int {
	return int(d.Start().Sub(client.DayOf(v.pages.shop.catalogue.apiNow()).Start()) / (24 * time.Hour))
}

// soon is from how many days on people are reminded of a last day.
const soon = 7

// Soon tells whether something ends soon.
func (v *visit) Soon(d client.Day) bool { n := v.DaysLeft(d); return n >= 0 && n <= soon }

// Left writes how long something is valid yet.
func (v *visit) Left(d client.Day) string {
	switch n := v.DaysLeft(d); {
	case n < 0:
		return v.T("left-over")
	case n == 0:
		return v.T("left-today")
	case n == 1:
		return v.T("left-tomorrow")
	default:
		return v.T("left-days", n)
	}
}

// Tell writes a notice.
func (v *visit) Tell(n *notice) string {
	detail := n.Detail
	switch n.Kind {
	case noticeCancelled:
		points, _ := strconv.ParseInt(detail, 10, 64) // the shop wrote it
		detail = v.Points(points)
	case noticeExpiring:
		if days, _ := strconv.Atoi(detail); days <= 1 {
			return v.T("notice-expiring-last", n.Name)
		}
	case noticeExpired, noticeWithdrawn:
		return v.T("notice-"+n.Kind, n.Name)
	}
	return v.T("notice-"+n.Kind, n.Name, detail)
}

// Sorts are the orders of lists that a visitor can choose from.
func (v *visit) Sorts() []string { return []string{popular, cheap, discounted} }

// Short is how many points are missing.
func (v *visit) Short(after int64) int64 { return -after }

// part is what a part of a page shows, with what every page knows.
type part[T any] struct {
	*visit
	It T
}

// Card, Ticket and Rows make parts.
func (v *visit) Card(it *item) part[*item]         { return part[*item]{v, it} }
func (v *visit) Ticket(t *ticket) part[*ticket]    { return part[*ticket]{v, t} }
func (v *visit) Rows(list []*order) part[[]*order] { return part[[]*order]{v, list} }
