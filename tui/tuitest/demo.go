package tuitest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/record"
	"s1/tui/theme"
)

// Demo is the screen on a scripted model as a whole program, for the demo command and for tests in a real terminal. It
// returns the exit code.
func Demo(args []string) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	rate := flags.Int("rate", 20, "tokens per second")
	pace := flags.Int("pace", 0, "tokens per second shown, 0 = as fast as it goes")
	capAt := flags.Int("cap", 160, "most thinking tokens")
	waits := flags.Int("waits", 0, "ends of thinking to suppress")
	load := flags.Duration("load", 0, "how long the model takes to load")
	endless := flags.Bool("endless", false, "think without end")
	loop := flags.Int("loop", 0, "the loop guard speaks at this token")
	fail := flags.String("fail", "", "the model cannot be opened, and why")
	plain := flags.Bool("plain", false, "the plain stream instead of the screen")
	crash := flags.Bool("crash", false, "fail inside the screen when a question is asked")
	recordTo := flags.String("record", "", "record the screen to this file")
	prompt := flags.String("prompt", "", "a question in the prompt")
	if err := flags.Parse(args); err != nil {
		return 2
	}

	s := Tape()
	s.LoopAt = *loop
	if *endless {
		s.Endless = func(i int) string {
			if i%11 == 10 {
				return "\n"
			}
			return fmt.Sprintf(" word%d", i%97)
		}
	}
	f := NewFake(s)
	f.Rate = *rate
	budget := trace.Budget{Cap: *capAt, Waits: *waits, WaitText: "Wait", AnswerCap: 64}
	ctx := context.Background()
	if *plain {
		live, _ := f.Ask(ctx, trace.Ask{Prompt: *prompt, Budget: budget})
		if err := app.Plain(ctx, os.Stdout, nil, live); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	var rec *record.Recorder
	if *recordTo != "" {
		var err error
		w, h, _ := term.GetSize(os.Stdout.Fd())
		if rec, err = record.Create(*recordTo, w, h, time.Now); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	err := app.Run(ctx, app.Options{
		Record: rec,
		Open: func(ctx context.Context, progress func(string)) (app.Thinker, error) {
			const steps = 20
			for i := range steps {
				progress(fmt.Sprintf("reading weights, %d %%", 100*i/steps))
				select {
				case <-time.After(*load / steps):
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			if *fail != "" {
				return nil, errors.New(*fail)
			}
			if *crash {
				return broken{f}, nil
			}
			return f, nil
		},
		Library: &Shelf{Kept: []app.Kept{
			{ID: "1", Created: "2 min ago", Model: "mini", Prompt: "12,+7,*3", Answer: "57", Branches: 2, Tokens: 188},
			{ID: "2", Created: "yesterday", Model: "mini", Prompt: strings.Repeat("a longer question ", 9), Answer: "no", Branches: 1, Tokens: 96},
		}},
		Model: "mini", Prompt: *prompt, Budget: budget, Pace: *pace, Theme: theme.Detect(os.Getenv),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	}
	return 0
}

// broken panics where the screen calls it.
type broken struct{ *Fake }

func (broken) Ask(context.Context, trace.Ask) (app.Live, error) { panic("a fault on purpose") }
