package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
)

func partnerSuspendCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "suspend NAME",
		Short: "Refuse every call of a partner until it is resumed",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return changePartner(cmd, cfg, given[0], func(p *gift.Partner) error {
				p.State = p.State.Suspend()
				return nil
			})
		},
	}
}

func partnerResumeCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "resume NAME",
		Short: "End a partner's suspension; one that was blacklisted stays so",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return changePartner(cmd, cfg, given[0], func(p *gift.Partner) error {
				if p.State == gift.Blacklisted {
					return fmt.Errorf("%s is not suspended but blacklisted; to end that: giftimbiz partner blacklist %s --lift", p.Name, p.Name)
				}
				p.State = p.State.Resume()
				return nil
			})
		},
	}
}

func partnerBlacklistCommand(cfg *config) *cobra.Command {
	var lift bool
	cmd := &cobra.Command{
		Use:   "blacklist NAME",
		Short: "Let a partner look but not spend",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return changePartner(cmd, cfg, given[0], func(p *gift.Partner) error {
				if lift {
					p.State = p.State.Pardon()
				} else {
					p.State = p.State.Blacklist()
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&lift, "lift", false, "let it spend again")
	return cmd
}

func partnerWithdrawCommand(cfg *config) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "withdraw NAME",
		Short: "End a partner's account for good",
		Long: `End a partner's account for good. It cannot be undone: its keys never work again, nothing of it can be changed. What is left
of its balance stays on its account.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if !yes {
				return askToWithdraw(cmd, cfg, given[0])
			}
			return changePartner(cmd, cfg, given[0], func(p *gift.Partner) error {
				p.State = gift.Withdrawn
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "really")
	return cmd
}

// askToWithdraw says what would be lost.
func askToWithdraw(cmd *cobra.Command, cfg *config, name string) error {
	return withDatabase(cmd.Context(), cfg, func(db *storage.DB) error {
		p, err := db.Partner(cmd.Context(), name)
		if err != nil {
			return err
		}
		if err := p.StillHere(); err != nil {
			return err
		}
		return usageError{fmt.Errorf("a withdrawal cannot be undone, and %d won remain on the account of %s; if it is meant: "+
			"giftimbiz partner withdraw %s --yes", p.Balance, name, name)}
	})
}
