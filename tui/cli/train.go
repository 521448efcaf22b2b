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

	"s1/sessions"
	"s1/sessions/jobs"
	"s1/train"
	"s1/train/launch"
	"s1/train/metrics"
	"s1/train/recipe"
	"s1/train/stop"
)

// trainFlags are the choices of a run that are not its recipe's.
type trainFlags struct {
	out               string
	model, data       string
	steps, saveEvery  int64
	threads           int
	resume, otherCode bool
	backend, python   string
	dryRun, detach    bool
	pins              []string // questions beside the recipe's

	typed func(flag string) bool // says whether a flag stands on the command line, be it with its default
}

// add puts the flags on a command that starts or plans a run.
func (f *trainFlags) add(cmd *cobra.Command) {
	p := cmd.Flags()
	f.typed = p.Changed
	p.StringVar(&f.out, "out", "", "folder of the run; empty = the recipe's name")
	p.StringVarP(&f.model, "model", "m", "", "base model in place of the recipe's")
	p.StringVar(&f.data, "data", "", "a JSONL file of rows in place of the recipe's")
	p.Int64Var(&f.steps, "steps", 0, "optimizer steps in place of the recipe's")
	p.Int64Var(&f.saveEvery, "save-every", 0, "steps between checkpoints in place of the recipe's; 0 = only at the end")
	p.IntVar(&f.threads, "threads", 0, "threads in place of the recipe's; 0 = one per core; the weights are the same bits with any number")
	p.BoolVar(&f.resume, "resume", false, "go on from the newest checkpoint of the folder")
	p.BoolVar(&f.otherCode, "other-code", false, "also from one that another version of s1 made")
	p.StringArrayVar(&f.pins, "pin", nil, "a 'QUESTION' or 'QUESTION => ANSWER' that the model answers at each checkpoint, beside the recipe's; may be given several times")
	p.StringVar(&f.backend, "backend", "", "what trains: own (this program, here), trl (Python) or slurm (a cluster's queue) in place of the recipe's")
	p.StringVar(&f.python, "python", "", "interpreter of the backend trl in place of the recipe's")
}

func (a *app) trainCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "train RECIPE.toml",
		Short: "Fine-tune a model, or train one from nothing",
		Long: "Trains as the recipe says: a file, or the name of a preset (mini, mini-finish, mini-quick, mini-nochecks, s1, s1.1, lora).\n" +
			"Ctrl-C, SIGTERM and SIGUSR1 finish the micro-batch, save and end with exit code 0; --resume goes on from there. A second Ctrl-C aborts.\n" +
			"--backend trl trains with TRL in processes of Python, slurm in a cluster's queue; s1 train plan shows what they would start.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.train(cmd.Context(), f, args[0]) },
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show the command and the files, and start nothing")
	cmd.Flags().BoolVar(&f.detach, "detach", false, "run as a job that outlives this terminal (s1 jobs); with slurm: submit and leave, --resume watches again")
	cmd.AddCommand(a.trainProbeCommand(), a.trainExportCommand(), a.trainInspectCommand(), a.trainPlanCommand(), a.trainRequeueCommand())
	return cmd
}

// recipeOf is a recipe with a model and data put over its own, where they are given.
func recipeOf(name, model, data string) (recipe.Recipe, error) {
	rec, err := recipe.Load(name)
	if err != nil {
		return rec, err
	}
	if model != "" {
		rec.Model.Base, rec.Model.Hidden = model, 0
	}
	if data != "" {
		rec.Data.Kind, rec.Data.Files = recipe.Rows, []string{data}
		rec.Probe.Every = 0 // its problems are the generator's that the rows replace
	}
	return rec, rec.Validate()
}

// pinTo adds pinned questions to those of a recipe.
func pinTo(rec *recipe.Recipe, pins []string) error {
	for _, text := range pins {
		q, err := recipe.ParsePin(text)
		if err != nil {
			return err
		}
		rec.Pinned.Questions = append(rec.Pinned.Questions, q)
	}
	return rec.Validate()
}

