// Package train teaches: it takes a recipe, a model or the sizes of a new one, and rows or a generator, and makes weights. It
// runs here, in this program, on whatever kernels.Trainer there is.
//
// It knows the order of a run: examples, micro-batches, steps, checkpoints, probes. What a gradient is stands in train/net and
// kernels, what a row is in train/dataset, what a file is in train/checkpoint and train/export.
//
//	recipe -> model (net.Build, first weights) + data (Source) -> for each step: Take, Pack, Run each micro-batch, Update
//	       -> metrics.jsonl, checkpoints/ -> model/ (a folder that s1 run opens)
//
// A run is a function of its recipe, its data and its seed: stopped anywhere and gone on from its checkpoint, with any number of
// threads, it comes to the same bits.
package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"s1/kernels"
	"s1/kernels/cpu"
	"s1/train/dataset"
	"s1/train/estimate"
	"s1/train/metrics"
	"s1/train/recipe"
)

// Options are what a run is given beside its recipe.
type Options struct {
	Dir       string // everything the run writes
	Resume    bool   // go on from the newest checkpoint in Dir
	AllowCode bool   // also from one that another version of this program made
	Code      string // this program's version, kept in checkpoints
	Resolve   Resolve
	Stop      Stopper
	Free      func() (bytes int64, ok bool) // memory the run may take; nil = what the system says
	Begin     func(step, total int64)       // told once, before the first step: so many are done of so many; may be nil
	Step      func(metrics.Step)            // told of each step, after it is written; may be nil
	Say       func(format string, a ...any) // messages for people; may be nil
	Now       func() time.Time              // the clock of the time to the end, which may stand still while a run is suspended; nil = time.Now
}

// Stopper says that the run should end after the micro-batch at hand, saved. One that also has Done, a channel that is closed
// with the request, cuts short what is not training and can be done again: drafts and probes.
type Stopper interface{ Requested() bool }

// Result is how a run ended.
type Result struct {
	Steps   int64  // done
	Total   int64  // there are
	Stopped bool   // before the end, on request; resumable
	Model   string // the folder of the result, when it came to its end
}

// The folders and files of a run.
const (
	checkpointsDir = "checkpoints"
	modelDir       = "model"
	adapterDir     = "adapter"
	draftsFile     = "drafts.jsonl"
)

