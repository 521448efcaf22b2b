package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"s1/engine/trace"
	"s1/sessions"
)

func (a *app) markCommand() *cobra.Command {
	marks := []string{sessions.Good, sessions.Bad, "none"}
	return &cobra.Command{
		Use: "mark ID BRANCH good|bad|none", Short: "Say whether a branch is worth training on; the export for training goes by it",
		Args: cobra.ExactArgs(3), ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			mark := args[2]
			if !slices.Contains(marks, mark) {
				return usagef("a mark of %q: one of %q", mark, marks)
			}
			if mark == "none" {
				mark = ""
			}
			return a.onRun(cmd.Context(), args[0], false, func(s *sessions.Store, id string) error {
				return s.Mark(cmd.Context(), id, trace.BranchID(args[1]), mark)
			})
		},
	}
}

func (a *app) rowsCommand() *cobra.Command {
	var f sessions.RowFilter
	var verdict, file string
	cmd := &cobra.Command{
		Use: "rows [ID...]", Short: "Branches as rows to train on: question, thought and answer, with where they come from",
		Long: "Writes a JSON line for each branch: messages, the thought as reasoning_content, and the provenance (session, branch, model, tags, verdict, budget).\n" +
			"The files key of a recipe takes the file. By default only branches marked good are written (s1 sessions mark); what a branch is marked wins over\n" +
			"the tag good or bad of its run. A marked branch gets a label, true of good and false of bad, for trainers that learn from both; s1 train leaves out\n" +
			"the rows with the label false, and says how many. --tag '' takes every branch that has an answer: good, bad (label false) and unmarked (no label).",
		ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Verdict = trace.Verdict(verdict)
			if f.Verdict != trace.VerdictNone && f.Verdict != trace.VerdictRight && f.Verdict != trace.VerdictWrong {
				return usagef("--verdict %q: right or wrong", verdict)
			}
			return a.withStore(cmd.Context(), func(s *sessions.Store) error { return a.sessionRows(cmd.Context(), s, f, args, file) })
		},
	}
	cmd.Flags().StringVar(&f.Tag, "tag", sessions.Good, "only branches with this tag, theirs or their run's; empty = all, marked bad or not marked too")
	cmd.Flags().StringVar(&verdict, "verdict", "", "only branches judged so: right, wrong")
	a.complete(cmd, "verdict", "right", "wrong")
	cmd.Flags().StringVarP(&file, "output", "o", "", "file to write, stdout when absent; one that is there is replaced, unless there is no row")
	return cmd
}

// rowsSaid is what became of the branches, in a line.
func rowsSaid(n sessions.RowCounts) string {
	bad := ""
	if n.Bad > 0 {
		bad = fmt.Sprintf(", %d of them bad (label false: s1 train leaves them out)", n.Bad)
	}
	return fmt.Sprintf("%d rows%s; left out: %d without the tag or the verdict, %d without an answer, %d said before", n.Written, bad, n.Other, n.Unanswered, n.Repeated)
}

func (a *app) sessionRows(ctx context.Context, s *sessions.Store, f sessions.RowFilter, ids []string, file string) (err error) {
	for _, id := range ids {
		full, err := s.Resolve(ctx, id, false)
		if err != nil {
			return notHere(id, err)
		}
		f.IDs = append(f.IDs, full)
	}
	var n sessions.RowCounts
	if file == "" {
		n, err = s.Rows(ctx, a.out, f)
	} else {
		n, err = writeRows(ctx, s, f, file, false)
	}
	if err != nil {
		return err
	}
	a.say("%s", rowsSaid(n))
	if n.Written == 0 {
		return errors.New("no row was written; s1 sessions mark ID BRANCH good marks a branch, --tag '' takes all")
	}
	return nil
}