// recipe is what the file and the flags come to.
func (a *app) recipe(f *trainFlags, name string) (recipe.Recipe, error) {
	rec, err := recipeOf(name, f.model, f.data)
	if err != nil {
		return rec, usageError{err}
	}
	if f.steps < 0 || f.saveEvery < 0 || f.threads < 0 {
		return rec, usagef("--steps %d, --save-every %d and --threads %d must not be negative", f.steps, f.saveEvery, f.threads)
	}
	if f.typed("steps") && f.steps == 0 {
		return rec, usagef("--steps 0: a run takes at least 1 step")
	}
	if f.steps > 0 {
		rec.Train.Steps, rec.Train.Epochs = f.steps, 0
	}
	if f.typed("save-every") {
		rec.Checkpoint.Every = f.saveEvery
	}
	if f.typed("threads") {
		rec.Train.Threads = f.threads
	}
	if a.seed != 0 {
		rec.Train.Seed = a.seed
	}
	if err := pinTo(&rec, f.pins); err != nil {
		return rec, usageError{err}
	}
	if f.backend != "" {
		rec.Launch.Backend = f.backend
	}
	if f.python != "" {
		rec.Launch.Python = f.python
	}
	if err := rec.Validate(); err != nil {
		return rec, usageError{err}
	}
	if f.out == "" {
		f.out = runFolder(name)
	}
	return rec, nil
}

func (a *app) train(ctx context.Context, f trainFlags, name string) error {
	rec, err := a.recipe(&f, name)
	if err != nil {
		return err
	}
	if f.dryRun {
		return a.trainPlan(ctx, f, rec, name)
	}
	if f.detach && a.job == nil && rec.Launch.Backend != recipe.SLURM { // a queue is detached already
		return a.detach(ctx, jobs.Spec{Kind: jobs.Train, Name: name, Out: f.out}, "--resume")
	}
	a.job.Results(filepath.Join(f.out, metrics.FileName))
	if rec.Launch.Backend != recipe.Own {
		return a.trainElsewhere(ctx, f, rec, name)
	}
	progress, say := a.watching(rec)
	stopper, ctx, end := stop.Listen(ctx, func(os.Signal) { say("finishing the micro-batch and saving; again to abort") })
	defer end()
	result, err := train.Run(ctx, rec, train.Options{
		Dir: f.out, Resume: f.resume, AllowCode: f.otherCode, Code: version, Stop: stopper, Say: say, Now: a.job.Now,
		Resolve: func(ctx context.Context, name string) (string, error) { return modelPath(ctx, name, a.progress()) },
		Begin: func(step, total int64) {
			progress.Total = int(total)
			if err := launch.Began(f.out, step, total); err != nil {
				say("%v", err)
			}
			a.job.Progress(jobs.Progress{Done: step, Total: total, Unit: "step"})
		},
		Step: func(s metrics.Step) { a.step(s, progress) },
	})
	progress.End()
	if errors.Is(context.Cause(ctx), stop.ErrAborted) {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	state := launch.Done
	if result.Stopped {
		state, a.halted = launch.Stopped, true
	}
	if err := launch.Ended(f.out, state, result.Steps, result.Total); err != nil {
		return err
	}
	if result.Model != "" {
		a.say("the model is in %s: s1 run -m %s", result.Model, result.Model)
	}
	return nil
}

// watching is how a run is shown: a line of progress, and sentences in between.
func (a *app) watching(rec recipe.Recipe) (*metrics.Progress, func(format string, args ...any)) {
	progress := &metrics.Progress{Out: a.err, Terminal: term.IsTerminal(int(a.err.Fd())), Width: func() int { w, _, _ := term.GetSize(int(a.err.Fd())); return w }, Now: time.Now, Total: int(rec.Train.Steps)}
	return progress, func(format string, args ...any) {
		if !a.quiet {
			progress.Say(safeText(fmt.Sprintf(format, args...)))
		}
	}
}

// runFolder is where a run is kept when nobody says: the recipe's name, here.
func runFolder(recipe string) string { return strings.TrimSuffix(filepath.Base(recipe), ".toml") }

// step shows a step: an object on stdout, or the progress of people on stderr.
func (a *app) step(s metrics.Step, p *metrics.Progress) {
	a.job.Progress(stepProgress(s, p.Total))
	switch {
	case a.json:
		if line, err := metrics.Line(s); err == nil {
			_, _ = a.out.Write(sessions.EscapeControls(line)) // a reader that has gone does not end the run
		}
	case !a.quiet:
		p.Step(s)
	}
}
