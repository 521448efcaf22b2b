package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/builtin/tape"
	"s1/engine/weights"
	"s1/train/probe"
)

// probeFlags say what is measured.
type probeFlags struct {
	model            string
	n, stepsMin      int
	stepsMax, limit  int
	waits, votes     int
	threads          int
	caps             []int
	sampled, control bool
}

func (a *app) trainProbeCommand() *cobra.Command {
	var f probeFlags
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "What caps and Waits do to a model of the calculator tape, on problems it was never trained on",
		Long: "Accuracy at caps and after 0 to so many Waits, with Wilson 95 % intervals, what Waits fixed and broke, how reliable the checks are, and the\n" +
			"controls on the same problems: thinking again without a check, and a vote of as many tokens. Test problems are kept out of training by hash.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.probeModel(cmd.Context(), f) },
	}
	p := cmd.Flags()
	p.StringVarP(&f.model, "model", "m", builtin.Name, "the model: mini, or the folder of a model that was trained on the tape")
	p.IntVar(&f.n, "n", 2000, "problems")
	p.IntVar(&f.stepsMin, "steps-min", 2, "fewest steps of a problem")
	p.IntVar(&f.stepsMax, "steps-max", tape.MaxSteps, "most steps of a problem")
	p.IntVar(&f.limit, "max-value", tape.MaxValue, "largest value of a problem")
	p.IntSliceVar(&f.caps, "caps", []int{0, 8, 16, 24, 32, 48, 64, 80, 96, 128}, "thinking tokens")
	p.IntVar(&f.waits, "waits", 8, "0 to so many Waits")
	p.IntVar(&f.votes, "votes", 5, "most drafts of a vote at temperature 1; 0 = no vote")
	p.IntVar(&f.threads, "threads", 0, "threads; 0 = one per core")
	p.BoolVar(&f.sampled, "sampled", true, "caps and Waits at temperature 1 too")
	p.BoolVar(&f.control, "control", true, "also \"Again\" in place of Wait, and what is seen on the built-in examples")
	return cmd
}

func (a *app) probeModel(ctx context.Context, f probeFlags) error {
	m, err := a.openTape(ctx, f)
	if err != nil {
		return err
	}
	defer m.Close()
	o := probe.Options{
		N: f.n, Seed: max(a.seed, 1), StepsMin: f.stepsMin, StepsMax: f.stepsMax, MaxValue: f.limit, Caps: f.caps, Waits: f.waits, Votes: f.votes,
		Sampled: f.sampled, Shown: f.control,
	}
	if f.control {
		o.Again = 2
	}
	if progress := a.progress(); progress != nil && !a.quiet {
		o.Progress = func(done, total int) {
			if done%50 == 0 {
				progress(fmt.Sprintf("%d of %d problems", done, total))
			}
		}
	}
	r, err := probe.Run(ctx, m, o)
	if err != nil {
		return err
	}
	if a.json {
		return json.NewEncoder(a.out).Encode(r)
	}
	_, err = fmt.Fprint(a.out, r)
	return err
}

// openTape opens the built-in model or another one of its task; their weights stay as they are.
func (a *app) openTape(ctx context.Context, f probeFlags) (*engine.Model, error) {
	o := engine.Options{Name: f.model, Threads: f.threads, Weights: "exact"}
	if f.model == builtin.Name {
		return builtin.Open(ctx, o)
	}
	path, err := modelPath(ctx, f.model, a.progress())
	if err != nil {
		return nil, err
	}
	p, err := engine.LoadWith(ctx, o, func() (*weights.Model, error) { return weightsAt(ctx, path) })
	if err != nil {
		return nil, err
	}
	return engine.Assembled(p)
}
