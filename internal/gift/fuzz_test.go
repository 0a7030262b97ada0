package gift_test

import (
	"testing"
	"time"

	"giftimbiz/internal/gift"
)

// FuzzParseRef reads order numbers: nothing but exactly what Ref writes is one, and they are in the order of their IDs.
func FuzzParseRef(f *testing.F) {
	id := gift.FirstIDAt(time.Date(2026, 11, 27, 1, 0, 0, 0, gift.Seoul))
	for _, ref := range []string{string(id.Ref(false)), string(id.Ref(true)), "20240101-0000000000000", "TEST-", "20250915-0PB8", ""} {
		f.Add(ref)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, sandbox, err := gift.ParseRef(text)
		if err != nil {
			if id != 0 || sandbox {
				t.Errorf("of the faulty %q comes %d, %v", text, id, sandbox)
			}
			return
		}
		if got := string(id.Ref(sandbox)); got != text || len(text) > 32 {
			t.Errorf("%q is read as %d, whose number is %q", text, id, got)
		}
		if read, err := gift.ParseDigits(id.Digits()); err != nil || read != id {
			t.Errorf("%d has the digits %q, which are read as %d, %v", id, id.Digits(), read, err)
		}
	})
}

// FuzzIDsAreWrittenAndRead writes IDs as order numbers: any ID comes back, and later IDs have later numbers.
func FuzzIDsAreWrittenAndRead(f *testing.F) {
	f.Add(int64(0), int64(1))
	f.Add(int64(gift.FirstIDAt(time.Date(2026, 11, 27, 1, 0, 0, 0, time.UTC))), int64(1<<63-1))
	f.Fuzz(func(t *testing.T, a, b int64) {
		if a < 0 || b < 0 {
			return
		}
		for _, sandbox := range []bool{false, true} {
			got, test, err := gift.ParseRef(string(gift.ID(a).Ref(sandbox)))
			if err != nil || got != gift.ID(a) || test != sandbox {
				t.Errorf("%d came back as %d, %v, %v", a, got, test, err)
			}
			if earlier := gift.ID(a).Ref(sandbox) < gift.ID(b).Ref(sandbox); earlier != (a < b) {
				t.Errorf("%s and %s are not in the order of %d and %d", gift.ID(a).Ref(sandbox), gift.ID(b).Ref(sandbox), a, b)
			}
		}
	})
}

// FuzzParseDay reads days: whichever way one is written, it is the day that String writes.
func FuzzParseDay(f *testing.F) {
	for _, text := range []string{"2026-11-27", "20261127", "0000-01-01", "9999-12-31", "2025-02-29", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		day, err := gift.ParseDay(text)
		if err != nil {
			return
		}
		if again, err := gift.ParseDay(day.String()); err != nil || again != day || len(day.String()) != len("2006-01-02") {
			t.Errorf("%q is %s, which is read as %s, %v", text, day, again, err)
		}
		if day < 0 { // of the time before there are rules about midnights that did not exist
			return
		}
		if gift.DayOf(day.Start()) != day || gift.DayOf(day.End().Add(-1)) != day {
			t.Errorf("%s begins on %s and ends on %s", day, gift.DayOf(day.Start()), gift.DayOf(day.End().Add(-1)))
		}
	})
}
