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
	var look fileLook
	cmd := &cobra.Command{
		Use:   "template KIND",
		Short: "Write an empty file to fill with stock, with a sample",
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
			f, lang, err := look.parse()
			if err != nil {
				return err
			}
			return intake.Template(cmd.OutOrStdout(), kind, f, lang, gift.DayOf(clock.System{}.Now()))
		},
	}
	look.addFlags(cmd)
	return cmd
}

// fileLook is how a file of rows is to look.
type fileLook struct{ format, language string }

func (l *fileLook) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.format, "format", "csv", "csv or xlsx")
	cmd.Flags().StringVar(&l.language, "language", "ko", "of the column names: ko or en")
}

func (l *fileLook) parse() (sheet.Format, locale.Language, error) {
	f := sheet.Format(l.format)
	if f != sheet.CSV && f != sheet.XLSX {
		return "", 0, usageError{fmt.Errorf("--format %q: want csv or xlsx", l.format)}
	}
	lang, ok := map[string]locale.Language{"ko": locale.Korean, "en": locale.English}[l.language]
	if !ok {
		return "", 0, usageError{fmt.Errorf("--language %q: want ko or en", l.language)}
	}
	return f, lang, nil
}
