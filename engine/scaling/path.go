package scaling

import (
	"context"
	"errors"
	"hash/fnv"
	"strconv"
	"strings"

	"s1/engine/remote"
	"s1/engine/think"
	"s1/engine/trace"
)

// path is a branch that has ended, from its first token on.
type path struct {
	tokens  []trace.Token
	receipt trace.Receipt
	err     error // of the run; a sweep goes on without it
}

// read waits for the end of a branch. The error is that of the wait, when the sweep itself is over, or of the way to a server:
// what came before it is not an answer.
func read(ctx context.Context, l Thought) (p path, err error) {
	select {
	case <-l.Log().Done():
	case <-ctx.Done():
		return p, ctx.Err()
	}
	events, _ := l.Log().Since(0)
	for i := range events {
		switch e := &events[i]; e.Kind {
		case trace.EventToken:
			p.tokens = append(p.tokens, e.Token)
		case trace.EventEnd:
			p.receipt, p.err = *e.Receipt, e.Err
		case trace.EventState, trace.EventBudget, trace.EventSampling, trace.EventNotice:
		}
	}
	if remote.Transport(p.err) {
		return p, p.err
	}
	if p.err == nil && (p.receipt.Outcome == "stopped" || p.receipt.Outcome == "error") {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		p.err = errors.New("the run was stopped")
	}
	return p, nil
}

// answer is what the model itself wrote as its answer; what the budget put before it is no part of it.
func (p *path) answer() string {
	var b strings.Builder
	for i := range p.tokens {
		if t := &p.tokens[i]; t.Phase == trace.PhaseAnswer && t.Origin != trace.OriginForced {
			b.WriteString(t.Text)
		}
	}
	answer := b.String()
	if p.receipt.Preset == think.PresetReadme { // it never writes a close: the model does, at the beginning of what counts as its answer
		for _, end := range []string{"</think>", "<|im_start|>answer"} {
			if i := strings.LastIndex(answer, end); i >= 0 {
				answer = answer[i+len(end):]
			}
		}
	}
	return strings.TrimSpace(answer)
}

// drawn is how many tokens from index from on the model had to make.
func (p *path) drawn(from int) (n int) {
	for i := from; i < len(p.tokens); i++ {
		if p.tokens[i].Origin == trace.OriginSampled {
			n++
		}
	}
	return n
}

// wished are the tokens before which an end of thinking was drawn and suppressed.
func (p *path) wished() (at []int) {
	for i, t := range p.tokens {
		if t.Wished && t.Phase == trace.PhaseThinking && t.Origin != trace.OriginForced {
			at = append(at, i)
		}
	}
	return at
}

// ids are the tokens from index from on.
func (p *path) ids(from int) []int32 {
	ids := make([]int32, 0, max(len(p.tokens)-from, 0))
	for i := from; i < len(p.tokens); i++ {
		if p.tokens[i].ID < 0 { // a server that tells no ids
			return []int32{}
		}
		ids = append(ids, p.tokens[i].ID)
	}
	return ids
}

// seedOf makes the seed of a sample of an item: another one for each, and the same whatever else is measured.
func seedOf(seed uint64, item string, sample int) uint64 {
	h := fnv.New64a()
	h.Write([]byte(strconv.FormatUint(seed, 10) + "/" + strconv.Itoa(sample) + "/" + item))
	return h.Sum64() >> 11 // exact in any reader of JSON
}
