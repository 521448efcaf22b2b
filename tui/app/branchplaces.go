package app

import (
	"sort"

	"s1/engine/trace"
	"s1/tui/text"
)

// offset returns how long the text of a phase is before token at.
func (b *branch) offset(at int, phase trace.Phase) int {
	for _, k := range b.tokens[at:] {
		if k.phase == phase {
			return int(k.at)
		}
	}
	return b.doc(phase).Len()
}

func (b *branch) doc(phase trace.Phase) *text.Doc {
	if phase == trace.PhaseAnswer {
		return b.answer
	}
	return b.thought
}

// closeAt returns the index of the first token of the close of thinking, where a Wait after the end has to branch:
// back from the answer (or from the end of a thought that was stopped) over what does not count as thought.
func (b *branch) closeAt() (int, bool) {
	if b.spent == 0 {
		return 0, false
	}
	i := len(b.tokens)
	for j, k := range b.tokens {
		if k.phase == trace.PhaseAnswer {
			i = j
			break
		}
	}
	for i > 0 && !b.tokens[i-1].counted && b.tokens[i-1].origin != trace.OriginInjected {
		i--
	}
	return i, true
}

// within says whether token i is of the thought itself: drawn or put into it, not one of the words that open and close it.
func (b *branch) within(i int) bool {
	k := b.tokens[i]
	return k.phase == trace.PhaseThinking && (k.counted || k.origin == trace.OriginInjected)
}

// countedAt returns the index right after the nth thinking token.
func (b *branch) countedAt(n int) int {
	for i, k := range b.tokens {
		if !k.counted {
			continue
		}
		if n == 0 {
			return i
		}
		n--
	}
	i, _ := b.closeAt()
	return i
}

// below returns how many thinking tokens start at or after a byte of the thought.
func (b *branch) below(at int) int {
	end := len(b.tokens)
	for end > 0 && b.tokens[end-1].phase == trace.PhaseAnswer {
		end--
	}
	return end - sort.Search(end, func(i int) bool { return int(b.tokens[i].at) >= at })
}

// parts returns the first token at which two branches differ. One that still runs may yet follow the longer one: until
// then they do not differ.
func parts(a, b *branch) (int, bool) {
	n := min(len(a.tokens), len(b.tokens))
	for i := range n {
		if a.tokens[i].id != b.tokens[i].id {
			return i, true
		}
	}
	shorter := a
	if len(b.tokens) < len(a.tokens) {
		shorter = b
	}
	return n, len(a.tokens) != len(b.tokens) && !shorter.running()
}

// span returns the bytes of token i in the text of its phase.
func (b *branch) span(i int) (phase trace.Phase, from, to int) {
	if i >= len(b.tokens) {
		return trace.PhaseThinking, -1, -1
	}
	k := b.tokens[i]
	return k.phase, int(k.at), b.offset(i+1, k.phase)
}

// token returns all that is known of token i, nil where the log has not said it.
func (b *branch) token(i int) *trace.Token {
	if i < 0 || i >= len(b.tokens) || b.tokens[i].event < 0 {
		return nil
	}
	events, _ := b.live.Log().Since(int(b.tokens[i].event))
	if len(events) == 0 || events[0].Kind != trace.EventToken {
		return nil
	}
	return &events[0].Token
}
