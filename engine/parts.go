package engine

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"s1/engine/backend"
	"s1/engine/schedule"
	"s1/engine/think"
	"s1/engine/trace"
)

// Parts are what a Model is made of. Open gathers them from a file; a test brings a scripted backend.
type Parts struct {
	Backend    backend.Model
	Vocabulary think.Vocabulary
	// Render makes the ids and the text of a prompt. thinking is for templates that know the word; nil = their default.
	Render func(system, prompt string, thinking *bool) (ids []int32, text string, err error)
	// Question brings a user's words into the form the model was made for, and gives the right answer where it is known.
	// What the model was not made for is a *trace.Unsuitable. nil = any text is a question, and no answer is known.
	Question   func(prompt string) (canonical, expected string, err error)
	Same       trace.Same // whether an answer is the right one; nil = to the character
	NewDecoder func() schedule.Decoder
	Vocab      int // width of a row of logits
	Known      int // ids that have a token; 0 = Vocab
	Context    int // positions of one branch
	Pages      int // key/value pages
	Info       trace.ModelInfo
	Clock      schedule.Clock // nil = the wall clock
	Close      func() error   // frees what Open opened, after the backend; nil = nothing
}

// Model is a model that can be asked. Its methods may be called from any goroutine.
type Model struct {
	parts Parts
	sched *schedule.Scheduler

	mu       sync.Mutex
	runs     map[string]*run
	branches map[trace.BranchID]*Live

	sides      map[trace.BranchID]*Live          // experiments, which nobody sees
	sideNumber int                               // of the last one
	opened     map[trace.BranchID]trace.BranchID // an experiment's id -> the visible one it got
}

// run is a tree of branches with the number of the next one.
type run struct {
	trace.Run
	next     int
	expected atomic.Pointer[string] // what the user says the right answer is; nil = what the run began with
}

// Assemble makes a model of its parts and starts its scheduler. Close ends it.
func Assemble(p Parts) (*Model, error) {
	s, err := schedule.New(schedule.Options{
		Model: p.Backend, Vocab: p.Vocab, Known: p.Known, Context: p.Context, Pages: p.Pages,
		Piece: p.Vocabulary.Piece, NewDecoder: p.NewDecoder, Clock: p.Clock,
	})
	if err != nil {
		return nil, err
	}
	m := &Model{
		parts: p, sched: s, runs: map[string]*run{}, branches: map[trace.BranchID]*Live{},
		sides: map[trace.BranchID]*Live{}, opened: map[trace.BranchID]trace.BranchID{},
	}
	m.parts.Info.Context = p.Context
	m.parts.Info.ThinkFormat = m.usualFormat()
	return m, nil
}

// usualFormat is the think format that "auto" finds for an ordinary question.
func (m *Model) usualFormat() string {
	ids, _, err := m.parts.Render("", "?", nil)
	if err != nil {
		return think.None
	}
	f, err := think.ResolveFormat("auto", m.parts.Vocabulary, ids)
	if err != nil {
		return think.None
	}
	return f.Name
}

// Same says whether an answer is the right one.
func (m *Model) Same() trace.Same { return m.parts.Same }

// Info describes the model.
func (m *Model) Info() trace.ModelInfo { return m.parts.Info }

// Close ends every branch and frees the model.
func (m *Model) Close() error {
	m.sched.Close()
	errs := []error{m.parts.Backend.Close()}
	if m.parts.Close != nil {
		errs = append(errs, m.parts.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close model %s: %w", m.parts.Info.Name, err)
	}
	return nil
}
