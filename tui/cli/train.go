package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"s1/train"
	"s1/train/metrics"
	"s1/train/recipe"
	"s1/train/stop"
)

// trainFlags are the choices of a run that are not its recipe's.
type trainFlags struct {
	out               string
	steps, saveEvery  int64
	threads           int
	resume, otherCode bool
}

func (a *app) trainCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "train RECIPE.toml",
		Short: "Fine-tune a model, or train one from nothing",
		Long: "Trains as the recipe says: a file, or the name of a preset (mini, mini-quick, mini-nochecks, s1, s1.1, lora).\n" +
			"Ctrl-C, SIGTERM and SIGUSR1 finish the micro-batch, save and end with exit code 0; --resume goes on from there. A second Ctrl-C aborts.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.train(cmd.Context(), f, args[0]) },
	}
	p := cmd.Flags()
	p.StringVar(&f.out, "out", "", "folder of the run; empty = the recipe's name")
	p.Int64Var(&f.steps, "steps", 0, "optimizer steps in place of the recipe's")
	p.Int64Var(&f.saveEvery, "save-every", 0, "steps between checkpoints in place of the recipe's")
	p.IntVar(&f.threads, "threads", 0, "threads; 0 = the recipe's, or one per core; the weights are the same bits with any number")
	p.BoolVar(&f.resume, "resume", false, "go on from the newest checkpoint of the folder")
	p.BoolVar(&f.otherCode, "other-code", false, "also from one that another version of s1 made")
	cmd.AddCommand(a.trainProbeCommand(), a.trainExportCommand(), a.trainInspectCommand())
	return cmd
}

func (a *app) train(ctx context.Context, f trainFlags, name string) error {
	rec, err := recipe.Load(name)
	if err != nil {
		return usageError{err}
	}
	if f.steps < 0 || f.saveEvery < 0 || f.threads < 0 {
		return usagef("--steps %d, --save-every %d and --threads %d must not be negative", f.steps, f.saveEvery, f.threads)
	}
	if f.steps > 0 {
		rec.Train.Steps, rec.Train.Epochs = f.steps, 0
	}
	if f.saveEvery > 0 {
		rec.Checkpoint.Every = f.saveEvery
	}
	if f.threads > 0 {
		rec.Train.Threads = f.threads
	}
	if a.seed != 0 {
		rec.Train.Seed = a.seed
	}
	if f.out == "" {
		f.out = runFolder(name)
	}
	progress := &metrics.Progress{Out: a.err, Terminal: term.IsTerminal(int(a.err.Fd())), Width: func() int { w, _, _ := term.GetSize(int(a.err.Fd())); return w }, Now: time.Now, Total: int(rec.Train.Steps)}
	say := func(format string, args ...any) {
		if !a.quiet {
			progress.Say(safeText(fmt.Sprintf(format, args...)))
		}
	}
	stopper, ctx, end := stop.Listen(ctx, func(os.Signal) { say("finishing the micro-batch and saving; again to abort") })
	defer end()
	result, err := train.Run(ctx, rec, train.Options{
		Dir: f.out, Resume: f.resume, AllowCode: f.otherCode, Code: version, Stop: stopper, Say: say,
		Resolve: func(ctx context.Context, name string) (string, error) { return modelPath(ctx, name, a.progress()) },
		Begin:   func(_, total int64) { progress.Total = int(total) },
		Step:    func(s metrics.Step) { a.step(s, progress) },
	})
	progress.End()
	if errors.Is(context.Cause(ctx), stop.ErrAborted) {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	if result.Model != "" {
		a.say("the model is in %s: s1 run -m %s", result.Model, result.Model)
	}
	return nil
}

// runFolder is where a run is kept when nobody says: the recipe's name, here.
func runFolder(recipe string) string { return strings.TrimSuffix(filepath.Base(recipe), ".toml") }

// step shows a step: an object on stdout, or the progress of people on stderr.
func (a *app) step(s metrics.Step, p *metrics.Progress) {
	switch {
	case a.json:
		if line, err := metrics.Line(s); err == nil {
			_, _ = a.out.Write(line) // a reader that has gone does not end the run
		}
	case !a.quiet:
		p.Step(s)
	}
}
