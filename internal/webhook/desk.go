package webhook

import (
	"errors"
	"slices"
	"strings"
	"time"

	"giftimbiz/internal/gift"
)

// RotationGrace is how long the secret before goes on working after a new one was made.
const RotationGrace = 24 * time.Hour

// What keeps an endpoint from being changed, or from being told of a test.
var (
	ErrTooMany = errors.New("has as many endpoints as it may have")
	ErrOff     = errors.New("is switched off")
)

// CountedUpTo bounds how many waiting deliveries of an endpoint are counted.
const CountedUpTo = 10_000

// Listed is an endpoint with what those who look after it want to know.
type Listed struct {
	Endpoint
	Partner     string // its name
	Sandbox     bool   // the partner's
	Waiting     int64  // deliveries; CountedUpTo = so many or more
	LastFailure Failure
}

// Failure is an attempt that failed.
type Failure struct {
	At     time.Time // zero: there is none among what is kept
	Event  gift.ID
	Status int    // of the answer; 0 = there was none
	Text   string // why
}

// Query selects deliveries to an endpoint, the newest first.
type Query struct {
	EndpointID int64
	State      DeliveryState  // 0 = any
	Type       gift.EventType // "" = any
	From, To   gift.Day       // of the event, both included; 0 = open
	Before     gift.ID        // events before this one; 0 = from the newest
	Limit      int64          // 1–1000
}

// Page is a page of deliveries. They hold neither the events' data nor the answers.
type Page struct {
	Deliveries []Delivery
	Next       gift.ID // where the next page begins (its Before); 0 = this is the last
	// Searched says that the page is not full because enough was looked through for one request: there may be more.
	Searched bool
}

// MaxReplayed is how many deliveries can be sent again at a time.
const MaxReplayed = 5000

// Replay sends deliveries of an endpoint again: one, or those of events of a time.
type Replay struct {
	EndpointID int64
	Event      gift.ID   // 0 = all from From to before To
	TriedAt    time.Time // of Event: when it was last tried, as far as the asker knows; zero = whenever
	From, To   time.Time
	State      DeliveryState // Abandoned, or 0 = any
}

// Replayed is what became of a Replay.
type Replayed struct {
	Count int64
	Last  gift.ID // the last event that is sent again
	More  bool    // there are more behind Last
}

// JoinTypes writes chosen event types with a space before and behind each; "" = all.
func JoinTypes(types []gift.EventType) string {
	if len(types) == 0 {
		return ""
	}
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = string(t)
	}
	return " " + strings.Join(words, " ") + " "
}

// SplitTypes reads what JoinTypes wrote.
func SplitTypes(text string) (types []gift.EventType) {
	for word := range strings.FieldsSeq(text) {
		types = append(types, gift.EventType(word))
	}
	return types
}

// ParseTypes reads types that people wrote with commas between; none and "all" stand for all.
func ParseTypes(text string) ([]gift.EventType, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r <= ' ' })
	if len(words) == 1 && words[0] == "all" {
		return nil, nil
	}
	return Types(words)
}

// Types reads the names of types; one that is named twice counts once. An error is an UnknownType.
func Types(words []string) (types []gift.EventType, err error) {
	for _, word := range words {
		t := gift.EventType(word)
		if !t.Valid() {
			return nil, UnknownType(word)
		}
		if !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	return types, nil
}

// UnknownType is a word that is no event type.
type UnknownType string

// Error names those there are.
func (u UnknownType) Error() string {
	var known []string
	for _, t := range gift.EventTypes() {
		known = append(known, string(t))
	}
	return `no event is called "` + string(u) + `"; there are ` + strings.Join(known, ", ")
}

// String is how the state is called in addresses and on the command line.
func (s State) String() string {
	switch s {
	case On:
		return "on"
	case Off:
		return "off"
	case GivenUp:
		return "given up"
	}
	return ""
}

// String is how the state is called in addresses and on the command line.
func (s DeliveryState) String() string {
	switch s {
	case Waiting:
		return "waiting"
	case Delivered:
		return "delivered"
	case Abandoned:
		return "abandoned"
	}
	return ""
}

// DeliveryStates lists all of them.
func DeliveryStates() []DeliveryState { return []DeliveryState{Waiting, Delivered, Abandoned} }

// ParseDeliveryState reads what String returned; "" is 0, any.
func ParseDeliveryState(word string) (s DeliveryState, ok bool) {
	if word == "" {
		return 0, true
	}
	for _, s := range DeliveryStates() {
		if s.String() == word {
			return s, true
		}
	}
	return 0, false
}

// WithoutQuery returns an address without what stands behind its path, where some keep secrets.
func WithoutQuery(address string) string {
	if path, _, found := strings.Cut(address, "?"); found {
		return path + "?…"
	}
	return address
}

// SwitchOn lets the endpoint be told again, whatever was the matter with it.
func (e *Endpoint) SwitchOn() { e.State, e.OffReason, e.FailingSince = On, "", time.Time{} }

// SwitchOff lets it be told nothing more.
func (e *Endpoint) SwitchOff() { e.State, e.OffReason = Off, "" }

// Rotate gives it another secret, encrypted. Deliveries are signed with the one before as well for RotationGrace.
func (e *Endpoint) Rotate(sealed []byte, now time.Time) {
	e.Previous, e.PreviousUntil, e.Secret = e.Secret, now.Add(RotationGrace), sealed
}
