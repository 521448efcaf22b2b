package cli

import (
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"s1/curate"
)

func (a *app) curateMarkCommand() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use:   "mark ID keep|drop|undo FILE",
		Short: "Keep or drop a row by hand: FILE is the one that a recipe's hand names, or hand.jsonl in a run's folder",
		Args:  cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains([]string{curate.Keep, curate.Drop, curate.Undo}, args[1]) {
				return usageError{errors.New("a row is marked keep, drop or undo, not " + safeLine(args[1], 40))}
			}
			return curate.ByHand(args[2], args[0], args[1], note, time.Now().UTC())
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why")
	return cmd
}
