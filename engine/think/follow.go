package think

import (
	"fmt"
	"slices"

	"s1/engine/trace"
)

// Follower goes along a stored path and says how each of its tokens was drawn, so that the draw can be made again: which ids
// were masked there, and how many draws had been refused.
type Follower struct {
	m      *Machine
	tokens []trace.Token
	next   int
	waits  []int
}

// NewFollower starts right after the prompt. waits are the indices at which a branch began with a Wait at the close of its
// parent's thought: the tokens alone do not say that.
func NewFollower(f Format, b trace.Budget, o Options, tokens []trace.Token, waits []int) (*Follower, error) {
	m, err := build(f, b, o)
	if err != nil {
		return nil, err
	}
	m.replaying = true
	m.beginLike(tokens)
	m.settle()
	return &Follower{m: m, tokens: tokens, waits: waits}, nil
}

// Machine is the state of the branch so far. It takes no decisions here.
func (f *Follower) Machine() *Machine { return f.m }

// Next is the token that comes next and, for one that was drawn, how. false at the end of the path.
func (f *Follower) Next() (t trace.Token, how Action, ok bool) {
	m := f.m
	if f.next >= len(f.tokens) || m.stage == ended {
		return t, how, false
	}
	t = f.tokens[f.next]
	if slices.Contains(f.waits, f.next) {
		m.keep = true
	}
	how = Action{Kind: Feed, ID: t.ID, Origin: t.Origin, Phase: t.Phase, Counted: t.Counted, Wished: t.Wished}
	if t.Origin != trace.OriginSampled {
		return t, how, true
	}
	how.Kind = Sample
	if t.Wished { // one draw was refused here: an end, or a tag in the answer
		how.Draw = 1
	}
	keep, masked := m.keep, m.masked
	if m.stage == thinking && t.Phase == trace.PhaseThinking {
		m.keep = keep || t.Wished
		how.Mask = m.endMask()
	} else if m.stage == answering {
		m.masked = masked || t.Wished && m.rounds == nil
		how.Mask = m.tagMask()
	}
	m.keep, m.masked = keep, masked
	return t, how, true
}

// Took passes on to the next token.
func (f *Follower) Took() error {
	m, t := f.m, f.tokens[f.next]
	if t.Origin != trace.OriginForced && m.whole() {
		m.closeAsked = ""
	}
	if err := m.observe(f.tokens[f.next:]); err != nil {
		return fmt.Errorf("follow token %d (id %d): %w", f.next, t.ID, err)
	}
	m.settle()
	f.next++
	return nil
}

// Ahead is the ids that follow without a draw, at most n.
func (f *Follower) Ahead(n int) []int32 {
	var ids []int32
	for _, t := range f.tokens[f.next:] {
		if len(ids) == n || t.Origin == trace.OriginSampled {
			break
		}
		ids = append(ids, t.ID)
	}
	return ids
}
