package gift

import (
	"fmt"
	"time"
	_ "time/tzdata" // the binary must know Seoul on machines without a zone database
)

// Won is an amount of Korean won. It has no fractions.
type Won int64

// Seoul is the zone in which days, price tiers and expiry are counted.
var Seoul = mustLoad("Asia/Seoul")

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic("gift: embedded time zones lack " + name)
	}
	return loc
}

// Day is a calendar day in Seoul, counted from 1970-01-01 (day 0).
type Day int32

// DayOf returns the day in Seoul at the instant t.
func DayOf(t time.Time) Day {
	y, m, d := t.In(Seoul).Date()
	return DateOf(y, m, d)
}

// DateOf returns the day of a calendar date. Values outside their range roll over as in time.Date.
func DateOf(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay reads YYYY-MM-DD or YYYYMMDD.
func ParseDay(s string) (Day, error) {
	for _, layout := range []string{"2006-01-02", "20060102"} {
		if t, err := time.Parse(layout, s); err == nil {
			return DateOf(t.Date()), nil
		}
	}
	return 0, fmt.Errorf("%q is not a day of the form 2006-01-02", s)
}

// String returns the day as YYYY-MM-DD.
func (d Day) String() string { return d.utc().Format(time.DateOnly) }

// AppendTo appends what String returns.
func (d Day) AppendTo(b []byte) []byte { return d.utc().AppendFormat(b, time.DateOnly) }

// Start returns the first instant of the day in Seoul.
func (d Day) Start() time.Time {
	y, m, day := d.utc().Date()
	return time.Date(y, m, day, 0, 0, 0, 0, Seoul)
}

// End returns the instant at which the day is over in Seoul: the start of the next.
func (d Day) End() time.Time { return (d + 1).Start() }

func (d Day) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }
