package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
)

func topupCommand(cfg *config) *cobra.Command {
	var reference, memo string
	wantAmount := fmt.Sprintf("want an amount in won above 0, %d at most, without commas", gift.MaxDeposit)
	cmd := &cobra.Command{
		Use:   "topup PARTNER WON",
		Short: "Credit a partner's prepaid balance",
		Long: `Credit a partner's prepaid balance after its money arrived. With --reference (the bank's own number of the transfer) the
same deposit cannot be booked twice. Sandbox partners are credited with test money.`,
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			amount, err := strconv.ParseInt(given[1], 10, 64)
			if err != nil || amount <= 0 || gift.Won(amount) > gift.MaxDeposit {
				return usageError{fmt.Errorf("%q: %s", given[1], wantAmount)}
			}
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, _ *keyring) error {
				p, err := db.Partner(cmd.Context(), given[0])
				if err != nil {
					return err
				}
				if err := p.StillHere(); err != nil {
					return err
				}
				balance, err := db.Deposit(cmd.Context(), given[0], gift.Won(amount), reference, memo, clock.System{}.Now())
				if errors.Is(err, storage.ErrDuplicate) {
					return fmt.Errorf("a deposit with the reference %q was booked before; nothing was booked now", reference)
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: balance %d won\n", given[0], balance)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&reference, "reference", "", "the transfer's own number; booked once only")
	cmd.Flags().StringVar(&memo, "memo", "", "a note kept with the deposit")
	wantNumber(cmd, wantAmount)
	return cmd
}
