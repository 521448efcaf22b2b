package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"s1/curate/study"
	"s1/engine/builtin"
	"s1/sessions/jobs"
	"s1/train"
	"s1/train/recipe"
	"s1/train/stop"
)

// studyFlags are the choices of a study of curations.
type studyFlags struct {
	out, model  string
	quick, tiny bool
	detach      bool
	threads     int
}

func (a *app) curateStudyCommand() *cobra.Command {
	var f studyFlags
	cmd := &cobra.Command{
		Use:   "study",
		Short: "The paper's table of subsets in miniature: one pool, five curations, a training from each, the same problems",
		Long: "Makes a pool of calculator-tape rows with known faults, curates it five ways (random, diverse, longest, full, s1's selection), fine-tunes one\n" +
			"base on each, and puts the same held-out problems to all of them. Writes report.md with the design and the paper's rows beside, results.jsonl and\n" +
			"results.csv. The same seed gives the same files; times.json alone has seconds. A study that was stopped or killed goes on where it was;\n" +
			"Ctrl-C lets a training save, so that a step at most is done again, and a second one ends it at once.\n" +
			"--quick has 2,000 rows in the pool and subsets of 200, without it 16,000 and 1,000.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.curateStudy(cmd.Context(), f) },
	}
	p := cmd.Flags()
	p.StringVar(&f.out, "out", "", "folder of the study (default: s1-curate-study, or s1-curate-study-quick)")
	p.StringVarP(&f.model, "model", "m", "", "folder of a tape model to begin from; empty = one is trained first, and stopped early")
	p.BoolVar(&f.quick, "quick", false, "a smaller pool and smaller subsets: wider differences by chance")
	p.BoolVar(&f.tiny, "tiny", false, "seconds, and nothing learnt: for tests")
	_ = p.MarkHidden("tiny") // there is one
	p.IntVar(&f.threads, "threads", 0, "threads; 0 = one per core; the results are the same bits with any number")
	p.BoolVar(&f.detach, "detach", false, detachHelp)
	return cmd
}

func (a *app) curateStudy(ctx context.Context, f studyFlags) error {
	if f.threads < 0 || f.threads > maxThreads() {
		return usagef("--threads %d: 0 to %d", f.threads, maxThreads())
	}
	if f.model == builtin.Name {
		return usagef("-m %s: the built-in model solves the task already, and is no folder; give a folder that s1 train made, or leave -m away", f.model)
	}
	scale, command := study.Full, "s1 curate study"
	if f.out == "" {
		f.out = "s1-curate-study"
	}
	switch {
	case f.tiny:
		scale, command = study.Tiny, command+" --tiny"
	case f.quick:
		scale, command = study.Quick, command+" --quick"
		if f.out == "s1-curate-study" {
			f.out += "-quick"
		}
	}
	if f.model != "" {
		command += " -m " + filepath.Base(f.model)
	}
	if f.detach && a.job == nil {
		return a.detach(ctx, jobs.Spec{Kind: jobs.Curate, Name: command, Out: f.out})
	}
	seed := max(a.seed, 1)
	command += fmt.Sprintf(" --seed %d", seed)
	a.job.Results(filepath.Join(f.out, "report.md"))
	stopper, ctx, end := a.studyStop(ctx)
	defer end()
	r, err := study.Run(ctx, study.NewDesign(scale, seed), study.Options{
		Dir: f.out, Base: f.model, BaseName: f.model, Trainer: studyTrainer{a, f.threads, stopper}, Stop: stopper, Threads: f.threads, Command: command, Version: version, Say: a.say,
		Part: func(done, total int, name string) {
			if a.json {
				_ = a.printJSON(map[string]any{"type": "progress", "done": done, "total": total, "part": name}) // a reader that has gone does not end the study
			}
			a.say("%d of %d: %s", done, total, name)
			a.job.Progress(jobs.Progress{Done: int64(done), Total: int64(total), Unit: "part", Note: name})
		},
	})
	if errors.Is(err, study.ErrStopped) || err != nil && ctx.Err() != nil {
		a.say("stopped; the same command goes on in %s", safeLine(f.out, 200))
		return errInterrupted
	}
	if err != nil {
		return err
	}
	if a.json {
		for _, m := range r.Models {
			if err := a.printJSON(map[string]any{"type": "model", "model": m}); err != nil {
				return err
			}
		}
		return nil
	}
	_, err = fmt.Fprintf(a.out, "%sThe whole report is %s\n", safeText(r.Table()), safeLine(filepath.Join(f.out, "report.md"), 200))
	return err
}

// studyStop listens as s1 train does, and to the closing of the terminal as well: the first signal lets a training save, a second Ctrl-C
// ends it without.
func (a *app) studyStop(ctx context.Context) (*stop.Stopper, context.Context, func()) {
	signals := make(chan os.Signal, 8) // room for all of them: Notify does not wait for a receiver
	signal.Notify(signals, stop.Signals()...)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	stopper, ctx, end := stop.Watch(ctx, signals, func(os.Signal) { a.say("stopping; a training saves first; again to abort") })
	return stopper, ctx, func() {
		signal.Stop(signals)
		end()
	}
}

// studyTrainer trains with this program's own trainer, here.
type studyTrainer struct {
	a       *app
	threads int
	stop    *stop.Stopper
}

// Train implements study.Trainer.
func (t studyTrainer) Train(ctx context.Context, w study.Training) (out study.Trained, err error) {
	rec, err := recipe.Load(w.Recipe)
	if err != nil {
		return out, err
	}
	rec.Train.Threads = t.threads
	resolve := func(ctx context.Context, name string) (string, error) { return modelPath(ctx, name, t.a.progress()) }
	if rec.Data.Kind == recipe.Rows {
		h, err := train.OpenHandover(ctx, rec, resolve)
		if err != nil {
			return out, err
		}
		report := h.Rows().Report()
		h.Close()
		out.Rows, out.Tokens = report.Rows, report.Tokens*int64(rec.Train.Epochs)
	}
	_, err = os.Stat(filepath.Join(w.Dir, "checkpoints"))
	out.Resumed = err == nil
	began := time.Now()
	progress, say := t.a.watching(rec)
	r, err := train.Run(ctx, rec, train.Options{
		Dir: w.Dir, Resume: out.Resumed, Code: version, Resolve: resolve, Say: say, Stop: t.stop,
		Begin: func(_, total int64) { progress.Total = int(total) },
		Step:  progress.Step,
	})
	progress.End()
	out.Seconds = time.Since(began).Seconds()
	if err == nil && r.Stopped {
		err = study.ErrStopped
	}
	if err != nil {
		return out, fmt.Errorf("train %s: %w", w.Name, err)
	}
	out.Steps = r.Total
	if rec.Data.Kind == recipe.Tape {
		out.Tokens = r.Total * int64(rec.Train.BatchTokens)
	}
	return out, nil
}
