package schedule

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"s1/engine/sample"
	"s1/engine/think"
	"s1/engine/trace"
)

// Spec is a branch to run.
type Spec struct {
	Branch  trace.Branch // Budget and Sampling decide; ID names it in errors
	Prompt  []int32
	Tokens  []trace.Token // inherited, from index 0
	Format  think.Format
	Think   think.Options   // Context is filled here
	First   []trace.Command // before its first own token
	Pace    int             // tokens per second, 0 = as fast as it goes
	Receipt trace.Receipt   // what the engine knows of the model; the rest is filled at the end
	Side    bool            // an experiment: it makes way for every branch that is none, and gives its pages back at its end
	Follow  *Follow         // a stored path to carry out again; Tokens and First are then empty
}

// Live is a branch that runs, or has run.
type Live struct {
	branch trace.Branch
	log    *trace.Log
	s      *Scheduler // nil when it will never run
	b      *branch
}

// Ended is a branch that ran in another session, with its finished log.
func Ended(b trace.Branch, log *trace.Log) *Live { return &Live{branch: b, log: log} }

// Branch says what was asked for.
func (l *Live) Branch() trace.Branch { return l.branch }

// Log is what happened. It begins with the inherited tokens (Index < Branch().At), so that it is the whole branch.
func (l *Live) Log() *trace.Log { return l.log }

// Send hands over a command, which takes effect before the next token. It never waits; after the end it does nothing.
func (l *Live) Send(c trace.Command) {
	if l.s != nil {
		l.s.post(func() { l.b.command(c) })
	}
}

// Start begins a branch and returns at once. Whatever is wrong with what was asked is told here. When ctx ends, the
// branch is stopped as by CommandStop and keeps what it has.
func (s *Scheduler) Start(ctx context.Context, spec Spec) (*Live, error) {
	b, err := s.newBranch(spec)
	if err != nil {
		return nil, err
	}
	l := &Live{branch: spec.Branch, log: b.log, s: s, b: b}
	ok := s.post(func() {
		s.branches = append(s.branches, b)
		b.forget = context.AfterFunc(ctx, func() { l.Send(trace.Command{Kind: trace.CommandStop}) })
		b.stopIfEnded()
	})
	if !ok {
		return nil, ErrClosed
	}
	return l, nil
}

// newBranch makes everything of a branch that needs no model. It runs in the caller's goroutine.
func (s *Scheduler) newBranch(spec Spec) (*branch, error) {
	n := len(spec.Prompt)
	if n == 0 {
		return nil, fmt.Errorf("the prompt has no tokens")
	}
	if n >= s.o.Context {
		return nil, fmt.Errorf("the prompt has %d tokens and the context %d: at least one position must be left to think in", n, s.o.Context)
	}
	for _, ids := range [][]int32{spec.Prompt, idsOf(spec.Tokens)} {
		for _, id := range ids {
			if id < 0 || int(id) >= s.o.Vocab {
				return nil, fmt.Errorf("token id %d is outside the model's vocabulary of %d", id, s.o.Vocab)
			}
		}
	}
	b := &branch{
		s: s, log: trace.NewLog(), base: spec.Receipt, prompt: n, seq: s.pool.NewSeq(), decoder: s.o.NewDecoder(),
		end: spec.Format.EndID(), tokens: len(spec.Tokens), began: s.o.Clock.Now(), state: trace.StateQueued, side: spec.Side,
	}
	b.ids = append(append(make([]int32, 0, n+len(spec.Tokens)+64), spec.Prompt...), idsOf(spec.Tokens)...)
	b.base.PromptTokens, b.base.Seed = n, spec.Branch.Sampling.Seed
	b.setPace(spec.Pace)
	var err error
	if b.sampler, err = sample.New(spec.Branch.Sampling, s.o.Vocab); err != nil {
		return nil, err
	}
	spec.Think.Context = s.o.Context - n
	if spec.Follow != nil {
		err = b.followAlong(spec)
	} else if len(spec.Tokens) == 0 {
		b.machine, err = think.New(spec.Format, spec.Branch.Budget, spec.Think)
	} else {
		b.machine, err = think.Replay(spec.Format, spec.Branch.Budget, spec.Think, spec.Tokens)
	}
	if err != nil {
		return nil, err
	}
	for _, t := range spec.Tokens {
		if t.Origin == trace.OriginSampled {
			b.sampler.Accept(t.ID)
		}
	}
	b.decoder.Push(lastBytes(spec.Tokens)) // the text is in the tokens; this is for a character they may have begun
	b.log.Inherit(spec.Tokens)
	b.log.Append(trace.Event{Kind: trace.EventState, State: trace.StateQueued})
	b.budget = b.machine.Budget()
	first := b.budget
	b.log.Append(trace.Event{Kind: trace.EventBudget, Budget: &first})
	for _, c := range spec.First {
		if err := b.apply(c); err != nil {
			return nil, err
		}
	}
	b.notices()
	b.look()
	return b, nil
}

// lastBytes is what a path ends with, as much as a character can have.
func lastBytes(tokens []trace.Token) []byte {
	var last []byte
	for i := len(tokens) - 1; i >= 0 && len(last) < utf8.UTFMax; i-- {
		last = slices.Concat(tokens[i].Bytes, last)
	}
	return last
}

func idsOf(tokens []trace.Token) []int32 {
	ids := make([]int32, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	return ids
}
