package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"s1/engine/builtin"
	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

const (
	maxPrompt  = 8 << 20 // bytes read as a prompt from a pipe: far more than any context holds
	maxSamples = 256     // answers in one batch
)

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [PROMPT | -]",
		Short: "Think about a question and answer it",
		Long:  "Streams the thinking and the answer. Ctrl-C once stops, keeps what there is and prints the receipt; twice quits. A pipe as stdin is the prompt.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if f.samples < 1 || f.samples > maxSamples {
				return usagef("--samples %d: 1 to %d", f.samples, maxSamples)
			}
			prompt, err := a.prompt(args)
			if err != nil {
				return err
			}
			return a.run(cmd.Context(), &f, prompt)
		},
	}
	f.register(cmd.Flags())
	cmd.Flags().IntVar(&f.samples, "samples", 1, "answers to draw in one batch, with seeds seed, seed+1, ...")
	return cmd
}

// prompt is the argument, or stdin when it is - or a pipe.
func (a *app) prompt(args []string) (string, error) {
	text := ""
	switch {
	case len(args) == 1 && args[0] != "-":
		text = args[0]
	case len(args) == 0 && term.IsTerminal(int(a.in.Fd())):
		return "", usagef("no prompt: s1 run 'a question', or a pipe on stdin; s1 chat opens the screen")
	default:
		b, err := io.ReadAll(io.LimitReader(a.in, maxPrompt+1))
		if err != nil {
			return "", fmt.Errorf("read the prompt from stdin: %w", err)
		}
		if len(b) > maxPrompt {
			return "", usagef("the prompt on stdin is longer than %d bytes", maxPrompt)
		}
		text = strings.TrimRight(string(b), "\r\n")
	}
	if err := checkText("the prompt", text); err != nil {
		return "", err
	}
	if strings.TrimSpace(text) == "" {
		return "", usagef("the prompt is empty")
	}
	return text, nil
}

// checkText refuses a text of the user's that no tokenizer takes.
func checkText(what, text string) error {
	if !utf8.ValidString(text) {
		return usagef("%s is not valid UTF-8 (first bad byte at %d)", what, firstInvalid(text))
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return usagef("%s holds a NUL byte (at %d)", what, i)
	}
	return nil
}

func firstInvalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return len(s)
}

// run asks f.samples times in one batch and prints what comes, in order.
func (a *app) run(ctx context.Context, f *runFlags, prompt string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := watchInterrupts(cancel)
	defer stop.end()

	desk := a.newDesk(ctx, f)
	defer desk.Close() // its error is told below
	if err := desk.open(ctx, a.progress()); err != nil {
		return stop.told(err)
	}

	pace, err := f.tokensPerSecond()
	if err != nil {
		return err
	}
	sampling := desk.Info().Default
	var lives []tuiapp.Live
	for i := range max(1, f.samples) {
		ask := trace.Ask{System: f.system, Prompt: prompt, ThinkFormat: f.thinkFormat, Budget: f.budget(), Sampling: sampling, Pace: pace}
		ask.Sampling.Seed += uint64(i)
		live, err := desk.Ask(ctx, ask)
		if err != nil {
			return stop.told(err)
		}
		lives = append(lives, live)
	}
	stop.these(lives)
	if w := desk.Info().Warning; w != "" {
		a.say("note: %s", safeText(w))
	}
	if desk.Info().Hint == builtin.Hint {
		if order := builtin.Order(prompt); order != "" {
			a.say("note: %s", order)
		}
	}

	err = a.printRuns(ctx, desk, lives)
	stop.end()
	settle(ctx, lives)
	if closing := desk.Close(); err == nil && closing != nil {
		a.say("not saved: %s", safeText(closing.Error()))
	}
	return stop.told(err)
}

// lastWords is how long branches that were told to stop may take to say how they ended.
const lastWords = 5 * time.Second

// settle stops what still runs because nobody reads it any more, so that it is kept as stopped.
func settle(ctx context.Context, lives []tuiapp.Live) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	for _, l := range lives {
		l.Send(trace.Command{Kind: trace.CommandStop})
	}
	for _, l := range lives {
		for n, ended := 0, false; !ended && ctx.Err() == nil; {
			var events []trace.Event
			events, ended = l.Log().Since(n)
			n += len(events)
			if !ended {
				_ = l.Log().Wait(ctx, n) // the loop's condition sees the end of the wait
			}
		}
	}
}

func (a *app) printRuns(ctx context.Context, desk *desk, lives []tuiapp.Live) error {
	for i, live := range lives {
		var err error
		if a.json {
			err = a.printRunJSON(ctx, desk, live, i, len(lives))
		} else {
			if len(lives) > 1 {
				if _, err := fmt.Fprintf(a.out, "── sample %d of %d, seed %d ──\n", i+1, len(lives), live.Branch().Sampling.Seed); err != nil {
					return err
				}
			}
			err = tuiapp.Plain(ctx, a.out, sameAnswer, live)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
