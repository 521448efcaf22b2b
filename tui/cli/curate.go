package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"s1/curate"
	"s1/sessions/jobs"
)

// curateFlags are the choices of a curation that are not its recipe's.
type curateFlags struct {
	out            string
	data, tests    []string
	resume, detach bool
	retry          bool
	count          bool
	forecast       bool
}

// recipe is that of a name: a preset, a file, or the folder of a run.
func (f *curateFlags) recipe(name string) (curate.Recipe, error) {
	rec, err := curate.LoadRecipe(name)
	if info, bad := os.Stat(name); bad == nil && info.IsDir() {
		if rec, err = curate.ReadRecipe(name); f.out == "" {
			f.out = name
		}
	}
	if err != nil {
		return rec, err
	}
	if len(f.data) > 0 {
		rec.Load.Files = f.data
	}
	if len(f.tests) > 0 {
		rec.Decontaminate.Tests = f.tests
	}
	return rec, nil
}

func (a *app) curateCommand() *cobra.Command {
	var f curateFlags
	cmd := &cobra.Command{
		Use:   "curate RECIPE",
		Short: "Make a small data set out of a large one, with a reason for every row dropped",
		Long: "Carries the stages of a recipe out: a file in TOML, a preset (s1-code, s1-paper, random, diverse, longest, full) with --data,\n" +
			"or the folder of a run.\n" +
			"What is done is kept: --resume goes on where a run was stopped or killed, and computes only what a changed recipe changes.\n\n" +
			"The stages trace, grade and domain, and difficulty where difficulty.models lists some, ask a model: one that runs here, or one of an\n" +
			"OpenAI-compatible server (http://host:port/v1#name; its key comes from the environment alone). --forecast says before the start what\n" +
			"they come to at most; ask.max_tokens and ask.max_cost hold over all runs of a folder. A reply is kept, and never paid for twice.\n" +
			"A row whose request fails is dropped with the cause, as failed-...: --resume leaves it so, --resume --retry-failed asks again.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.curate(cmd.Context(), f, args[0]) },
	}
	p := cmd.Flags()
	p.StringVar(&f.out, "out", "", "folder of the run; empty = the recipe's name")
	p.StringArrayVar(&f.data, "data", nil, "file or folder of rows in place of the recipe's; may be given several times")
	p.StringArrayVar(&f.tests, "tests", nil, "file of test questions to keep out, in place of the recipe's; may be given several times")
	p.BoolVar(&f.resume, "resume", false, "go on in a folder that holds a run")
	p.BoolVar(&f.retry, "retry-failed", false, "with --resume: ask models again about the rows whose request failed")
	p.BoolVar(&f.count, "count", false, "only say what the recipe would keep of a run's folder, and write nothing")
	p.BoolVar(&f.forecast, "forecast", false, "only say what the stages that ask a model come to at most: requests, tokens and cost")
	p.BoolVar(&f.detach, "detach", false, detachHelp)
	cmd.AddCommand(a.curateWhyCommand(), a.curateMarkCommand(), a.curateStudyCommand(), a.curateExportCommand())
	return cmd
}

func (a *app) curate(ctx context.Context, f curateFlags, name string) (err error) {
	rec, err := f.recipe(name)
	if err != nil {
		return usageError{err}
	}
	if a.seed != 0 {
		rec.Seed = a.seed
	}
	if f.out == "" {
		f.out = runFolder(name)
	}
	if f.retry && (!f.resume || f.count || f.forecast) {
		return usageError{errors.New("--retry-failed goes with --resume, and without --count and --forecast: it asks the models of a run again")}
	}
	if f.forecast {
		return a.curateForecast(ctx, rec, f)
	}
	if f.detach && a.job == nil && !f.count {
		if err := curate.Check(rec, curate.Options{Dir: f.out, Resume: f.resume}); err != nil {
			return err
		}
		return a.detach(ctx, jobs.Spec{Kind: jobs.Curate, Name: name, Out: f.out}, "--resume")
	}
	if !f.count { // before the books of what is asked are opened in the folder
		if err := curate.Check(rec, curate.Options{Dir: f.out, Resume: f.resume}); err != nil {
			return err
		}
	}
	ctx, end := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer end()
	o := curate.Options{Dir: f.out, Resume: f.resume, Retry: f.retry}
	plan, err := a.openPlan(ctx, rec, filepath.Join(f.out, askedDir), f.retry)
	if err != nil {
		return err
	}
	if plan != nil {
		defer func() { err = errors.Join(err, plan.Close()) }()
		o.Insert = plan.Insert()
	}
	var counts []curate.Count
	if f.count {
		counts, err = curate.Recount(ctx, rec, o)
	} else {
		a.job.Results(filepath.Join(f.out, "events.jsonl"))
		total := int64(len(rec.Stages) + 2) // with load and trainable
		if len(rec.Difficulty.Models) > 0 {
			total++ // their attempts
		}
		done := int64(0)
		show := a.curateProgress()
		o.Event = func(e curate.Event) {
			if e.State == "end" || e.State == "cached" {
				done++
			}
			show(e)
			a.job.Progress(jobs.Progress{Done: min(done, total), Total: total, Unit: "stage"})
			if a.json {
				_ = a.printJSON(map[string]any{"type": "progress", "stage": e.Stage, "state": e.State, "in": e.In, "decided": e.Decided, "kept": e.Kept, "dropped": e.Dropped, "rate": e.Rate, "waits": e.Waits, "notes": e.Notes})
			}
		}
		counts, err = curate.Run(ctx, rec, o)
	}
	if err != nil {
		if ctx.Err() != nil {
			a.say("stopped; s1 curate %s --resume goes on", safeText(f.out))
			return errInterrupted
		}
		return err
	}
	if plan != nil && !f.count {
		a.spent(plan)
	}
	if empty := nothingLeft(counts); empty != "" {
		a.job.Progress(jobs.Progress{Done: 1, Total: 1, Unit: "stage", Note: empty})
	}
	return a.curated(f, counts)
}
