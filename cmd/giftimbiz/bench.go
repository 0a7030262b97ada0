package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"giftimbiz/internal/bench"
)

// quickBench are the flags of --quick: enough to see whether all is well, too little to publish.
var quickBench = map[string]string{
	"rounds": "2", "during": "1s", "overload": "5s", "large": "100000", "partners": "200", "history": "200000",
}

func benchCommand(*config) *cobra.Command {
	opt := bench.Options{House: benchHouse{}}
	var out benchOutput
	var quick bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this build beside yardsticks on this machine",
		Long: `Measure lists and purchases over HTTP, each in turn with its yardstick: a bare net/http handler that sends the same bytes,
and pgbench making the same purchase as one stored function. Servers run in processes of their own, databases in temporary folders.
Seconds differ between machines; ratios hold. A wrong answer ends the run with exit code 1; a missed goal does not.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if quick {
				if err := setUnlessGiven(cmd.Flags(), quickBench); err != nil {
					return err
				}
			}
			opt.Progress = cmd.ErrOrStderr()
			report, err := bench.Run(cmd.Context(), opt)
			if report == nil {
				return err
			}
			if err != nil {
				out.page = "" // what is not whole is not published
			}
			return errors.Join(err, out.write(cmd.OutOrStdout(), report))
		},
	}
	cmd.Flags().BoolVar(&quick, "quick", false, "shorter runs on smaller databases, unless other flags say how long and how large")
	cmd.Flags().StringSliceVar(&opt.Only, "only", nil, "jobs to run: "+strings.Join(bench.JobNames(), ", "))
	cmd.Flags().IntVar(&opt.Rounds, "rounds", 3, "how often each job and its yardstick run, in turn")
	cmd.Flags().DurationVar(&opt.During, "during", 6*time.Second, "length of one run")
	cmd.Flags().DurationVar(&opt.Overload, "overload", time.Minute, "how long more is asked for than the server can take")
	cmd.Flags().DurationVar(&opt.Soak, "soak", 10*time.Minute, "length of the soak, which runs only when it is named")
	cmd.Flags().IntVar(&opt.Offers, "offers", 10_000, "offers in the list")
	cmd.Flags().IntVar(&opt.Large, "large", 1_000_000, "offers in the large list")
	cmd.Flags().IntVar(&opt.Partners, "partners", 1000, "partners beside the hot one")
	cmd.Flags().IntVar(&opt.History, "history", 10_000_000, "orders of the past that a purchase is measured after")
	cmd.Flags().BoolVar(&out.json, "json", false, "print the report as JSON")
	cmd.Flags().StringVar(&out.page, "page", "", "write the report as a page in Markdown, with a chart beside it: FILE.md")
	cmd.AddCommand(&cobra.Command{
		Use: "yardstick RECORDING", Hidden: true, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return bench.Yardstick(given[0], cmd.OutOrStdout(), os.Stdin)
		},
	})
	return cmd
}

// setUnlessGiven sets flags that the command line left alone.
func setUnlessGiven(flags *pflag.FlagSet, values map[string]string) (err error) {
	for name, value := range values {
		if !flags.Changed(name) {
			err = errors.Join(err, flags.Set(name, value))
		}
	}
	return err
}

// benchOutput says where a report goes.
type benchOutput struct {
	json bool
	page string // a file, whose name ends in .md; "" = none
}

func (o benchOutput) write(w io.Writer, report *bench.Report) error {
	print := report.Print
	if o.json {
		print = report.JSON
	}
	if err := print(w); err != nil || o.page == "" {
		return err
	}
	chart := strings.TrimSuffix(o.page, filepath.Ext(o.page)) + ".svg"
	return errors.Join(
		writeFile(chart, report.Chart),
		writeFile(o.page, func(w io.Writer) error { return report.Page(w, filepath.Base(chart)) }),
	)
}

func writeFile(path string, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}
