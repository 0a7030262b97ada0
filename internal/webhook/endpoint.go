package webhook

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"giftimbiz/internal/gift"
)

// State says whether an endpoint is told anything. Its values are stored.
type State int16

const (
	On      State = 1
	Off     State = 2 // switched off by people
	GivenUp State = 3 // switched off by the server, because of OffReason
)

// Reasons for which the server switches an endpoint off.
const (
	Gone    = "gone"    // it answered 410
	Failing = "failing" // it took nothing for GiveUpAfter
)

// GiveUpAfter is how long an endpoint may take nothing at all before it is switched off.
const GiveUpAfter = 5 * 24 * time.Hour

// Endpoint is where a partner wants to be told.
type Endpoint struct {
	ID        int64
	PartnerID int64
	URL       string
	Types     []gift.EventType // none = all
	State     State
	OffReason string

	Secret        []byte    // encrypted; see vault.SealSecret with SecretKind and the endpoint's ID
	Previous      []byte    // the one before, encrypted; nil: there is none that still works
	PreviousUntil time.Time // up to when deliveries are signed with it as well

	FailingSince time.Time // since when every attempt failed; zero: the last one worked, or there was none
	Version      int64     // grows with each change by people
	CreatedAt    time.Time
}

// SecretKind is the kind under which endpoints' secrets are encrypted.
const SecretKind = "webhook"

// MaxURL bounds an endpoint's address, in bytes; MaxEndpoints how many a partner has.
const (
	MaxURL       = 500
	MaxEndpoints = 10
)

// What Guard.Check says, besides ErrAddress.
var (
	ErrBadURL   = errors.New("not an address such as https://shop.example/hooks")
	ErrNotHTTPS = errors.New("not an https address")
)

// checkURL tells whether a text is an address of an endpoint. plain admits http.
func checkURL(address string, plain bool) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > MaxURL || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return nil, ErrBadURL
	case u.Scheme == "http" && plain || u.Scheme == "https":
		return u, nil
	case u.Scheme == "http":
		return nil, ErrNotHTTPS
	default:
		return nil, fmt.Errorf("%w: %s", ErrBadURL, u.Scheme)
	}
}

// DeliveryState is what has become of an event on its way. Its values are stored.
type DeliveryState int16

const (
	Waiting   DeliveryState = 1
	Delivered DeliveryState = 2
	Abandoned DeliveryState = 3 // after the last attempt failed
)

// Delivery is an event on its way to an endpoint.
type Delivery struct {
	EndpointID int64
	Event      gift.Event
	State      DeliveryState
	Attempts   int64
	DueAt      time.Time // of the next attempt, while it waits
	TriedAt    time.Time // when the last began; zero: not yet
	Took       time.Duration
	Status     int    // of the last answer; 0: there was none
	Failure    string // of the last attempt; "" = none
	Answer     string // the beginning of the last answer's body
}
