package main

import (
	"github.com/spf13/cobra"

	"giftimbiz/internal/vault"
)

func keysCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "keys", Short: "Make encryption keys"})
	cmd.AddCommand(&cobra.Command{
		Use:   "new",
		Short: "Print a new key file, for all nodes of an installation",
		Long: `Print a new key file. A single server makes its own on its first start; the nodes of an installation share one:

  (umask 077; giftimbiz keys new > vault.keys)

Copy it to each node, name it with --key-file, and keep a copy apart from the backups of the database.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(vault.Generate())
			return err
		},
	})
	return cmd
}
