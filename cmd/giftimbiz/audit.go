package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/trail"
)

func auditCommand(cfg *config) *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "audit",
		Short: "Prove that the audit trail is whole, and erase texts in it",
		Long: `Prove that the audit trail is whole, and erase texts in it. Its lines form a chain of hashes: none can be changed, left out or put
in without every hash behind it becoming another. Who could write the whole chain anew is found out by heads that were noted
elsewhere: partners have them on their statements.`,
	})
	cmd.AddCommand(auditVerifyCommand(cfg), auditEraseCommand(cfg))
	return cmd
}

func auditVerifyCommand(cfg *config) *cobra.Command {
	var noted string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check every line of the audit trail, and print its head",
		Long: `Check every line of the audit trail, on the live database, and print its head: how many lines there are, and the hash of the last.
Note it somewhere else. With --head, a head that was noted before must be one of this chain. Exits with 1 when anything is wrong.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			lines, hash, err := notedHead(noted)
			if err != nil {
				return usageError{err}
			}
			return withDatabase(cmd.Context(), cfg, func(db *storage.DB) error {
				head, err := db.VerifyAudit(cmd.Context())
				if err != nil {
					return err
				}
				if lines > 0 {
					if err := db.VerifyHead(cmd.Context(), lines, hash); err != nil {
						return err
					}
				}
				return tellHead(cmd, head)
			})
		},
	}
	cmd.Flags().StringVar(&noted, "head", "", "a head that was noted before, as LINES:HASH")
	return cmd
}

// notedHead reads a head as it is printed; 0 = none is given.
func notedHead(text string) (lines int64, hash trail.Hash, err error) {
	if text == "" {
		return 0, hash, nil
	}
	count, digits, _ := strings.Cut(text, ":")
	lines, err = strconv.ParseInt(count, 10, 64)
	if err == nil {
		hash, err = trail.ParseHash(digits)
	}
	if err != nil || lines < 1 {
		return 0, hash, fmt.Errorf("--head %q: want LINES:HASH, as verify prints it", text)
	}
	return lines, hash, nil
}

func tellHead(cmd *cobra.Command, head trail.Head) error {
	last := "never"
	if head.Lines > 0 {
		last = time.UnixMilli(head.At).In(gift.Seoul).Format(time.RFC3339)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "whole: %d lines, the last %s\nhead   %d:%s\n", head.Lines, last, head.Lines, head.Hash)
	return err
}

func auditEraseCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "erase ENTRY",
		Short: "Erase what an entry of the audit trail says of a change",
		Long: `Erase what an entry of the audit trail says of a change: before, after and note. The number stands in the entry's address in the
console. Who did what to whom, and when, stays, and so does the chain; a line says that something was erased.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := strconv.ParseInt(given[0], 10, 64)
			if err != nil || id < 1 {
				return usageError{fmt.Errorf("%q is no number of an entry", given[0])}
			}
			return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
				erased, err := db.EraseEntry(cmd.Context(), gift.ID(id), clock.System{}.Now())
				if err != nil {
					return err
				}
				return tellErased(cmd, erased)
			})
		},
	}
}

func sellerCommand(cfg *config) *cobra.Command {
	cmd := group(&cobra.Command{Use: "seller", Short: "Erase what is known of a seller who left"})
	cmd.AddCommand(&cobra.Command{
		Use:   "erase NUMBER",
		Short: "Erase a seller's name, code and devices",
		Long: `Erase a seller's name, code and devices, also in the audit trail. What the seller redeemed stays booked, by the seller's number.
There is no way back.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := strconv.ParseInt(given[0], 10, 64)
			if err != nil || id < 1 {
				return usageError{fmt.Errorf("%q is no number of a seller", given[0])}
			}
			return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
				erased, err := db.EraseSeller(cmd.Context(), id, clock.System{}.Now())
				if err != nil {
					return err
				}
				return tellErased(cmd, erased)
			})
		},
	})
	return cmd
}

func operatorEraseCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "erase EMAIL|NUMBER",
		Short: "Erase what is known of an operator who left",
		Long: `Erase what is known of an operator who left: address, name, password, sessions, and the name and addresses beside all that the
operator did. What was done stays, by the operator's number, in the books and in the audit trail. When it is broken off, call it
again with the number. There is no way back.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return withNumber(cmd.Context(), cfg, func(db *storage.DB) error {
				id, err := strconv.ParseInt(given[0], 10, 64)
				if err != nil {
					o, err := db.OperatorByEmail(cmd.Context(), given[0])
					if err != nil {
						return err
					}
					id = o.ID
				}
				erased, err := db.EraseOperator(cmd.Context(), id, clock.System{}.Now())
				if err != nil {
					return fmt.Errorf("erase operator %d: %w", id, err)
				}
				return tellErased(cmd, erased)
			})
		},
	}
}

func tellErased(cmd *cobra.Command, e trail.Erasures) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "erased; in the audit trail: %d names, %d addresses, what %d lines said of changes\n",
		e.Actors, e.Addresses, e.Contents)
	return err
}
