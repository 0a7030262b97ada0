package client

import (
	"fmt"
	"strings"
	"time"
)

// seoul is where days begin. It has had no daylight saving time since 1988.
var seoul = time.FixedZone("KST", 9*60*60)

// Day is a calendar day in Seoul, such as "2026-12-31". Days compare as texts do. "" is none.
type Day string

// DayOf returns the day that a time is in.
func DayOf(t time.Time) Day { return Day(t.In(seoul).Format(time.DateOnly)) }

// Start returns the day's first moment; the zero time of what is no day.
func (d Day) Start() time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), seoul)
	if err != nil {
		return time.Time{}
	}
	return t
}

// End returns the first moment after the day: what is valid until a day can be used before its End.
func (d Day) End() time.Time {
	start := d.Start()
	if start.IsZero() {
		return start
	}
	return start.AddDate(0, 0, 1)
}

// UnmarshalText reads a day. API v1 writes a time behind it, which means nothing.
func (d *Day) UnmarshalText(text []byte) error {
	day := Day(strings.TrimSuffix(string(text), " 00:00:00"))
	if day != "" && day.Start().IsZero() {
		return fmt.Errorf("%q is not a day such as 2026-12-31", text)
	}
	*d = day
	return nil
}
