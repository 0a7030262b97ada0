package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"giftimbiz/internal/storage"
)

func doctorCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Prove that money and stock add up",
		Long: `Check on the live database, in one snapshot, that every ledger transaction balances, every stored balance equals its
entries, no voucher is in two orders, every order has its entries, stock counts are right, all references are whole and the audit
trail is an unbroken chain.
Names each fault and exits with 1 when there is one.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd.Context(), cfg, func(db *storage.DB) error {
				faults, err := db.Doctor(cmd.Context())
				if err != nil {
					return err
				}
				out := cmd.OutOrStdout()
				if err := printFaults(out, faults); err != nil {
					return err
				}
				if len(faults) > 0 {
					return fmt.Errorf("%d faults", len(faults))
				}
				_, err = fmt.Fprintln(out, "healthy: money, stock and references add up")
				return err
			})
		},
	}
}

func printFaults(w io.Writer, faults []storage.Fault) error {
	for _, fault := range faults {
		if _, err := fmt.Fprintf(w, "FAULT %s: %s\n", fault.Check, fault.Detail); err != nil {
			return err
		}
	}
	return nil
}
