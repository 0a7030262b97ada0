package partnerv2_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"giftimbiz/internal/partnerv2"
)

func TestAPartnerIsHeldToItsRate(t *testing.T) {
	s := openShowroom(t, func(c *partnerv2.Config) { c.RateLimit = 10 })
	for i := range 20 {
		w := s.get("partner")
		want := `"partner";r=` + strconv.Itoa(19-i) + `;t=` + strconv.Itoa((i+10)/10)
		if w.Code != http.StatusOK || w.Header().Get("RateLimit-Policy") != `"partner";q=20;w=2` || w.Header().Get("RateLimit") != want {
			t.Fatalf("%d: HTTP %d, %v; want %s", i, w.Code, w.Header(), want)
		}
	}
	w := s.get("partner")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || w.Header().Get("RateLimit") != `"partner";r=0;t=2` {
		t.Errorf("HTTP %d, %v, %s", w.Code, w.Header(), w.Body)
	}
	if a := s.last(); a.Code != "Q" || a.Partner != s.partner {
		t.Errorf("noted: %+v", a)
	}
	s.shown.Advance(100 * time.Millisecond)
	if one, two := s.get("partner").Code, s.get("partner").Code; one != http.StatusOK || two != http.StatusTooManyRequests {
		t.Errorf("a tenth of a second later: HTTP %d, %d", one, two)
	}
	s.shown.Advance(-time.Hour) // it must not take an hour then
	if w := s.get("partner"); w.Code != http.StatusOK || w.Header().Get("RateLimit") != `"partner";r=19;t=1` {
		t.Errorf("the clock was set back: HTTP %d, %v", w.Code, w.Header())
	}
	if w := s.get("partner", "Authorization", "Bearer wrong"); w.Header().Get("RateLimit") != "" {
		t.Errorf("a stranger: %v", w.Header())
	}
}

func TestWithoutALimitNothingIsSaidOfIt(t *testing.T) {
	s := openShowroom(t)
	for range 500 {
		if w := s.get("partner"); w.Code != http.StatusOK || w.Header().Get("RateLimit") != "" {
			t.Fatalf("HTTP %d, %v", w.Code, w.Header())
		}
	}
}
