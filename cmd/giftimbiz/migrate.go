package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"giftimbiz/internal/storage"
)

func migrateCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date",
		Long: `Bring the database's schema up to date. Several may run at once: one works, the others wait.
A database made by a newer giftimbiz is left alone and reported.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			db, err := storage.OpenOrCreate(cmd.Context(), cfg.database())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			n, err := db.Migrate(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d migrations applied; the schema is up to date\n", n)
			return err
		},
	}
}
