package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// maxPrompt is the most bytes read as a prompt from a pipe: far more than any context holds.
const maxPrompt = 8 << 20

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
	switch {
	case !utf8.ValidString(text):
		return "", usagef("the prompt is not valid UTF-8 (first bad byte at %d)", firstInvalid(text))
	case strings.TrimSpace(text) == "":
		return "", usagef("the prompt is empty")
	}
	return text, nil
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
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupts)

	desk := a.newDesk(ctx, f)
	defer desk.Close() // its error is told below
	if err := desk.open(ctx, a.progress()); err != nil {
		return err
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
			return err
		}
		lives = append(lives, live)
	}
	if w := desk.Info().Warning; w != "" {
		a.say("note: %s", safeText(w))
	}

	var once sync.Once
	stopped := false
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Add(1)
	go func() { // ends with done or the second interrupt
		defer watcher.Done()
		for {
			select {
			case <-done:
				return
			case <-interrupts:
				first := false
				once.Do(func() { first = true })
				if !first {
					cancel()
					return
				}
				stopped = true
				for _, l := range lives {
					l.Send(trace.Command{Kind: trace.CommandStop})
				}
			}
		}
	}()
	err = a.printRuns(ctx, desk, lives)
	close(done)
	watcher.Wait()
	if closing := desk.Close(); err == nil && closing != nil {
		a.say("not saved: %s", safeText(closing.Error()))
	}
	if err == nil && stopped {
		return errInterrupted
	}
	if errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	return err
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
			err = tuiapp.Plain(ctx, a.out, live)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
