package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/peer"
	"giftimbiz/internal/storage"
)

func partnerCommand(cfg *config) *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "partner",
		Short: "Open and manage partners",
		Long: `Open and manage partners. What takes something from a partner – its keys, its state, its addresses – is in force on every
running server when the command ends; everything else within a second.`,
	})
	cmd.AddCommand(
		partnerCreateCommand(cfg), partnerListCommand(cfg), partnerShowCommand(cfg), partnerRotateCommand(cfg),
		partnerSuspendCommand(cfg), partnerResumeCommand(cfg), partnerBlacklistCommand(cfg), partnerWithdrawCommand(cfg),
		partnerNumberCommand(cfg, "limit", "PURCHASES", "Limit a partner's purchases per day in Seoul; 0 = no limit",
			gift.MaxDailyLimit, func(p *gift.Partner, n int64) { p.DailyLimit = n }),
		partnerNumberCommand(cfg, "window", "SECONDS",
			"Set how long an equal purchase without an idempotency key counts as a mistake; 0 = never",
			gift.MaxDuplicateSec, func(p *gift.Partner, n int64) { p.DuplicateSec = n }),
		partnerNumberCommand(cfg, "warn", "WON", "Tell a partner when its balance falls below an amount; 0 = never",
			int64(gift.MaxLowBalance), func(p *gift.Partner, n int64) { p.LowBalance = gift.Won(n) }),
		partnerAllowCommand(cfg),
	)
	return cmd
}

func partnerCreateCommand(cfg *config) *cobra.Command {
	p := gift.Partner{State: gift.Active, DuplicateSec: gift.DefaultDuplicateSec}
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Open a partner and show its keys, once",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			p.Name = given[0]
			if err := gift.CheckPartnerName(p.Name); err != nil {
				return usageError{fmt.Errorf("%q cannot be a partner's name; %w", p.Name, err)}
			}
			if p.Title == "" {
				p.Title = p.Name
			}
			if err := gift.CheckPartnerTitle(p.Title); err != nil {
				return usageError{fmt.Errorf("--title: %w", err)}
			}
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, keys *keyring) error {
				secrets, hashes := keys.authority.NewKeys(p)
				_, err := db.CreatePartner(cmd.Context(), p, hashes, clock.System{}.Now())
				if errors.Is(err, storage.ErrDuplicate) {
					return fmt.Errorf("a partner %q exists already", p.Name)
				}
				if err != nil {
					return err
				}
				return printSecrets(cmd.OutOrStdout(), p.Name, secrets)
			})
		},
	}
	cmd.Flags().BoolVar(&p.Sandbox, "sandbox", false, "a partner that buys test vouchers only")
	cmd.Flags().StringVar(&p.Title, "title", "", "the company's name")
	return cmd
}

func printSecrets(w io.Writer, name string, s credential.Secrets) error {
	_, err := fmt.Fprintf(w, "# Shown once: keep them safe.\nPARTNER_ID=%s\nPARTNERKEY=%s\nPARTNERTOKEN=%s\nREFRESH_TOKEN=%s\n",
		name, s.PartnerKey, s.PartnerToken, s.RefreshToken)
	return err
}

func partnerListCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all partners",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd.Context(), cfg, func(db *storage.DB) error {
				list, err := db.Partners(cmd.Context())
				if err != nil {
					return err
				}
				return printPartners(cmd.OutOrStdout(), list)
			})
		},
	}
}

func partnerShowCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show one partner",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return withDatabase(cmd.Context(), cfg, func(db *storage.DB) error {
				p, err := db.Partner(cmd.Context(), given[0])
				if err != nil {
					return err
				}
				return printPartners(cmd.OutOrStdout(), []office.PartnerAccount{p})
			})
		},
	}
}

