package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/muesli/cancelreader"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"s1/engine/builtin"
	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// demoPrompt is asked when there is neither a terminal nor a prompt, of a model that takes any question.
const (
	demoPrompt = "What is 12 plus 30?"
	demoCap    = 64
)

// demoOf is a question that suits the model, and the cap for it: a chat model may never end by itself.
func demoOf(model string) (prompt string, thought int) {
	if model == builtin.Name {
		return builtin.Examples(1)[0], -1
	}
	return demoPrompt, demoCap
}

func (a *app) chatCommand() *cobra.Command {
	var f runFlags
	var look screenFlags
	cmd := &cobra.Command{
		Use: "chat [PROMPT]", Short: "The screen, with a model and a prompt ready", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			prompt := ""
			if len(args) == 1 {
				var err error
				if prompt, err = a.prompt(args); err != nil {
					return err
				}
			}
			return a.openScreen(cmd.Context(), &f, &look, prompt)
		},
	}
	f.register(cmd.Flags())
	look.register(cmd.Flags())
	cmd.Flags().StringVar(&f.session, "session", "", "open a kept run (s1 sessions list shows the ids)")
	return cmd
}

// openScreen runs the screen, or, without a terminal, streams the answer to the demo question.
func (a *app) openScreen(ctx context.Context, f *runFlags, look *screenFlags, prompt string, change ...func(*tuiapp.Options)) error {
	if err := errors.Join(f.check(), look.check()); err != nil {
		return err
	}
	if dumb() && a.onTerminal() {
		if look.record != "" {
			return usagef("--record %s: a recording is of the screen, and TERM=dumb has none", look.record)
		}
		look.plain = true
	}
	if !look.plain && !a.onTerminal() {
		if f.session != "" {
			return usagef("--session opens a screen, and here is no terminal; s1 sessions show %s prints the run", f.session)
		}
		if prompt == "" {
			var thought int
			if prompt, thought = demoOf(f.model); f.cap < 0 {
				f.cap = thought
			}
			a.say("no terminal: streaming a demo question. %q", prompt)
		}
		return a.run(ctx, f, prompt)
	}
	pace, err := f.tokensPerSecond()
	if err != nil {
		return err
	}
	if f.pace == "auto" {
		pace = tuiapp.PaceByModel
	}
	// A terminal that is closed ends the screen as a quit does, so that what runs is kept as stopped.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	d := a.newDesk(ctx, f)
	first := a.config == nil && d.empty(ctx)
	training := a.newWorkshop(d)
	defer training.Close()
	opt := tuiapp.Options{
		Trainer: training, Jobs: newJobDesk(jobsDir()), Curator: newCurator(d),
		Open: func(ctx context.Context, progress func(string)) (tuiapp.Thinker, error) {
			if err := d.open(ctx, progress); err != nil {
				return nil, err
			}
			if d.thinks.Info().Hint == builtin.Hint { // the built-in model, or another one of the tape
				d.examples = builtin.Examples(builtin.Offered)
			}
			return d, nil
		},
		Library: d, Model: f.model, Prompt: prompt, Session: f.session, System: f.system, ThinkFormat: f.thinkFormat, Budget: f.budget(),
		Same: sameAnswer, ModelSampling: true, Sampling: trace.Sampling{Seed: d.seed}, Pace: pace, First: first,
	}
	for _, c := range change {
		c(&opt)
	}
	end, err := a.screen(look, &opt)
	if err != nil {
		return errors.Join(err, d.Close())
	}
	if look.plain {
		err = a.talk(ctx, opt)
	} else {
		err = tuiapp.Run(ctx, opt)
	}
	return errors.Join(err, end(), d.Close())
}

// onTerminal says whether somebody sits at both ends.
func (a *app) onTerminal() bool {
	return term.IsTerminal(int(a.in.Fd())) && term.IsTerminal(int(a.out.Fd()))
}

// dumb says that the terminal can only print lines.
func dumb() bool { return os.Getenv("TERM") == "dumb" }

// talk holds the conversation in lines. Its reader can be called back, so that nothing waits for a line nobody types.
func (a *app) talk(ctx context.Context, opt tuiapp.Options) error {
	in, err := cancelreader.NewReader(a.in)
	if err != nil {
		return err
	}
	defer in.Close()
	return tuiapp.RunTalk(ctx, in, a.out, opt)
}
