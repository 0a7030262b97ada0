package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/webhook"
)

func webhookCommand(cfg *config) *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "webhook",
		Short: "Manage where partners are told what happens, and look after deliveries",
		Long: `Manage where partners are told what happens, and look after deliveries. A running server notices at once.

  giftimbiz webhook add demo https://shop.example/hooks --events order.completed,order.refunded
  giftimbiz webhook test 12
  giftimbiz webhook deliveries 12 --state abandoned
  giftimbiz webhook replay 12 --from 2026-11-26T09:00 --to 2026-11-26T12:00

Events: ` + eventWords(),
	})
	cmd.AddCommand(
		webhookListCommand(cfg), webhookAddCommand(cfg), webhookChangeCommand(cfg),
		webhookTurnCommand(cfg, "on", "Tell an endpoint again, whatever was the matter with it"),
		webhookTurnCommand(cfg, "off", "Tell an endpoint nothing more"),
		webhookRotateCommand(cfg), webhookRemoveCommand(cfg), webhookTestCommand(cfg), webhookDeliveriesCommand(cfg),
		webhookReplayCommand(cfg),
	)
	return cmd
}

func eventWords() string {
	var words []string
	for _, t := range gift.EventTypes() {
		words = append(words, string(t))
	}
	return strings.Join(words, ", ")
}

// checkedURL reads where events are to go.
func (c *config) checkedURL(address string) (string, error) {
	allowed, err := c.webhookAllow()
	if err != nil {
		return "", err
	}
	if err := webhook.NewGuard(allowed).Check(address); err != nil {
		return "", usageError{fmt.Errorf("%q: %w", address, err)}
	}
	return address, nil
}

// endpointID reads an endpoint's number.
func endpointID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usageError{fmt.Errorf("%q is not an endpoint's number; giftimbiz webhook list PARTNER shows them", text)}
	}
	return id, nil
}

func webhookListCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "list PARTNER",
		Short: "List a partner's endpoints",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return withDatabase(cmd.Context(), cfg, func(db *storage.DB) error {
				p, err := db.Partner(cmd.Context(), given[0])
				if err != nil {
					return err
				}
				list, err := db.Endpoints(cmd.Context(), p.ID)
				if err != nil {
					return err
				}
				return printEndpoints(cmd.OutOrStdout(), list)
			})
		},
	}
}

func printEndpoints(w io.Writer, list []webhook.Listed) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tPARTNER\tSTATE\tWAITING\tLAST FAILURE\tEVENTS\tADDRESS") // Flush reports
	for _, l := range list {
		state, failure, events := l.State.String(), "none", "all"
		if l.OffReason != "" {
			state += " (" + l.OffReason + ")"
		}
		if !l.LastFailure.At.IsZero() {
			_, why := webhook.Explain(l.LastFailure.Text)
			failure = seoulTime(l.LastFailure.At) + " " + why
		}
		if len(l.Types) > 0 {
			events = strings.ReplaceAll(strings.TrimSpace(webhook.JoinTypes(l.Types)), " ", ",")
		}
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%d\t%s\t%s\t%s\n", l.ID, l.Partner, state, l.Waiting, failure, events, l.URL)
	}
	return table.Flush()
}

// seoulTime writes a time as tables have it.
func seoulTime(t time.Time) string { return t.In(gift.Seoul).Format(time.DateTime) }

// showEndpoint prints an endpoint as it is stored now.
func showEndpoint(cmd *cobra.Command, db *storage.DB, id int64) error {
	l, err := db.Endpoint(cmd.Context(), id)
	if err != nil {
		return err
	}
	return printEndpoints(cmd.OutOrStdout(), []webhook.Listed{l})
}

func printWebhookSecret(w io.Writer, id int64, secret string) error {
	_, err := fmt.Fprintf(w, "# Shown once: keep it safe.\nWEBHOOK_ID=%d\nWEBHOOK_SECRET=%s\n", id, secret)
	return err
}

