package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s1/train"
	"s1/train/launch"
	"s1/train/metrics"
	"s1/train/recipe"
	"s1/train/recipes"
	"s1/train/stop"
)

// queueEvery is the delay between two questions to a cluster's controller, which has others to serve.
const queueEvery = 3 * time.Second

func (a *app) trainPlanCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "plan RECIPE.toml",
		Short: "What a launch would start: the command, the files, what is missing",
		Long:  "Shows the exact command and the files of a launch, and what the environment lacks for it. It writes and starts nothing.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			rec, err := a.recipe(&f, args[0])
			if err != nil {
				return err
			}
			return a.trainPlan(cmd.Context(), f, rec, args[0])
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) trainRequeueCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "requeue FOLDER",
		Short: "Let a run in a cluster's queue save, and queue again",
		Long:  "FOLDER is the run's. Its job saves after the step at hand and goes back into the queue: its place goes to others, and it goes on when its turn comes.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return fmt.Errorf("the folder %s: %w", args[0], err)
			}
			q := &launch.Queue{Plan: &launch.Plan{Dir: dir}}
			if err := q.Requeue(cmd.Context()); err != nil {
				return fmt.Errorf("requeue the run in %s: %w", args[0], err)
			}
			job, err := q.Job()
			a.say("job %s saves after its step and queues again", job)
			return err
		},
	}
}

// launcher is what runs a recipe where it says.
func (a *app) launcher(f trainFlags, rec recipe.Recipe, name string) (launch.Launcher, error) {
	own, trl, err := a.launchers(f, rec, name, func(ctx context.Context, name string) (string, error) { return modelPath(ctx, name, a.progress()) })
	if err != nil {
		return nil, err
	}
	return launch.Of(rec, own, trl, filepath.Base(f.out)), nil
}

// launchers are the two that train; which of them does is the recipe's to say.
func (a *app) launchers(f trainFlags, rec recipe.Recipe, name string, resolve train.Resolve) (*launch.Own, *launch.TRL, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("this program's own file: %w", err)
	}
	file := name
	if _, preset := recipes.Text(name); !preset {
		if file, err = filepath.Abs(name); err != nil {
			return nil, nil, fmt.Errorf("the recipe %s: %w", name, err)
		}
	}
	args := []string{file}
	for _, o := range []struct {
		flag string
		n    int64
	}{{"--steps", f.steps}, {"--save-every", f.saveEvery}, {"--threads", int64(f.threads)}} {
		if f.typed(o.flag[len("--"):]) {
			args = append(args, o.flag, strconv.FormatInt(o.n, 10))
		}
	}
	if a.seed != 0 {
		args = append(args, "--seed", strconv.FormatUint(a.seed, 10))
	}
	dir, err := os.Getwd() // the run's own folder is another one
	if err != nil {
		return nil, nil, fmt.Errorf("find the working folder: %w", err)
	}
	for _, o := range [][2]string{{"--model", modelIn(dir, f.model)}, {"--data", inFolder(dir, f.data)}} {
		if o[1] != "" {
			args = append(args, o[:]...)
		}
	}
	for _, pin := range f.pins {
		args = append(args, "--pin", pin)
	}
	if f.otherCode {
		args = append(args, "--other-code")
	}
	return &launch.Own{Recipe: rec, Dir: f.out, Program: program, Args: args, Resume: f.resume, Resolve: resolve},
		&launch.TRL{Recipe: rec, Dir: f.out, Resume: f.resume, Resolve: resolve}, nil
}

func (a *app) trainPlan(ctx context.Context, f trainFlags, rec recipe.Recipe, name string) error {
	if err := rec.Ready(); err != nil {
		return usageError{err}
	}
	l, err := a.launcher(f, rec, name)
	if err != nil {
		return err
	}
	p, err := l.Plan(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.printPlanJSON(p)
	}
	return printPlan(a.out, p)
}

