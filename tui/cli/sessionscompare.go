package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s1/engine/scaling"
)

// compareCommand asks again what rows were made of, with base and tuned model: a sweep of one method, under the budgets of the rows.
func (a *app) compareCommand() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use: "compare ROWS.jsonl --against MODEL --out DIR", Short: "Ask the questions of rows again, each under its own budget, with base and tuned model",
		Long: "Takes the rows of s1 sessions rows and puts each question to two models, from the question on and under the budget of its branch: cap, Waits and\n" +
			"their text, sampling and seed. changes.md in DIR says what changed in answers, length and closings, with n and intervals. What a user did to a\n" +
			"branch by hand counts as its cap and its Waits; an edit or an injected text is not done again. The base is the model that thought the rows, or -m.\n" +
			"It is a sweep of the method own: stopped or killed, it goes on where it was, and s1 sweep --methods own has all the flags.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.data, f.plan.Methods = args[0], []string{scaling.MethodOwn}
			if f.against == "" {
				return usagef("--against: the model to compare with, such as a fine-tuned one")
			}
			if !cmd.Flags().Changed("model") {
				if err := f.modelOfRows(); err != nil {
					return err
				}
			}
			return a.sweep(cmd.Context(), &f)
		},
	}
	all := pflag.NewFlagSet("sweep", pflag.ContinueOnError)
	f.register(all)
	for _, name := range []string{"model", "against", "out", "n", "parallel", "backend", "weights", "threads", "context", "think-format", "patience", "detach"} {
		cmd.Flags().AddFlag(all.Lookup(name))
	}
	return cmd
}

// modelOfRows takes the model that thought the rows as the base.
func (f *sweepFlags) modelOfRows() error {
	q, err := scaling.ReadItems(f.data, scaling.Fields{Own: true, Ungraded: true}, f.n)
	if err != nil {
		return err
	}
	for i, it := range q.Items {
		switch name := it.Own.Model; {
		case name == "":
		case i == 0 || f.model == name:
			f.model = name
		default:
			return usagef("the rows were thought by %s and by %s: -m says which is the base", safeLine(f.model, 100), safeLine(name, 100))
		}
	}
	return nil
}