func printPartners(w io.Writer, list []office.PartnerAccount) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAME\tMODE\tSTATE\tBALANCE\tDAILY LIMIT\tWINDOW\tWARN BELOW\tALLOWED FROM\tTITLE") // Flush reports
	for _, p := range list {
		mode, limit, warn, allowed := "live", "none", "never", "anywhere"
		if p.Sandbox {
			mode = "sandbox"
		}
		if p.DailyLimit > 0 {
			limit = strconv.FormatInt(p.DailyLimit, 10)
		}
		if p.LowBalance > 0 {
			warn = strconv.FormatInt(int64(p.LowBalance), 10)
		}
		if len(p.AllowList) > 0 {
			allowed = strings.Trim(fmt.Sprint(p.AllowList), "[]")
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%d s\t%s\t%s\t%s\n",
			p.Name, mode, p.State, p.Balance, limit, p.DuplicateSec, warn, allowed, p.Title)
	}
	return table.Flush()
}

func partnerRotateCommand(cfg *config) *cobra.Command {
	var grace time.Duration
	cmd := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Give a partner new keys; the present ones work for a grace period",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if grace < 0 {
				return usageError{errors.New("--grace cannot be negative")}
			}
			if grace > credential.MaxGrace {
				return usageError{fmt.Errorf("--grace can be %v at most", credential.MaxGrace)}
			}
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, keys *keyring) error {
				p, err := db.Partner(cmd.Context(), given[0])
				if err != nil {
					return err
				}
				secrets, hashes := keys.authority.NewKeys(p.Partner)
				if err := db.RotateKeys(cmd.Context(), p.ID, 0, hashes, hashes.CreatedAt.Add(grace)); err != nil {
					return err
				}
				if grace == 0 {
					tellUnconfirmed(cmd, db)
				}
				return printSecrets(cmd.OutOrStdout(), p.Name, secrets)
			})
		},
	}
	cmd.Flags().DurationVar(&grace, "grace", credential.RotationGrace, "how long the present keys keep working; 0 = not at all")
	return cmd
}

func partnerNumberCommand(cfg *config, verb, unit, short string, most int64, set func(*gift.Partner, int64)) *cobra.Command {
	cmd := &cobra.Command{
		Use:   verb + " NAME " + unit,
		Short: short,
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			n, err := strconv.ParseInt(given[1], 10, 64)
			if err != nil || n < 0 || n > most {
				return usageError{fmt.Errorf("%q is not a whole number from 0 to %d", given[1], most)}
			}
			return changePartner(cmd, cfg, given[0], func(p *gift.Partner) error {
				set(p, n)
				return nil
			})
		},
	}
	wantNumber(cmd, fmt.Sprintf("want a whole number from 0 to %d", most))
	return cmd
}

func partnerAllowCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "allow NAME [ADDRESS|NETWORK]…",
		Short: "Admit a partner's calls only from these addresses; none named = from anywhere",
		Args:  args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			var list []netip.Prefix
			for _, text := range given[1:] {
				prefix, err := peer.ParsePrefix(text)
				if err != nil {
					return usageError{err}
				}
				list = append(list, prefix)
			}
			return changePartner(cmd, cfg, given[0], func(p *gift.Partner) error {
				p.AllowList = list
				return nil
			})
		},
	}
}

// changePartner changes a partner that has not withdrawn, and shows it.
func changePartner(cmd *cobra.Command, cfg *config, name string, change func(*gift.Partner) error) error {
	return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
		_, err := db.ChangePartner(cmd.Context(), name, 0, clock.System{}.Now(), func(p *gift.Partner) error {
			if err := p.StillHere(); err != nil {
				return err
			}
			return change(p)
		})
		if err != nil {
			return err
		}
		tellUnconfirmed(cmd, db)
		p, err := db.Partner(cmd.Context(), name)
		if err != nil {
			return err
		}
		return printPartners(cmd.OutOrStdout(), []office.PartnerAccount{p})
	})
}

// tellUnconfirmed names the nodes that hang: the change is in force all the same.
func tellUnconfirmed(cmd *cobra.Command, db *storage.DB) {
	if nodes, err := db.UnconfirmedNodes(cmd.Context()); err == nil && len(nodes) > 0 {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "node %s has not confirmed the change: it hangs, and refuses every partner until it has read it\n",
			numbersOf(nodes)) // only a note
	}
}
