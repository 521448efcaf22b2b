// Package tuitest drives the screen without an engine: a scripted Thinker that obeys every command, a driver that
// presses keys and reads the frame, golden frames, and a tmux driver for real programs. It knows the ports of tui/app;
// it does not know how a real model thinks.
package tuitest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"s1/engine/trace"
	"s1/tui/app"
)

// Script is what a scripted model says.
type Script struct {
	Reading  int        // tokens of the prompt, read in one step
	Open     []string   // fed before the thought
	Thoughts [][]string // the thought, then what follows the first Wait, the second, ...; the last one repeats
	Close    []string   // the end of thinking
	Answers  [][]string // by how many Waits were done; the last one repeats
	Endless  func(i int) string
	LoopAt   int // the loop guard speaks at this thinking token, 0 = never
}

// Words splits a text into tokens: words with the space before them, digits and newlines alone.
func Words(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if i > start && (r == ' ' || r == '\n' || s[i-1] == '\n') {
			out = append(out, s[start:i])
			start = i
		}
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// Tape is the script of the sketches: a small sum, wrong at first, right after a Wait.
func Tape() Script {
	return Script{
		Reading: 14,
		Open:    []string{"<think>\n"},
		Thoughts: [][]string{
			Words("start 37\n*5=185\n+61=246\n-88=168\n/2=84\n"),
			Words("37*5=185? 5c3 8c1 =185 ok\n185+61=246? 6 4c1 2 =246 ok\n246-88=168? 8b 5b 1 =158 no\n/2=79\n"),
			Words("158/2=79? 79*2=158 ok\n79\n"),
		},
		Close:   []string{"</think>", "\n\n"},
		Answers: [][]string{Words("The result is 84."), Words("The result is 79.")},
	}
}

// Fake is a Thinker that follows a script.
type Fake struct {
	Script Script
	About  trace.ModelInfo
	Rate   int    // tokens per second; 0 = only when Advance is called
	Refuse error  // what Ask and Branch answer, if not nil
	Replay bool   // a branch's log begins with what it inherited
	Expect string // the right answer to every question, "" = unknown
	Top    int    // candidates of every token, the one that was taken first

	mu    sync.Mutex
	lives []*Live
}

// NewFake returns a scripted model that moves only by Advance.
func NewFake(s Script) *Fake {
	return &Fake{Script: s, About: trace.ModelInfo{
		Name: "mini", Backend: "cpu avx2", Parameters: 12_000_000, LimitTPS: 430, Default: trace.Sampling{},
	}}
}

func (f *Fake) defaultBudget() trace.Budget {
	return trace.Budget{Cap: 160, WaitText: "Wait", AnswerCap: 64}
}

// Info describes the scripted model.
func (f *Fake) Info() trace.ModelInfo { return f.About }

// Ask starts a run.
func (f *Fake) Ask(ctx context.Context, a trace.Ask) (app.Live, error) {
	if f.Refuse != nil {
		return nil, f.Refuse
	}
	l := f.add(trace.Branch{ID: "0", Cause: trace.CauseStart, Budget: a.Budget, Sampling: a.Sampling})
	l.run, l.pace = trace.Run{Prompt: a.Prompt, Expected: f.Expect}, a.Pace
	l.start(ctx)
	return l, nil
}

// Branch goes on from a token of another branch.
func (f *Fake) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (app.Live, error) {
	if f.Refuse != nil {
		return nil, f.Refuse
	}
	f.mu.Lock()
	i := slices.IndexFunc(f.lives, func(l *Live) bool { return l.branch.ID == from })
	f.mu.Unlock()
	if i < 0 {
		return nil, fmt.Errorf("no branch %q", from)
	}
	parent := f.lives[i]
	parent.mu.Lock()
	tokens, closed := slices.Clone(parent.tokens), parent.closedAt
	parent.mu.Unlock()
	if at < 0 || at > len(tokens) {
		return nil, fmt.Errorf("branch at token %d of %d", at, len(tokens))
	}
	cause := trace.CauseSample
	if len(first) > 0 {
		cause = map[trace.CommandKind]trace.Cause{
			trace.CommandWait: trace.CauseWait, trace.CommandAnswerNow: trace.CauseAnswer, trace.CommandInject: trace.CauseInject,
			trace.CommandEdit: trace.CauseEdit, trace.CommandTake: trace.CauseEdit,
		}[first[0].Kind]
	} else if at > 0 {
		cause = trace.CauseCap
		if b.Cap == parent.branch.Budget.Cap {
			cause = trace.CauseFork
		}
	}
	l := f.add(trace.Branch{Parent: from, At: at, Cause: cause, Budget: b, Sampling: s})
	l.run = parent.run
	l.inherit(tokens[:at], closed == at && at > 0)
	l.cmds, l.first = append(l.cmds, first...), first
	l.start(ctx)
	return l, nil
}

func (f *Fake) add(b trace.Branch) *Live {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b.ID == "" {
		b.ID = trace.BranchID(fmt.Sprint(len(f.lives)))
	}
	if b.Cause == trace.CauseStart {
		f.lives = nil
	}
	l := &Live{fake: f, branch: b, budget: b.Budget, log: trace.NewLog(), wake: make(chan struct{}, 1), closedAt: -1}
	f.lives = append(f.lives, l)
	return l
}

// Last returns the newest branch.
func (f *Fake) Last() *Live {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.lives) == 0 {
		return nil
	}
	return f.lives[len(f.lives)-1]
}

// Advance lets the newest branch take its commands and say up to n tokens.
func (f *Fake) Advance(n int) {
	if l := f.Last(); l != nil {
		l.Advance(n)
	}
}

// Fail ends the newest branch with an error.
func (f *Fake) Fail(err error) {
	l := f.Last()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = trace.StateEnded
	l.log.Append(trace.Event{Kind: trace.EventEnd, Err: err})
}

// trimRows makes frames comparable: no trailing spaces.
func trimRows(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