func webhookAddCommand(cfg *config) *cobra.Command {
	var events string
	cmd := &cobra.Command{
		Use:   "add PARTNER URL",
		Short: "Tell a partner what happens, and show the secret that this is signed with, once",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			address, err := cfg.checkedURL(given[1])
			if err != nil {
				return err
			}
			types, err := webhook.ParseTypes(events)
			if err != nil {
				return usageError{err}
			}
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, keys *keyring) error {
				p, err := db.Partner(cmd.Context(), given[0])
				if err != nil {
					return err
				}
				secret := webhook.NewSecret()
				e := webhook.Endpoint{PartnerID: p.ID, URL: address, Types: types}
				e, err = db.AddEndpoint(cmd.Context(), e, func(id int64) ([]byte, error) {
					return keys.vault.SealSecret(webhook.SecretKind, id, secret)
				}, clock.System{}.Now())
				if err != nil {
					return err
				}
				return printWebhookSecret(cmd.OutOrStdout(), e.ID, secret)
			})
		},
	}
	cmd.Flags().StringVar(&events, "events", "all", "which events, with commas between")
	return cmd
}

// changeEndpoint changes an endpoint, whatever its version.
func changeEndpoint(ctx context.Context, db *storage.DB, action string, id int64, change webhook.Change) error {
	_, err := db.ChangeEndpoint(ctx, action, id, 0, clock.System{}.Now(), change)
	return err
}

func webhookChangeCommand(cfg *config) *cobra.Command {
	var address, events string
	cmd := &cobra.Command{
		Use:   "change ID [--url URL] [--events a,b]",
		Short: "Change an endpoint's address or events",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := endpointID(given[0])
			if err != nil {
				return err
			}
			newURL, newEvents := cmd.Flags().Changed("url"), cmd.Flags().Changed("events")
			if !newURL && !newEvents {
				return usageError{errors.New("say what to change: --url or --events")}
			}
			if newURL {
				if address, err = cfg.checkedURL(address); err != nil {
					return err
				}
			}
			types, err := webhook.ParseTypes(events)
			if err != nil {
				return usageError{err}
			}
			var edit webhook.Edit
			if newURL {
				edit.URL = &address
			}
			if newEvents {
				edit.Types = &types
			}
			return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
				err := changeEndpoint(cmd.Context(), db, edit.Action(), id, edit.Apply)
				if err != nil {
					return err
				}
				return showEndpoint(cmd, db, id)
			})
		},
	}
	cmd.Flags().StringVar(&address, "url", "", "where it is told")
	cmd.Flags().StringVar(&events, "events", "", "which events, with commas between; all")
	return cmd
}

func webhookTurnCommand(cfg *config, verb, short string) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " ID",
		Short: short,
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := endpointID(given[0])
			if err != nil {
				return err
			}
			return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
				on := verb == "on"
				edit := webhook.Edit{On: &on}
				err := changeEndpoint(cmd.Context(), db, edit.Action(), id, edit.Apply)
				if err != nil {
					return err
				}
				return showEndpoint(cmd, db, id)
			})
		},
	}
}

func webhookRotateCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate ID",
		Short: "Give an endpoint a new secret; the present one works for 24 hours more",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := endpointID(given[0])
			if err != nil {
				return err
			}
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, keys *keyring) error {
				secret := webhook.NewSecret()
				err := changeEndpoint(cmd.Context(), db, webhook.RotateAction, id, webhook.Rotation(func(id int64) ([]byte, error) {
					return keys.vault.SealSecret(webhook.SecretKind, id, secret)
				}, clock.System{}.Now()))
				if err != nil {
					return err
				}
				return printWebhookSecret(cmd.OutOrStdout(), id, secret)
			})
		},
	}
}

func webhookRemoveCommand(cfg *config) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "remove ID",
		Short: "Remove an endpoint for good, with what became of its deliveries",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := endpointID(given[0])
			if err != nil {
				return err
			}
			return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
				l, err := db.Endpoint(cmd.Context(), id)
				if err != nil {
					return err
				}
				if !yes {
					return usageError{fmt.Errorf("it cannot be undone: %s of %s, %d deliveries waiting; "+
						"if it is meant: giftimbiz webhook remove %d --yes", l.URL, l.Partner, l.Waiting, id)}
				}
				return db.RemoveEndpoint(cmd.Context(), id, 0, clock.System{}.Now())
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "it is meant")
	return cmd
}
