package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"s1/curate"
)

func (a *app) curateWhyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why ID DIR",
		Short: "What each stage of a curation said of a row, and what it was found to be like",
		Long:  "Rows with equal questions have one id: each of them is told of, with its file and line and what became of it.",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := curate.Why(args[1], args[0])
			if err != nil {
				return err
			}
			for _, c := range list {
				if err := a.printCopy(args[0], c); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// printCopy says of one row where it is from and what became of it, and then what each stage said.
func (a *app) printCopy(id string, c curate.Copy) error {
	if a.json {
		for _, v := range c.Said {
			if err := a.printJSON(struct {
				N     int    `json:"n"`
				Place string `json:"place"`
				curate.Verdict
			}{c.N, c.Place, v}); err != nil {
				return err
			}
		}
		return nil
	}
	fate := "no stage dropped it"
	if stage, rule := c.Dropped(); stage != "" {
		fate = "dropped by " + stage + ", " + rule
	}
	fmt.Fprintf(a.out, "row %s, %s: %s\n", safeLine(id, 60), safeLine(c.Place, 200), safeLine(fate, 100))
	for _, v := range c.Said {
		if err := a.printVerdict(v); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printVerdict(v curate.Verdict) error {
	what := "kept"
	if v.Rule != "" {
		what = "dropped by " + v.Rule
		if v.Detail != "" {
			what += ": " + v.Detail
		}
	} else if s, ok := v.Features["selected"].(string); ok {
		what = "selected: " + s
	}
	if note, ok := v.Features["by_hand"].(string); ok {
		what = "kept by hand: " + note
	}
	_, err := fmt.Fprintf(a.out, "%-14s %s\n", safeLine(v.Stage, 40), safeLine(what, 300))
	if h := v.Hit; h != nil {
		if h.Shared != "" {
			fmt.Fprintf(a.out, "%-14s shared: %s\n", "", safeLine(h.Shared, 300))
		}
		_, err = fmt.Fprintf(a.out, "%-14s its text: %s\n", "", safeLine(h.Text, 600))
	}
	return err
}