// Run trains.
func Run(ctx context.Context, rec recipe.Recipe, o Options) (Result, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	r := &run{rec: rec, o: o}
	defer r.close()
	if err := r.open(ctx); err != nil {
		return Result{}, err
	}
	if err := r.resume(); err != nil {
		return Result{}, err
	}
	if err := r.pinnable(); err != nil {
		return Result{}, err
	}
	if err := r.record(); err != nil {
		return Result{}, err
	}
	if r.o.Begin != nil {
		r.o.Begin(r.at.step, r.total)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r.pace = metrics.NewPace(o.Now)
	err := r.steps(ctx)
	if err == nil && r.at.nans > 0 {
		err = r.diverged()
	}
	switch {
	case errors.Is(err, errStopped):
		return Result{Steps: r.at.step, Total: r.total, Stopped: true}, nil
	case err != nil:
		return Result{Steps: r.at.step, Total: r.total}, err
	}
	if err := r.finish(ctx); err != nil {
		return Result{Steps: r.at.step, Total: r.total}, err
	}
	return Result{Steps: r.at.step, Total: r.total, Model: filepath.Join(o.Dir, modelDir)}, nil
}

// errStopped ends the steps of a run that was asked to stop and has been saved.
var errStopped = errors.New("stopped")

// guardWindow is how many steps a spike is measured against.
const guardWindow = 128

// run is a training run.
type run struct {
	rec    recipe.Recipe
	o      Options
	model  *model
	data   *data
	p      *kernels.TrainProgram
	t      kernels.Trainer
	total  int64 // steps
	at     position
	out    *metrics.Writer
	saved  bool // the position at hand is on the disk
	pace   *metrics.Pace
	pins   []recipe.Question // asked at each checkpoint
	made   *made             // what a run that is only exported was; nil of one that trains
	chosen string            // a sentence for the card, where the result is not the last step's
	peak   float64           // flops per second of a plain matrix product here; 0 where it is not known

	unlock func()
}

// position is where a run is: all that a resume needs besides the arrays.
type position struct {
	step   int64 // done
	micro  int   // micro-batches done of the next step
	cursor int64 // first example of the next step
	sums   sums  // of those micro-batches
	tokens int64 // with a loss, of all steps done
	guard  *metrics.Guard
	best   best
	nans   int // steps in a row that were no numbers
	drafts ownDrafts
}

// best is the least held-out loss so far.
type best struct {
	Loss  float64 `json:"loss"`
	Step  int64   `json:"step"`
	Worse int     `json:"worse"` // evaluations since
	Any   bool    `json:"any"`
}

func (r *run) open(ctx context.Context) (err error) {
	if err := r.rec.Ready(); err != nil {
		return err
	}
	if err := os.MkdirAll(r.o.Dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the run: %w", onDisk(err, r.o.Dir))
	}
	if r.model, err = openModel(ctx, r.rec, r.o.Resolve); err != nil {
		return err
	}
	if r.rec, err = within(r.rec, r.model, r.o.Say); err != nil {
		return err
	}
	if r.data, err = openData(ctx, r.rec, r.model, r.o.Say); err != nil {
		return err
	}
	if r.p, err = r.model.program(r.rec); err != nil {
		return err
	}
	if r.at.guard, err = metrics.NewGuard(metrics.Limits{Window: guardWindow, Loss: r.rec.Optimizer.SpikeZ, Norm: r.rec.Optimizer.SpikeZ}); err != nil {
		return err
	}
	if r.total, err = r.count(ctx); err != nil {
		return err
	}
	if err := r.fits(); err != nil {
		return err
	}
	if r.rec.Train.Precision == recipe.BF16 && !r.bf16() {
		r.o.Say("bf16 is asked for, and this CPU does not multiply it: training in fp32")
	}
	o := cpu.TrainOptions{Threads: r.rec.Train.Threads, BF16: r.bf16()}
	r.peak = cpu.TrainPeak(o)
	t, err := cpu.NewTrainer(r.p, o)
	if err != nil {
		return err
	}
	r.t = t
	return r.model.write(r.p, r.t, r.rec)
}

// bf16 says whether products are done in bf16 on this machine.
func (r *run) bf16() bool {
	return r.rec.Train.Precision == recipe.EmulatedBF16 || r.rec.Train.Precision == recipe.BF16 && cpu.HasBF16()
}

func precision(bf16 bool) string {
	if bf16 {
		return recipe.BF16
	}
	return recipe.FP32
}

// fits refuses a run that the memory here does not hold, before anything is taken.
func (r *run) fits() error {
	ask := r.o.Free
	if ask == nil {
		ask = estimate.FreeMemory
	}
	free, known := ask()
	if !known {
		return nil
	}
	return estimate.Check(r.plan(), free)
}

// count is the number of optimizer steps.
func (r *run) count(ctx context.Context) (int64, error) {
	if r.rec.Train.Steps > 0 {
		return r.rec.Train.Steps, nil
	}
	return r.batch().Steps(ctx, r.data.source, r.rec.Train.Epochs)
}

func (r *run) batch() dataset.Batch {
	return dataset.Batch{Rows: r.rec.Train.BatchRows, Tokens: r.rec.Train.BatchTokens}
}

func (r *run) close() {
	if r.t != nil {
		_ = r.t.Close()
	}
	if r.model != nil {
		r.model.close()
	}
	if r.out != nil {
		_ = r.out.Close() // its error was told when a step was written
	}
	if r.unlock != nil {
		r.unlock()
	}
}
