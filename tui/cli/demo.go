package cli

import (
	"context"
	"errors"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"s1/engine/builtin"
	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// demoAnswer is the most answer tokens of a chat model in the demo: it may never end by itself.
const demoAnswer = 96

func (a *app) demoCommand() *cobra.Command {
	var f runFlags
	var look screenFlags
	fast := false
	cmd := &cobra.Command{
		Use: "demo", Short: "The story of budget forcing, played live: a cap, a wrong answer, a Wait", Args: cobra.NoArgs,
		Long: "Plays the story of budget forcing on the screen in about two minutes: a question, its thinking, a cap and its wrong answer, a Wait and the\n" +
			"correction. It runs on the engine, on the first example on which the story happens when it is tried in the background; any key takes over.\n" +
			"Without a terminal, or with --plain, the story is told in lines.",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), &f, &look, fast) },
	}
	f.register(cmd.Flags())
	look.register(cmd.Flags())
	cmd.Flags().BoolVar(&fast, "fast", false, "as quick as it goes, no caption held")
	return cmd
}

// demo plays the story.
func (a *app) demo(ctx context.Context, f *runFlags, look *screenFlags, fast bool) error {
	if err := errors.Join(f.check(), look.check()); err != nil {
		return err
	}
	budget := f.budget()
	questions := []string{demoPrompt}
	if f.model == builtin.Name {
		questions = builtin.Examples(builtin.Offered)
	} else {
		if budget.Cap < 0 {
			budget.Cap = demoCap
		}
		if budget.AnswerCap < 0 {
			budget.AnswerCap = demoAnswer
		}
	}
	if look.plain || dumb() || !a.onTerminal() {
		if look.record != "" {
			return usagef("--record %s: a recording is of the screen, and here is none", look.record)
		}
		return a.demoInLines(ctx, f, questions, budget)
	}
	pace, err := f.tokensPerSecond()
	if err != nil {
		return err
	}
	if f.pace == "auto" && !fast {
		pace = tuiapp.StoryPace
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	d := a.newDesk(ctx, f)
	opt := tuiapp.Options{
		Open: func(ctx context.Context, progress func(string)) (tuiapp.Thinker, error) {
			if err := d.open(ctx, progress); err != nil {
				return nil, err
			}
			if f.model == builtin.Name {
				d.examples = questions
			}
			return d, nil
		},
		Library: d, Model: f.model, System: f.system, ThinkFormat: f.thinkFormat, Budget: budget,
		ModelSampling: true, Sampling: trace.Sampling{Seed: d.seed}, Pace: pace,
		Story: tuiapp.StoryOf(questions, budget, unkept), Fast: fast,
	}
	end, err := a.screen(look, &opt)
	if err != nil {
		return errors.Join(err, d.Close())
	}
	return errors.Join(tuiapp.Run(ctx, opt), end(), d.Close())
}

// demoInLines tells the story as a stream. Only the telling is kept, as ever.
func (a *app) demoInLines(ctx context.Context, f *runFlags, questions []string, budget trace.Budget) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := watchInterrupts(cancel)
	defer stop.end()
	d := a.newDesk(ctx, f)
	err := d.open(ctx, a.progress())
	if err == nil {
		err = tuiapp.PlainStory(ctx, a.out, d, unkept, questions, budget, d.Info().Default)
	}
	return stop.told(errors.Join(err, d.Close()))
}

// rehearsing is a desk that keeps nothing of what it is asked.
type rehearsing struct{ *desk }

// unkept returns the Thinker for what is only tried.
func unkept(t tuiapp.Thinker) tuiapp.Thinker {
	if d, ok := t.(*desk); ok {
		return rehearsing{d}
	}
	return t
}

func (r rehearsing) Ask(ctx context.Context, q trace.Ask) (tuiapp.Live, error) {
	return r.thinks.Ask(ctx, q)
}

func (r rehearsing) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (tuiapp.Live, error) {
	return r.thinks.Branch(ctx, from, at, b, s, first...)
}
