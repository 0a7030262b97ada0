package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/webhook"
)

func webhookTestCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "test ID",
		Short: "Send a test event to an endpoint",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := endpointID(given[0])
			if err != nil {
				return err
			}
			return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
				event, err := db.SendTest(cmd.Context(), id, clock.System{}.Now())
				if errors.Is(err, webhook.ErrOff) {
					return fmt.Errorf("%w; to switch it on: giftimbiz webhook on %d", err, id)
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is on its way; what came of it: giftimbiz webhook deliveries %d\n",
					webhook.MessageID(event), id)
				return err
			})
		},
	}
}

// deliveriesShown is how many deliveries are listed unless told otherwise; the console exports all.
const deliveriesShown = 50

func webhookDeliveriesCommand(cfg *config) *cobra.Command {
	var state, event string
	limit := int64(deliveriesShown)
	cmd := &cobra.Command{
		Use:   "deliveries ID",
		Short: "List an endpoint's last deliveries, the newest first",
		Long: `List an endpoint's last deliveries, the newest first. All of them, as a file: giftimbiz export deliveries ID.
States: waiting, delivered, abandoned.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			q := webhook.Query{Type: gift.EventType(event), Limit: limit}
			var err error
			if q.EndpointID, err = endpointID(given[0]); err != nil {
				return err
			}
			var ok bool
			if q.State, ok = webhook.ParseDeliveryState(state); !ok {
				return usageError{fmt.Errorf("--state %q: want waiting, delivered or abandoned", state)}
			}
			if limit < 1 || limit > 1000 {
				return usageError{fmt.Errorf("--limit %d: want 1 to 1000", limit)}
			}
			if event != "" && !q.Type.Valid() && q.Type != gift.TestSent {
				return usageError{webhook.UnknownType(event)}
			}
			return withDatabase(cmd.Context(), cfg, func(db *storage.DB) error {
				l, err := db.Endpoint(cmd.Context(), q.EndpointID)
				if err != nil {
					return err
				}
				list, err := lastDeliveries(cmd, db, q)
				if err != nil {
					return err
				}
				return printDeliveries(cmd.OutOrStdout(), list, l.Sandbox)
			})
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "only those: waiting, delivered or abandoned")
	cmd.Flags().StringVar(&event, "type", "", "only of this event, such as order.completed")
	cmd.Flags().Int64Var(&limit, "limit", limit, "how many, at most 1000")
	return cmd
}

// lastDeliveries reads pages until enough are found, or there are no more.
func lastDeliveries(cmd *cobra.Command, db *storage.DB, q webhook.Query) (list []webhook.Delivery, err error) {
	for most := q.Limit; ; {
		page, err := db.Deliveries(cmd.Context(), q)
		if err != nil {
			return nil, err
		}
		list = append(list, page.Deliveries...)
		q.Before, q.Limit = page.Next, most-int64(len(list))
		if page.Next == 0 || q.Limit <= 0 {
			return list, nil
		}
	}
}

func printDeliveries(w io.Writer, list []webhook.Delivery, sandbox bool) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "EVENT\tTIME\tTYPE\tORDER\tSTATE\tATTEMPTS\tNEXT ATTEMPT\tANSWER\tFAILURE") // Flush reports
	for _, d := range list {
		order, due, answer := "-", "-", "-"
		if d.Event.OrderID != 0 {
			order = string(d.Event.OrderID.Ref(sandbox))
		}
		if d.State == webhook.Waiting {
			due = seoulTime(d.DueAt)
		}
		if d.Status != 0 {
			answer = fmt.Sprintf("%d in %d ms", d.Status, d.Took.Milliseconds())
		}
		_, why := webhook.Explain(d.Failure)
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", webhook.MessageID(d.Event.ID), seoulTime(d.Event.At()),
			d.Event.Type, order, d.State, d.Attempts, due, answer, why)
	}
	return table.Flush()
}

func webhookReplayCommand(cfg *config) *cobra.Command {
	var event, from, to, state string
	cmd := &cobra.Command{
		Use:   "replay ID [--event EVENT | --from TIME --to TIME]",
		Short: "Send events to an endpoint again: one, or those of a time",
		Long: `Send events to an endpoint again: one, or those that happened from a time on and before another, 5,000 at a time. An event keeps
its webhook-id. Times are Seoul's, such as 2026-11-26T15:30.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := endpointID(given[0])
			if err != nil {
				return err
			}
			r, err := parseReplay(event, from, to, state)
			if err != nil {
				return usageError{err}
			}
			r.EndpointID = id
			return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
				done, err := db.Replay(cmd.Context(), r, clock.System{}.Now())
				if err != nil {
					return err
				}
				said := fmt.Sprintf("sent again: %d", done.Count)
				if done.More {
					said += fmt.Sprintf("; there are more, go on with --from %s", done.Last.Time().In(gift.Seoul).Format(time.RFC3339Nano))
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), said)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&event, "event", "", "one event, such as evt_377702342656000000")
	cmd.Flags().StringVar(&from, "from", "", "all that happened from this time on")
	cmd.Flags().StringVar(&to, "to", "", "and before this one")
	cmd.Flags().StringVar(&state, "state", "", "of those, only: abandoned")
	return cmd
}

func parseReplay(event, from, to, state string) (r webhook.Replay, err error) {
	if event != "" {
		if from != "" || to != "" || state != "" {
			return r, errors.New("give --event, or --from and --to")
		}
		r.Event, err = webhook.ParseMessageID(event)
		return r, err
	}
	if from == "" || to == "" {
		return r, errors.New("say what to send again: --event, or --from and --to")
	}
	if r.From, err = parseMoment(from); err == nil {
		r.To, err = parseMoment(to)
	}
	switch {
	case err != nil:
		return r, err
	case !r.From.Before(r.To):
		return r, fmt.Errorf("%s is not before %s", from, to)
	case state == webhook.Abandoned.String():
		r.State = webhook.Abandoned
	case state != "":
		return r, fmt.Errorf("--state %q: want abandoned, or nothing for all", state)
	}
	return r, nil
}

// parseMoment reads a time in Seoul, or one with its own zone.
func parseMoment(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(text), gift.Seoul); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q: want a time such as 2026-11-26T15:30", text)
}
