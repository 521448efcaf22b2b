// Package study repeats the ablation of s1 (Table 2: random, diverse, longest, everything, s1's selection) on rows of the
// calculator tape, and writes what came out: a pool with known faults, five curations of it, one fine-tuning of one base from
// each, and the same held-out problems put to all of them.
//
// It knows the design, the order and the report. It does not know how weights are trained: a Trainer comes in and carries out
// the recipes that this package writes into the folder, so that each can be carried out by hand as well.
//
//	design -> pool.jsonl, problems -> base -> difficulty -> curate/KIND -> rows/KIND.jsonl -> train/KIND -> eval/NAME -> report
//
// Every part leaves its files whole or not at all and is not done again, so that a study that was killed goes on where it was.
package study

import (
	"context"
	"errors"
	"fmt"

	"s1/curate/pool"
	"s1/engine/builtin/tape"
	"s1/train/dataset"
)

// Design is all that decides the content of a study, fixed before anything is measured. It is written into the report.
type Design struct {
	Version   int        `json:"version"`
	Seed      uint64     `json:"seed"`
	Pool      int        `json:"pool"`       // rows
	Leaked    int        `json:"leaked"`     // test questions that some rows of the pool are copies of; none of them is measured on
	Subset    int        `json:"subset"`     // rows of every subset but full
	Problems  int        `json:"problems"`   // held out, to measure on
	StepsMin  int        `json:"steps_min"`  // of those
	MaxValue  int        `json:"max_value"`  // of those
	Sizes     pool.Sizes `json:"sizes"`      // of the pool and of what the base is trained on
	BaseSteps int        `json:"base_steps"` // optimizer steps of the base, if it is trained here
	BaseModel string     `json:"base_model"` // SHA-256 of a base that was given; "" = trained here
	Epochs    int        `json:"epochs"`     // passes over a subset
	BatchRows int        `json:"batch_rows"` // of a step
	Thinking  int        `json:"thinking"`   // most tokens of any thought
	Cap       int        `json:"cap"`        // thinking tokens of the capped arm
	Waits     int        `json:"waits"`      // of the arm with Waits
}

// Scale names how large a study is.
type Scale string

// Scales.
const (
	Full  Scale = "full"  // half an hour on two idle cores, more than a third of it for the base
	Quick Scale = "quick" // some minutes
	Tiny  Scale = "tiny"  // seconds; measures nothing, for tests
)

// NewDesign is the design of a scale. Problems are of the sizes of mini-quick, which is right on a third of them at its natural
// end and on half after a Wait: there is room above the base and below it. With values to 99 it solved 82 % of the pool alone
// and 98 % after a Wait, so that a selection of what is hard found 60 rows of 2,564.
func NewDesign(scale Scale, seed uint64) Design {
	d := Design{
		Version: 1, Seed: seed, Pool: 16_000, Leaked: 200, Subset: 1000, Problems: 1000, StepsMin: 2, MaxValue: 999,
		Sizes:     pool.Sizes{StepsMax: 8, Values: []dataset.TapeValues{{Limit: 99, Share: .45}, {Limit: 999, Share: .55}}},
		BaseSteps: 2600, Epochs: 5, BatchRows: 16, Thinking: 512, Cap: 32, Waits: 2,
	}
	switch scale {
	case Quick:
		d.Pool, d.Subset, d.Problems, d.BaseSteps = 2000, 200, 500, 1200
	case Tiny:
		d.Pool, d.Leaked, d.Subset, d.Problems, d.BaseSteps, d.Epochs, d.Thinking = 160, 10, 16, 12, 4, 1, 48
	}
	return d
}

// problems are the test questions: those that leaked into the pool, and those to measure on. No question is among both.
func (d Design) problems() (leaked, measured []tape.Problem) {
	all := dataset.TestProblems(d.Seed, d.Leaked+d.Problems, d.StepsMin, d.Sizes.StepsMax, d.MaxValue)
	return all[:d.Leaked], all[d.Leaked:]
}

// The subsets, in the order of the paper's table.
const (
	Random  = "random"
	Diverse = "diverse"
	Longest = "longest"
	All     = "full"
	S1      = "s1"
	Base    = "base" // the model before any fine-tuning; no subset
)

// Subsets lists them.
func Subsets() []string { return []string{Random, Diverse, Longest, All, S1} }

// Training is one training to carry out.
type Training struct {
	Name   string
	Recipe string // file
	Dir    string
}

// Trained is what came of it.
type Trained struct {
	Steps   int64   `json:"steps"`
	Rows    int     `json:"rows"`   // 0 = generated
	Tokens  int64   `json:"tokens"` // of all passes; of generated rows a lower limit, as a step is full with its last row
	Seconds float64 `json:"-"`      // of this process
	Model   string  `json:"-"`      // folder
	Resumed bool    `json:"-"`      // it went on from an earlier process
}

// Trainer carries out a recipe, going on from whatever its folder holds. Once the study's Stop is requested it saves and returns
// ErrStopped; the end of the context is for those who cannot wait for that.
type Trainer interface {
	Train(ctx context.Context, t Training) (Trained, error)
}

// Stopper says that the study should end. Done is closed once Requested is true.
type Stopper interface {
	Requested() bool
	Done() <-chan struct{}
}

// ErrStopped is how a study ends that was asked to stop. It goes on from there.
var ErrStopped = errors.New("the study was stopped")

// Options are what a study needs beside its design.
type Options struct {
	Dir      string
	Base     string // model folder to begin from; "" = one is trained here
	BaseName string // as the user wrote it
	Trainer  Trainer
	Stop     Stopper // nil = only the context ends it
	Threads  int
	Command  string // that leads to this study, without folders
	Version  string // of the program
	Say      func(format string, a ...any)
	Part     func(done, total int, name string) // told when a part is done
}

func (d Design) check() error {
	if d.Subset < 1 || d.Pool < d.Subset || d.Problems < 1 {
		return fmt.Errorf("study: a pool of %d rows, subsets of %d and %d problems: the pool must hold a subset, and neither may be empty", d.Pool, d.Subset, d.Problems)
	}
	return nil
}
