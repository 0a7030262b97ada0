package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/sheet"
)

func templateCommand() *cobra.Command {
	var format, language string
	cmd := &cobra.Command{
		Use:   "template KIND",
		Short: "Write an empty file to fill with stock, with one sample row",
		Long: `Write an empty file to fill with stock and load with giftimbiz import. KIND is one of
  ` + kindList() + `

  giftimbiz template vouchers > vouchers.csv
  giftimbiz template vouchers --format xlsx > vouchers.xlsx`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			kind, err := parseKind(given[0])
			if err != nil {
				return err
			}
			f := sheet.Format(format)
			if f != sheet.CSV && f != sheet.XLSX {
				return usageError{fmt.Errorf("--format %q: want csv or xlsx", format)}
			}
			lang, ok := map[string]locale.Language{"ko": locale.Korean, "en": locale.English}[language]
			if !ok {
				return usageError{fmt.Errorf("--language %q: want ko or en", language)}
			}
			return intake.Template(cmd.OutOrStdout(), kind, f, lang, gift.DayOf(clock.System{}.Now()))
		},
	}
	cmd.Flags().StringVar(&format, "format", "csv", "csv or xlsx")
	cmd.Flags().StringVar(&language, "language", "ko", "of the column names: ko or en")
	return cmd
}
