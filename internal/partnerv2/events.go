package partnerv2

import (
	"context"
	"net/http"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/webhook"
)

const (
	maxEvents = 100
	maxWait   = 30 * time.Second
	lookEvery = 500 * time.Millisecond

	// settled is by how much the clocks of nodes may differ. Nodes number events side by side: one is handed out only when no
	// event before it can become visible any more, so that whoever asks for what comes after it misses none.
	settled = time.Second
	// maxLag bounds how long a transaction that does not end keeps events from being handed out.
	maxLag = time.Minute
)

// eventStore is what the list of events needs.
type eventStore interface {
	// Events returns a partner's events after one, and those for all, in the order of their numbers, limit at most. An event
	// may become visible after one with a higher number.
	Events(ctx context.Context, partner int64, after gift.ID, limit int) ([]gift.Event, error)
	// EventLag returns how old an event can be at most that is not visible yet.
	EventLag(ctx context.Context) (time.Duration, error)
}

func eventRoutes() []route {
	return []route{{method: http.MethodGet, pattern: "events", serve: (*call).events}}
}

// events answers with what happened after an event, as soon as there is anything.
func (c *call) events() error {
	if !c.partner.Sandbox {
		return eventsLive
	}
	q := c.query()
	after, latest := q.after()
	wait := time.Duration(q.number("wait", 0, int64(maxWait/time.Second), 0)) * time.Second
	if err := q.close(); err != nil {
		return err
	}
	if err := c.polls.enter(c.partner.ID); err != nil {
		return err
	}
	defer c.polls.leave(c.partner.ID)
	if latest {
		before, err := c.horizon()
		if err != nil {
			return err
		}
		return c.send(http.StatusOK, eventPage(nil, max(before-1, 0)))
	}
	list, err := c.await(c.partner.ID, after, wait)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		after = list[len(list)-1].ID
	}
	return c.send(http.StatusOK, eventPage(list, after))
}

// eventsLive says where live partners hear of events.
var eventsLive = sandboxOnly.saying(
	"샌드박스 매체사만 쓸 수 있습니다. 실거래 매체사는 웹훅을 쓰십시오.",
	"This is for sandbox partners only. Live partners have webhooks.",
)

// after reads which event was the last that the caller has: 0 = none; latest = all that happened so far.
func (q *query) after() (id gift.ID, latest bool) {
	text := q.text("after")
	if text == "" || text == "latest" {
		return 0, text != ""
	}
	id, err := webhook.ParseMessageID(text)
	if err != nil {
		q.fail(wrongParameter("after", "evt_로 시작하는 이벤트 ID 또는 latest여야 합니다.", "want an event's id, evt_…, or latest."))
	}
	return id, false
}

// await looks for events until there are some, the time is over, or the server stops.
func (c *call) await(partner int64, after gift.ID, wait time.Duration) ([]gift.Event, error) {
	over := time.NewTimer(wait)
	defer over.Stop()
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for {
		list, err := c.look(partner, after)
		if err != nil || len(list) > 0 {
			return list, err
		}
		select {
		case <-c.r.Context().Done():
			return nil, c.r.Context().Err()
		case <-c.stopping:
			return nil, nil
		case <-over.C:
			return nil, nil
		case <-again.C:
		}
	}
}

// look returns the events that no other can come before any more.
func (c *call) look(partner int64, after gift.ID) ([]gift.Event, error) {
	before, err := c.horizon()
	if err != nil {
		return nil, err
	}
	list, err := c.Store.Events(c.r.Context(), partner, after, maxEvents)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, func(e gift.Event) bool { return e.ID >= before }); i >= 0 {
		list = list[:i]
	}
	return list, nil
}

// horizon returns the lowest number of which an event might still become visible. It is found before events are read.
func (c *call) horizon() (gift.ID, error) {
	ctx, cancel := context.WithTimeout(c.r.Context(), maxWait)
	defer cancel()
	now := c.Clock.Now() // before the look: what begins to write afterwards makes higher numbers
	lag, err := c.Store.EventLag(ctx)
	return gift.FirstIDAt(now.Add(-settled - min(lag, maxLag))), err
}

// eventPage writes events, each as a webhook's body with its name before it, and after which one to go on.
func eventPage(list []gift.Event, next gift.ID) []byte {
	b := []byte(`{"events":[`)
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"id":"`...)
		b = append(b, webhook.MessageID(list[i].ID)...)
		b = append(b, `",`...)
		b = append(b, webhook.Body(&list[i])[1:]...)
	}
	b = append(b, `],"next":"`...)
	b = append(b, webhook.MessageID(next)...)
	return append(b, `"}`...)
}
