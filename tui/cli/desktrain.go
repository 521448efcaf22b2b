package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"s1/sessions/jobs"
	"s1/train"
	"s1/train/checkpoint"
	"s1/train/device"
	"s1/train/estimate"
	"s1/train/recipe"
	"s1/train/recipes"
	tuiapp "s1/tui/app"
)

// workshop is where the screen meets the trainer and the jobs. It is the screen's Trainer.
type workshop struct {
	app   *app
	desk  *desk
	store *jobs.Store

	mu     sync.Mutex
	choice tuiapp.TrainChoice // opened is of
	opened *inspected
	long   error

	machineMu sync.Mutex
	device    *device.Reader // open since it was asked first
}

func (a *app) newWorkshop(d *desk) *workshop {
	return &workshop{app: a, desk: d, store: jobs.Open(jobsDir(), nil)}
}

// Close lets go of the data that was looked at.
func (b *workshop) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget()
	b.machineMu.Lock()
	defer b.machineMu.Unlock()
	if b.device != nil {
		b.device.Close()
		b.device = nil
	}
}

func (b *workshop) forget() {
	if b.opened != nil {
		b.opened.tok.Close()
		b.opened = nil
	}
}

func (b *workshop) Presets() []string { return recipes.Names() }

func outOf(c tuiapp.TrainChoice) string {
	if c.Out == "" {
		return runFolder(c.Recipe)
	}
	return c.Out
}

// argvOf is the command of a choice, without the program.
func argvOf(c tuiapp.TrainChoice) []string {
	argv := []string{"train", c.Recipe, "--out", outOf(c)}
	if c.Model != "" {
		argv = append(argv, "--model", c.Model)
	}
	if c.Data != "" {
		argv = append(argv, "--data", c.Data)
	}
	for _, pin := range pinsOf(c) {
		argv = append(argv, "--pin", pin)
	}
	return argv
}

// choiceOf reads a choice from the command of a job.
func choiceOf(argv []string) (c tuiapp.TrainChoice) {
	for i := 1; i+1 < len(argv); i++ {
		switch argv[i] {
		case "train":
			c.Recipe = argv[i+1]
		case "--out":
			c.Out = argv[i+1]
		case "--model":
			c.Model = argv[i+1]
		case "--data":
			c.Data = argv[i+1]
		case "--pin":
			c.Pins = strings.TrimPrefix(c.Pins+"\n"+argv[i+1], "\n")
		}
	}
	return c
}

// pinsOf are the pinned questions of a choice.
func pinsOf(c tuiapp.TrainChoice) []string {
	return strings.FieldsFunc(c.Pins, func(r rune) bool { return r == '\n' })
}

// recipeOfChoice is the recipe with what was chosen put over it.
func recipeOfChoice(c tuiapp.TrainChoice) (recipe.Recipe, error) {
	rec, err := recipeOf(c.Recipe, c.Model, c.Data)
	if err == nil {
		err = pinTo(&rec, pinsOf(c))
	}
	return rec, err
}

