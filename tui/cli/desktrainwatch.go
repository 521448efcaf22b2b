package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"s1/engine/builtin"
	"s1/engine/trace"
	"s1/kernels"
	"s1/sessions/jobs"
	"s1/train"
	"s1/train/checkpoint"
	"s1/train/launch"
	"s1/train/metrics"
	"s1/train/recipe"
	tuiapp "s1/tui/app"
)

// How a run is followed.
const (
	lookEvery = 300 * time.Millisecond
	stepsOnce = 4096    // steps of one report
	logBytes  = 4 << 10 // of the end of the log
)

// Follow reports a run until it has ended. Nothing is looked at after that.
func (b *workshop) Follow(ctx context.Context, run string, report func(tuiapp.TrainNews)) error {
	return b.tail(ctx, run, true, report)
}

// History is Follow of what is there now.
func (b *workshop) History(ctx context.Context, run string, report func(tuiapp.TrainNews)) error {
	return b.tail(ctx, run, false, report)
}

func (b *workshop) tail(ctx context.Context, run string, on bool, report func(tuiapp.TrainNews)) error {
	j, err := b.store.Get(run)
	if err != nil {
		return err
	}
	tail := metrics.NewTail(filepath.Join(j.Out, metrics.FileName))
	about := b.about(run)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		s, err := j.State(ctx) // before the steps: what is over has no more of them afterwards
		if err != nil {
			return err
		}
		for {
			steps, again, more, err := tail.Read(stepsOnce)
			if err != nil {
				return err
			}
			n := tuiapp.TrainNews{Again: again, Broken: tail.Broken, Pinned: about.pinned, Elsewhere: about.elsewhere, Total: int(s.Progress.Total)}
			n.Run, _ = runOf(ctx, j)
			n.Run.State, n.Run.Running, n.Run.Resumable = s.State, !s.Over(), s.Resumable()
			n.Run.NoSave, n.Run.SavesOn, n.Run.Requeues, n.Cause = about.noSave, about.savesOn, about.requeues, s.Cause
			for _, x := range steps {
				n.Steps = append(n.Steps, stepOf(x))
			}
			n.Machine = append(n.Machine, about.where...)
			b.place(j, &n)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			report(n)
			if !more {
				break
			}
		}
		if s.Over() || !on {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// runAbout is what a run's recipe says of it, as long as it can be read.
type runAbout struct {
	pinned    string
	where     []tuiapp.TrainFact
	elsewhere bool   // its machines are others
	noSave    string // why it cannot be saved while it runs
	savesOn   bool   // it saves without ending
	requeues  bool   // it runs in a queue, which takes it back
}

func (b *workshop) about(run string) (a runAbout) {
	_, rec, err := b.of(run)
	if err != nil {
		return a
	}
	if len(rec.Pinned.Questions) > 0 {
		a.pinned = pinnedWords(rec)
	}
	a.noSave, a.savesOn = noSave(rec), rec.Launch.Trainer() == recipe.TRL
	switch rec.Launch.Backend {
	case recipe.Own:
		a.where = []tuiapp.TrainFact{{Name: "trains", Value: "on the CPU"}}
	case recipe.TRL:
		a.where = []tuiapp.TrainFact{{Name: "trains", Value: "with TRL"}}
		a.elsewhere = rec.Launch.Nodes > 1
	case recipe.SLURM:
		a.elsewhere, a.requeues = true, rec.Launch.Slurm.Requeue
		a.where = []tuiapp.TrainFact{{Name: "trains", Value: "in a queue: the figures of its machines are not known here"}}
	}
	return a
}

// place says where a run stands on the disk, and what it said last.
func (b *workshop) place(j *jobs.Job, n *tuiapp.TrainNews) {
	for name, at := range map[string]*int{checkpoint.StepName: &n.Saved, checkpoint.BestName: &n.Best} {
		if dir, ok, err := checkpoint.LatestNamed(filepath.Join(j.Out, "checkpoints"), name); err == nil && ok {
			_, _ = fmt.Sscanf(filepath.Base(dir), name+"-%d", at)
		}
	}
	if n.Saved == 0 {
		if step, ok, err := savedIn(j.Out); err == nil && ok {
			n.Saved = step
		}
	}
	if text, _, err := j.Printed(-1, logBytes); err == nil {
		n.Log = append(n.Log, strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' })...)
		n.Log = n.Log[max(0, len(n.Log)-8):]
	}
	for i := len(n.Steps) - 1; i >= 0; i-- {
		if v, ok := n.Steps[i].Values["peak memory"]; ok {
			n.Machine = append(n.Machine, tuiapp.TrainFact{Name: "its memory", Value: fmt.Sprintf("%.2f GB at most", v)})
			break
		}
	}
}

// stepOf is a step for the screen: what was not measured is not in it.
func stepOf(s metrics.Step) tuiapp.TrainStep {
	t := tuiapp.TrainStep{Step: s.Step, Epoch: s.Epoch, Values: map[string]float64{"learning rate": s.LR, "tokens/s": s.TokensPerSecond}, ETA: math.NaN(), Skipped: s.Skipped}
	for name, v := range map[string]*float64{"loss": s.Loss, "held-out loss": s.HeldOut, "gradient norm": s.GradNorm, "share of peak speed": s.GEMMShare, "entropy": s.Entropy, "token accuracy": s.TokenAccuracy} {
		if v != nil {
			t.Values[name] = *v
		}
	}
	t.Took = s.AnswersSeconds
	for _, a := range s.Answers {
		t.Answers = append(t.Answers, tuiapp.TrainAnswer{N: a.N, Question: a.Question, Cap: a.Cap, Tokens: a.Tokens, Closed: a.Closed, Answer: a.Answer, Verdict: a.Verdict(), Failed: a.Failed})
	}
	if s.PeakMemoryBytes > 0 {
		t.Values["peak memory"] = float64(s.PeakMemoryBytes) / 1e9
	}
	if p := s.Probe; p != nil {
		t.Values["right at the low cap"], t.Values["right at the high cap"], t.Values["right after a Wait"] = p.CapA, p.CapB, p.Wait
	}
	if s.ETASeconds != nil {
		t.ETA = *s.ETASeconds
	}
	if raw, err := json.Marshal(s); err == nil {
		t.Raw = string(raw)
	}
	return t
}

// of is a run's job and recipe.
func (b *workshop) of(run string) (*jobs.Job, recipe.Recipe, error) {
	j, err := b.store.Get(run)
	if err != nil {
		return nil, recipe.Recipe{}, err
	}
	rec, err := recipeOfJob(j)
	return j, rec, err
}

// exported makes a model of a run's best checkpoint, or of its newest, in a folder of the run, and says of which.
func (b *workshop) exported(ctx context.Context, run string, best bool) (dir, what string, rec recipe.Recipe, err error) {
	j, rec, err := b.of(run)
	if err != nil {
		return "", "", rec, err
	}
	if rec.Launch.Trainer() == recipe.TRL { // its checkpoints are Hugging Face folders; it keeps no best one
		dir, what, err = launch.Model(ctx, j.Out, filepath.Join(j.Out, "newest"))
		return dir, what, rec, err
	}
	what, dir = "the newest checkpoint", filepath.Join(j.Out, "newest")
	if best {
		if _, best, err = checkpoint.LatestNamed(filepath.Join(j.Out, "checkpoints"), checkpoint.BestName); err != nil {
			return "", "", rec, err
		}
		what += " (none was kept as the best: the recipe says so with eval.keep_best)"
	}
	if best {
		what, dir = "the best checkpoint", filepath.Join(j.Out, "best")
	}
	return dir, what, rec, train.Export(ctx, rec, train.Options{Dir: j.Out, Code: version, Resolve: b.resolve},
		train.ExportOptions{As: train.AsFolder, Out: dir, Type: kernels.F32, Best: best, Replace: true})
}

// Best makes a model of the best checkpoint.
func (b *workshop) Best(ctx context.Context, run string) (string, error) {
	dir, what, _, err := b.exported(ctx, run, true)
	return "s1 run -m " + dir + " opens " + what, err // the command first: the line may be cut
}

// Pair asks the base of a run and its newest weights the same. Both answers are kept as sessions of their own.
func (b *workshop) Pair(ctx context.Context, run string, a trace.Ask) (base, tuned tuiapp.Live, err error) {
	dir, _, rec, err := b.exported(ctx, run, false)
	if err != nil {
		return nil, nil, err
	}
	name := rec.Model.Base
	if rec.Model.Scratch() {
		if rec.Data.Kind != recipe.Tape {
			return nil, nil, fmt.Errorf("%s trains a model from nothing: it has no base to compare with", rec.Source)
		}
		name = builtin.Name // trained on the same task
	}
	if base, err = b.desk.guest(ctx, name, a); err != nil {
		return nil, nil, fmt.Errorf("the base: %w", err)
	}
	if tuned, err = b.desk.guest(ctx, dir, a); err != nil {
		base.Send(trace.Command{Kind: trace.CommandStop})
		return nil, nil, fmt.Errorf("the newest weights: %w", err)
	}
	return base, tuned, nil
}