func (a *app) printPlanJSON(p *launch.Plan) error {
	type file struct {
		Name string `json:"name"`
		Text string `json:"text"`
	}
	files := []file{}
	for _, f := range p.Files {
		files = append(files, file{f.Name, f.Text})
	}
	others := []string{}
	for _, o := range p.Others {
		others = append(others, launch.Quote(o))
	}
	return a.printJSON(map[string]any{
		"type": "plan", "backend": p.Backend, "dir": p.Dir, "command": p.Command(), "argv": p.Argv, "env": p.Env, "others": others, "notes": p.Notes, "files": files,
	})
}

// printPlan shows the command on a line of its own, so that it can be copied, and the files in full.
func printPlan(w io.Writer, p *launch.Plan) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# backend %s, in %s\n%s\n", p.Backend, p.Dir, p.Command())
	for i, o := range p.Others {
		fmt.Fprintf(&b, "# on machine %d\n%s\n", i+2, launch.Quote(append(append([]string{}, p.Env...), o...)))
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "# note: %s\n", n)
	}
	for _, f := range p.Files {
		fmt.Fprintf(&b, "\n# file %s\n%s\n", f.Name, strings.TrimSuffix(f.Text, "\n"))
	}
	_, err := io.WriteString(w, safeText(b.String()))
	return err
}

// trainElsewhere launches a run and watches it to its end.
func (a *app) trainElsewhere(ctx context.Context, f trainFlags, rec recipe.Recipe, name string) error {
	if err := rec.Ready(); err != nil {
		return usageError{err}
	}
	l, err := a.launcher(f, rec, name)
	if err != nil {
		return err
	}
	progress, say := a.watching(rec)
	// From here on a signal is a wish of the run: it is not to be missed while the plan is made.
	stopper, ctx, end := stop.Listen(ctx, func(os.Signal) { say("asking the run to save after its step and to end; again to abort") })
	defer end()
	p, err := l.Plan(ctx)
	if err != nil {
		return err
	}
	r := l.Runner(p)
	watched, err := rejoined(ctx, f, r)
	if err != nil {
		return err
	}
	switch {
	case watched:
		say("the job is in the queue already; watching it")
	default:
		if err := p.Write(ctx); err != nil {
			return err
		}
		for _, n := range p.Notes {
			say("%s", n)
		}
		say("%s", p.Command())
		if err := r.Start(ctx); err != nil {
			return err
		}
	}
	if q, ok := r.(*launch.Queue); ok {
		job, err := q.Job()
		if err != nil {
			return err
		}
		say("job %s", job)
	}
	if f.detach {
		return nil
	}
	w := launch.Watch{
		Stop: stopper.Done(), Step: func(s metrics.Step) { a.step(s, progress) },
		Begin: func(_, total int64) { progress.Total = int(total) },
		State: func(s launch.Status) {
			if s.State == launch.Queued || s.Job != "" {
				say("job %s is %s%s", s.Job, s.State, because(s.Reason))
			}
		},
	}
	if rec.Launch.Backend == recipe.SLURM {
		w.Every = queueEvery
	}
	status, err := launch.Follow(ctx, r, p, w)
	progress.End()
	switch {
	case errors.Is(context.Cause(ctx), stop.ErrAborted):
		return errInterrupted
	case err != nil:
		return err
	case status.State == launch.Failed:
		return fmt.Errorf("the run failed: %s; its log is %s, and --resume goes on from its last checkpoint", status.Reason, p.Log())
	case status.State == launch.Stopped:
		a.halted = true
		say("stopped and saved%s; --resume goes on from here", because(status.Reason))
		return nil
	}
	model := filepath.Join(f.out, "model")
	a.say("the model is in %s: s1 run -m %s", model, model)
	return nil
}

// rejoined says whether the run is a job that is still in the queue.
func rejoined(ctx context.Context, f trainFlags, r launch.Runner) (bool, error) {
	q, ok := r.(*launch.Queue)
	if !ok || !f.resume {
		return false, nil
	}
	if _, err := q.Job(); err != nil {
		return false, nil // none was ever submitted
	}
	s, err := q.Alive(ctx)
	return err == nil && !s.Over(), err
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}