// Plan says what a choice comes to, and what is wrong with it field by field.
func (b *workshop) Plan(ctx context.Context, c tuiapp.TrainChoice) (p tuiapp.TrainPlan, err error) {
	wrong := func(field string, err error) {
		p.Wrong = append(p.Wrong, tuiapp.TrainFact{Name: field, Value: err.Error()})
	}
	rec, err := recipeOfChoice(c)
	if err != nil {
		wrong("recipe", err)
		return p, nil
	}
	if base := rec.Model.Base; base != "" {
		w, err := openWeights(ctx, base)
		if err != nil {
			wrong("model", err)
		} else {
			_ = w.Close() // only looked at
		}
	}
	for _, f := range rec.Data.Files {
		if _, err := os.Stat(f); err != nil && rec.Data.Kind == recipe.Rows {
			wrong("data", err)
		}
	}
	if err := rec.Ready(); err != nil {
		field := "recipe"
		switch {
		case rec.Model.Base == "" && !rec.Model.Scratch():
			field = "model"
		case rec.Data.Kind == recipe.Rows && len(rec.Data.Files) == 0:
			field = "data"
		}
		wrong(field, err)
	}
	out := outOf(c)
	if _, ok, err := checkpoint.Latest(filepath.Join(out, "checkpoints")); err != nil {
		wrong("out", err)
	} else if ok {
		wrong("out", fmt.Errorf("%s holds the checkpoints of a run: go on with that run, or give another folder", out))
	}
	p.Command = []string{"s1"}
	for _, w := range argvOf(c) {
		p.Command = append(p.Command, quoted(w))
	}
	fact := func(name, format string, args ...any) {
		p.Facts = append(p.Facts, tuiapp.TrainFact{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	if rec.Model.Scratch() {
		fact("model", "a new one, %d layers of width %d", rec.Model.Layers, rec.Model.Hidden)
	} else if c.Model == "" {
		fact("model", "%s", rec.Model.Base)
	}
	if rec.Train.Steps > 0 {
		fact("length", "%d steps", rec.Train.Steps)
	} else {
		fact("length", "%d epochs", rec.Train.Epochs)
	}
	fact("learning", "%s, rate %g, %s", rec.Optimizer.Kind, rec.Optimizer.LR, rec.Optimizer.Schedule)
	if rec.LoRA.Rank > 0 {
		fact("LoRA", "rank %d", rec.LoRA.Rank)
	}
	fact("too long", "%s", map[string]string{"refuse": "a row that does not fit stops the start", "drop": "rows that do not fit are dropped", "cut": "rows that do not fit are cut from the right"}[rec.Data.OverLong])
	if q := rec.Pinned; len(q.Questions) > 0 {
		fact("pinned", "%s", pinnedWords(rec))
		for i, x := range q.Questions {
			fact(fmt.Sprintf("pinned %d", i+1), "%s", x)
		}
	}
	fact("saves", "every %d steps (0 = at the end and when stopped), keeps %d", rec.Checkpoint.Every, rec.Checkpoint.Keep)
	return p, nil
}

// pinnedWords is what the pinned questions of a run cost.
func pinnedWords(rec recipe.Recipe) string {
	q := rec.Pinned
	var caps []string
	for _, c := range q.Caps {
		if c < 0 {
			caps = append(caps, fmt.Sprintf("none (cut at %d)", q.Limit))
		} else {
			caps = append(caps, fmt.Sprint(c))
		}
	}
	return fmt.Sprintf("%d asked under the caps %s: at most %d tokens a checkpoint", len(q.Questions), strings.Join(caps, ", "), q.Cost())
}

// quoted is a word as a shell takes it.
func quoted(w string) string {
	if w != "" && strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@,+=-") == "" {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// Row is an example as it will be trained on. The data stay open for the next one.
func (b *workshop) Row(ctx context.Context, c tuiapp.TrainChoice, i int) (tuiapp.TrainRow, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened == nil || b.choice != c {
		b.forget()
		rec, err := recipeOfChoice(c)
		if err == nil {
			err = rec.Ready()
		}
		if err != nil {
			return tuiapp.TrainRow{}, err
		}
		in, long, err := b.app.openInspected(ctx, rec)
		if err != nil {
			return tuiapp.TrainRow{}, err
		}
		b.opened, b.choice, b.long = &in, c, long
	}
	in := b.opened
	row := tuiapp.TrainRow{Generated: in.rows == nil}
	lengths := map[string]int{}
	if in.rows != nil {
		report := in.rows.Report()
		row.Counts = []string{report.String()}
		fate := map[string]string{"refuse": "refused: the run will not start", "drop": "dropped", "cut": "cut from the right"}[in.rec.Data.OverLong]
		for _, l := range report.OverLong {
			row.Long = append(row.Long, fmt.Sprintf("%s: %d tokens, the block has %d: %s", l.Name, l.Tokens, in.block, fate))
			lengths[l.Name] = l.Tokens
		}
		all := in.rows.Train()
		row.Of = len(all)
		if len(all) == 0 {
			return row, nil
		}
		i = min(max(i, 0), len(all)-1)
		e := all[i]
		row.Index, row.Name, row.Weights, row.CutFrom = i, e.Name, e.Weights, lengths[e.Name]
		for _, id := range e.IDs {
			row.Pieces = append(row.Pieces, in.tok.Piece(id))
		}
		return row, nil
	}
	e, err := in.source.At(ctx, int64(max(i, 0)))
	if err != nil {
		return row, err
	}
	row.Index, row.Name, row.Weights, row.Counts = max(i, 0), e.Name, e.Weights, []string{"rows are generated as they are needed; none is too long"}
	for _, id := range e.IDs {
		row.Pieces = append(row.Pieces, in.tok.Piece(id))
	}
	return row, nil
}

// Memory is what a choice needs against what is free.
func (b *workshop) Memory(ctx context.Context, c tuiapp.TrainChoice) (m tuiapp.TrainMemory, err error) {
	rec, err := recipeOfChoice(c)
	if err != nil {
		return m, err
	}
	plan, err := train.Memory(ctx, rec, train.Options{Dir: outOf(c), Resolve: b.resolve})
	if err != nil {
		return m, err
	}
	e := estimate.Of(plan)
	for _, x := range []tuiapp.TrainClass{{Name: "weights", Bytes: e.Weights}, {Name: "gradients", Bytes: e.Gradients}, {Name: "moments", Bytes: e.Moments}, {Name: "activations", Bytes: e.Activations}, {Name: "scratch", Bytes: e.Scratch}, {Name: "other", Bytes: e.Other}, {Name: "spare", Bytes: e.Spare}} {
		if x.Bytes > 0 {
			m.Classes = append(m.Classes, x)
		}
	}
	m.Need, m.Free, m.Fits = e.Total(), -1, true
	m.Devices = []string{"the own trainer computes on the CPU: no GPU is used"}
	m.Verdict = "it needs " + estimate.Bytes(m.Need)
	if free, ok := estimate.FreeMemory(); ok {
		m.Free = free
		m.Verdict += " of " + estimate.Bytes(free) + " that are free"
		var large *estimate.TooLargeError
		if err := estimate.Check(plan, free); errors.As(err, &large) {
			m.Fits = false
			if len(large.Remedies) > 0 {
				m.Remedies = []tuiapp.TrainClass{{Name: strings.Join(large.Remedies, " and "), Bytes: large.Then}}
			}
		}
	}
	return m, nil
}

func (b *workshop) resolve(ctx context.Context, name string) (string, error) {
	return modelPath(ctx, name, func(string) {})
}

// Launch starts a choice as a job.
func (b *workshop) Launch(ctx context.Context, c tuiapp.TrainChoice) (tuiapp.TrainRun, error) {
	exe, err := os.Executable()
	if err != nil {
		return tuiapp.TrainRun{}, fmt.Errorf("find this program: %w", err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return tuiapp.TrainRun{}, fmt.Errorf("find the working folder: %w", err)
	}
	argv := append([]string{exe}, argvOf(c)...)
	out := outOf(c)
	if !filepath.IsAbs(out) {
		out = filepath.Join(dir, out)
	}
	j, err := b.store.Start(ctx, jobs.Spec{Kind: jobs.Train, Name: filepath.Base(out), Argv: argv, Resume: append(argv[:len(argv):len(argv)], "--resume"), Dir: dir, Out: out})
	if err != nil {
		return tuiapp.TrainRun{}, err
	}
	return runOf(ctx, j)
}

func runOf(ctx context.Context, j *jobs.Job) (tuiapp.TrainRun, error) {
	s, err := j.State(ctx)
	return tuiapp.TrainRun{
		ID: j.ID, Name: j.Name, State: s.State, Where: j.Out, Started: j.Created.Local().Format("2006-01-02 15:04"),
		Running: !s.Over(), Resumable: s.Resumable(),
	}, err
}

// Runs are the jobs that train.
func (b *workshop) Runs(ctx context.Context) ([]tuiapp.TrainRun, error) {
	list, err := b.store.List()
	var out []tuiapp.TrainRun
	for _, j := range list {
		if j.Kind == jobs.Train {
			r, bad := runOf(ctx, j)
			err = errors.Join(err, bad)
			out = append(out, r)
		}
	}
	return out, err
}

func (b *workshop) Resume(ctx context.Context, run string) error {
	j, err := b.store.Get(run)
	if err != nil {
		return err
	}
	return j.Resume(ctx)
}

// Stop stops a run and saves; asked again while it does, it aborts.
func (b *workshop) Stop(ctx context.Context, run string) error {
	j, err := b.store.Get(run)
	if err != nil {
		return err
	}
	s, err := j.State(ctx)
	if err == nil && s.State == jobs.Stopping {
		return j.Abort(ctx)
	}
	return errors.Join(err, j.Stop(ctx))
}

// Checkpoint saves by stopping, and goes on at once: a resume comes to the same bits.
func (b *workshop) Checkpoint(ctx context.Context, run string) error {
	j, err := b.store.Get(run)
	if err != nil {
		return err
	}
	if err := j.Stop(ctx); err != nil {
		return err
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		switch s, err := j.State(ctx); {
		case err != nil:
			return err
		case s.State == jobs.Stopped:
			return j.Resume(ctx)
		case s.Over():
			return fmt.Errorf("it is %s: %s", s.State, orNothing(s.Cause))
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func orNothing(s string) string {
	if s == "" {
		return "it came to its end"
	}
	return s
}

var _ tuiapp.Trainer = (*workshop)(nil)
