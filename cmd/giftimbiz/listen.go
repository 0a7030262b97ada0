package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/client"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/webhook"
)

const (
	listenWait     = 20 * time.Second // the longest that a look at the events takes
	forwardWithin  = 10 * time.Second
	firstPause     = time.Second // before it tries again; each time twice as long
	longestPause   = 30 * time.Second
	forwardedReply = 64 << 10 // bytes of an answer that are read, so that the connection can be used again
)

func listenCommand(cfg *config) *cobra.Command {
	var partner, file, forward string
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Show a sandbox partner's events as they happen, and pass them on to a program",
		Long: `Show a sandbox partner's events as they happen, signed in from credentials.json, and pass them on to a program on this machine as
webhooks would: the same body and headers, signed with a secret that is shown first. No address has to be reachable from outside.

  giftimbiz listen --forward-to http://127.0.0.1:3000/hooks

Ends with Ctrl-C.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkForward(forward); err != nil {
				return usageError{err}
			}
			if file == "" {
				file = cfg.credentialsFile()
			}
			credentials, err := readCredentials(file)
			if err != nil {
				return err
			}
			who, err := chosenListener(credentials, partner)
			if err != nil {
				return err
			}
			l := &eventReader{
				client: client.New(client.Options{
					BaseURL: credentials.BaseURL, Credentials: who.Credentials, Language: "en",
					Retries: -1, // it tries again by itself, and says so
				}),
				name: who.PartnerID, server: credentials.BaseURL, out: cmd.OutOrStdout(), say: cmd.ErrOrStderr(), pause: firstPause,
			}
			if forward != "" {
				l.forward = newForwarder(forward)
				_, _ = fmt.Fprintf(l.say, "Passed on to %s, signed with %s\n", forward, l.forward.secret)
			}
			return l.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&partner, "partner", "", "which partner of credentials.json (default: the first sandbox partner)")
	cmd.Flags().StringVar(&file, "credentials", "", "another credentials.json (default DATA/credentials.json)")
	cmd.Flags().StringVar(&forward, "forward-to", "", "send each event there, such as http://127.0.0.1:3000/hooks")
	return cmd
}

func checkForward(address string) error {
	u, err := url.Parse(address)
	if address != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("--forward-to %q: want an address such as http://127.0.0.1:3000/hooks", address)
	}
	return nil
}

// chosenListener returns the partner with the given id, or the first that is a sandbox.
func chosenListener(c *demo.Credentials, id string) (*demo.Partner, error) {
	for i := range c.Partners {
		if id == "" && c.Partners[i].Mode == "sandbox" {
			return &c.Partners[i], nil
		}
	}
	if id == "" {
		return nil, errors.New("credentials.json has no sandbox partner; live partners have webhooks: giftimbiz webhook --help")
	}
	return chosenPartner(c, id)
}

// eventReader shows events as they happen.
type eventReader struct {
	client       *client.Client
	name, server string
	out, say     io.Writer // of events, and of all else
	forward      *forwarder
	pause        time.Duration // before it tries again for the first time
}

// run shows events until ctx ends, or the server does not grant them.
func (l *eventReader) run(ctx context.Context) error {
	after, pause, told := client.LatestEvent, l.pause, false
	for {
		page, err := l.client.Events(ctx, after, listenWait)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && denied(err):
			return err
		case err != nil:
			_, _ = fmt.Fprintf(l.say, "%v; trying again in %v\n", l.describe(err), pause)
			if !sleep(ctx, pause) {
				return nil
			}
			pause, told = min(2*pause, longestPause), false
			continue
		}
		if !told {
			_, _ = fmt.Fprintf(l.say, "Listening to the events of %s at %s; Ctrl-C ends\n", l.name, l.server)
		}
		pause, told, after = l.pause, true, page.Next
		for _, e := range page.Events {
			if err := l.show(ctx, e); err != nil {
				return err
			}
		}
	}
}

// denied tells whether asking again is of no use: the credentials are wrong, or the partner may not listen.
func denied(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && e.Status < http.StatusInternalServerError && e.Status != http.StatusTooManyRequests
}

func (l *eventReader) describe(err error) error {
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return fmt.Errorf("nothing answers at %s", l.server)
	}
	return err
}

// sleep waits, and tells whether it did so to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// show writes an event as one line and passes it on.
func (l *eventReader) show(ctx context.Context, e client.Event) error {
	if _, err := fmt.Fprintf(l.out, "%s  %-22s  %s  %s\n", seoulTime(e.At), e.Type, orderOf(e), e.Data); err != nil {
		return err
	}
	if l.forward == nil {
		return nil
	}
	said, err := l.forward.send(ctx, e)
	if err != nil {
		said = err.Error()
	}
	_, _ = fmt.Fprintf(l.say, "  %s: %s\n", e.ID, said)
	return nil
}

// orderOf names the order that an event is about; "-" = none.
func orderOf(e client.Event) string {
	order := ""
	data, err := e.Decode()
	if err != nil {
		return "-" // the line shows the data as they are
	}
	switch d := data.(type) {
	case client.OrderCompleted:
		order = d.OrderID
	case client.OrderRefunded:
		order = d.OrderID
	case client.CouponRedemption:
		order = d.OrderID
	case client.VoucherExpiry:
		order = d.OrderID
	case client.VoucherWithdrawn:
		order = d.OrderID
	}
	return cmp.Or(order, "-")
}

// forwarder passes events on as webhooks.
type forwarder struct {
	to, secret string
	http       http.Client
	clock      clock.Clock
}

func newForwarder(to string) *forwarder {
	return &forwarder{
		to: to, secret: webhook.NewSecret(), clock: clock.System{},
		http: http.Client{
			Timeout:       forwardWithin,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// send passes an event on, once, and says what came of it.
func (f *forwarder) send(ctx context.Context, e client.Event) (string, error) {
	id, err := webhook.ParseMessageID(e.ID)
	if err != nil {
		return "", err
	}
	now := f.clock.Now()
	body := webhook.Body(&gift.Event{ID: id, Type: gift.EventType(e.Type), Data: e.Data})
	signature, err := webhook.Sign(f.secret, e.ID, now, body)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.to, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "giftimbiz-listen/"+version)
	req.Header.Set(webhook.IDHeader, e.ID)
	req.Header.Set(webhook.TimestampHeader, fmt.Sprint(now.Unix()))
	req.Header.Set(webhook.SignatureHeader, signature)
	resp, err := f.http.Do(req)
	if err != nil {
		return "", err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, forwardedReply)) // nobody looks at it
	if err := resp.Body.Close(); err != nil {
		return "", err
	}
	return fmt.Sprintf("HTTP %s in %d ms", resp.Status, f.clock.Now().Sub(now).Milliseconds()), nil
}
