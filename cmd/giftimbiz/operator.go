package main

import (
	"errors"
	"fmt"
	"net/mail"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
)

func operatorCommand(cfg *config) *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "operator",
		Short: "Let people sign in to the console",
		Long: `Let people sign in to the console. The first operator of a server is made here; admins add the others in the console, and
this is also the way back in when nobody can sign in any more.`,
	})
	cmd.AddCommand(operatorCreateCommand(cfg), operatorPasswordCommand(cfg), operatorEraseCommand(cfg))
	return cmd
}

func operatorCreateCommand(cfg *config) *cobra.Command {
	var name, role string
	cmd := &cobra.Command{
		Use:   "create EMAIL",
		Short: "Add an operator and print a first password",
		Long: `Add an operator and print a first password, which stands nowhere else. Roles: viewer looks only; operator works on stock,
partners and orders; finance on money; admin may do everything.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			o := office.Operator{Email: office.FoldEmail(given[0]), Name: name, Role: office.Role(role)}
			if at, err := mail.ParseAddress(o.Email); err != nil || at.Address != o.Email {
				return usageError{fmt.Errorf("%q is no e-mail address", given[0])}
			}
			if !o.Role.Valid() {
				return usageError{fmt.Errorf("--role %q: want one of %v", role, office.Roles())}
			}
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, keys *keyring) (err error) {
				password := randomPassword()
				if o.PasswordHash, err = keys.vault.HashCode(password); err != nil {
					return err
				}
				_, err = db.AddOperator(cmd.Context(), o, clock.System{}.Now())
				if errors.Is(err, storage.ErrDuplicate) {
					return fmt.Errorf("there is an operator %[1]s already; another password: giftimbiz operator password %[1]s", o.Email)
				}
				if err != nil {
					return err
				}
				return tellPassword(cmd, o, password)
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "who it is")
	cmd.Flags().StringVar(&role, "role", string(office.Viewer), "viewer, operator, finance or admin")
	return cmd
}

func operatorPasswordCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "password EMAIL",
		Short: "Give an operator another password, and turn the second step of signing in off",
		Long: `Give an operator another password and print it. The second step of signing in is turned off, an operator who was disabled
may sign in again, and all browsers that were signed in are not any more.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return withJoined(cmd.Context(), cfg, func(db *storage.DB, keys *keyring) error {
				was, err := db.OperatorByEmail(cmd.Context(), given[0])
				if err != nil {
					return err
				}
				o, password := was, randomPassword()
				o.TOTP, o.Disabled = nil, false
				if o.PasswordHash, err = keys.vault.HashCode(password); err != nil {
					return err
				}
				err = db.ChangeOperator(cmd.Context(), "operator.password_reset", was, o, nil, clock.System{}.Now())
				if err != nil {
					return err
				}
				return tellPassword(cmd, o, password)
			})
		},
	}
}

func tellPassword(cmd *cobra.Command, o office.Operator, password string) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), `email     %s
role      %s
password  %s

Sign in at /console, and change the password there: my account. It is shown nowhere else.
`, o.Email, o.Role, password)
	return err
}
