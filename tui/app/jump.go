package app

import (
	"fmt"
	"math"
	"slices"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/text"
)

// interest is what J and K jump to.
type interest uint8

const (
	peaks       interest = iota // of entropy
	reflections                 // wait, but, hmm, ...
	fed                         // where something was injected or forced
	wishes                      // where the model wished to stop and was not let
	hits                        // of the search
	marked                      // bookmarks
	interests
)

func (k interest) String() string {
	return [...]string{"peaks of entropy", "reflection words", "what was fed in", "wishes to stop", "search hits", "bookmarks"}[k]
}

// What a peak is.
const (
	peakShare   = 0.95 // of the tokens are below one
	peakEntropy = 0.01 // nats, at least
)

// points are the tokens of an interest, ascending.
func (m *Model) points(b *branch, k interest) []int {
	switch k {
	case peaks:
		return b.peaks()
	case reflections:
		return b.matches(m.reflection.All)
	case hits:
		return b.matches(func(d *text.Doc) []int { return d.All(m.found) })
	}
	var list []int
	for i, t := range b.tokens {
		fedIn := t.origin == trace.OriginInjected || t.origin == trace.OriginForced
		switch {
		case k == wishes && t.wished,
			k == marked && b.bookmarks[i],
			k == fed && fedIn && (i == 0 || b.tokens[i-1].origin != t.origin):
			list = append(list, i)
		}
	}
	return list
}

// peaks are the tokens at which the model knew least what comes: local maxima among the highest twentieth.
func (b *branch) peaks() []int {
	var all []float32
	for _, t := range b.tokens {
		if t.entropy == t.entropy && t.origin == trace.OriginSampled {
			all = append(all, t.entropy)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	limit := max(all[int(math.Floor(peakShare*float64(len(all)-1)))], peakEntropy)
	entropy := func(i int) float32 {
		if i < 0 || i >= len(b.tokens) || b.tokens[i].origin != trace.OriginSampled {
			return 0
		}
		return b.tokens[i].entropy
	}
	var list []int
	for i := range b.tokens {
		if e := entropy(i); e >= limit && e >= entropy(i-1) && e > entropy(i+1) {
			list = append(list, i)
		}
	}
	return list
}

// matches are the tokens that hold the bytes which find gives, of the thought and of the answer.
func (b *branch) matches(find func(*text.Doc) []int) []int {
	var list []int
	for _, phase := range []trace.Phase{trace.PhaseThinking, trace.PhaseAnswer} {
		for _, at := range find(b.doc(phase)) {
			if i := b.tokenAt(phase, at); i >= 0 && (len(list) == 0 || list[len(list)-1] != i) {
				list = append(list, i)
			}
		}
	}
	return list
}

// turns are the reflection words of the thought, by token. They are looked for again only when it has grown.
func (b *branch) turns(r text.Reflection) []int {
	if n := b.thought.Len(); n != b.turnedOf {
		b.turned, b.turnedOf = b.turned[:0], n
		for _, at := range r.All(b.thought) {
			if i := b.tokenAt(trace.PhaseThinking, at); i >= 0 {
				b.turned = append(b.turned, i)
			}
		}
	}
	return b.turned
}

// jumpTo moves the cursor to the next point of interest, or says that there is none.
func (m *Model) jumpTo(a keys.Action) {
	b := m.now()
	list := m.points(b, m.interest)
	if len(list) == 0 {
		why := "there are none of " + m.interest.String() + " here; {jump-kind} chooses what counts"
		if m.interest == hits && m.found == "" {
			why = "nothing was searched yet: {search} does"
		}
		m.warn(m.keys.Text(why))
		return
	}
	at := b.at
	if at < 0 && a == keys.JumpBack {
		at = len(b.tokens)
	}
	i, ok := slices.BinarySearch(list, at)
	if a == keys.JumpNext {
		if ok {
			i++
		}
		i %= len(list)
	} else {
		i = (i + len(list) - 1) % len(list)
	}
	b.at, m.pick = list[i], -1
	m.seen(b)
	m.say(fmt.Sprintf("%s: %d of %d", m.interest, i+1, len(list)))
}

func (m *Model) nextInterest() {
	m.interest = (m.interest + 1) % interests
	m.say(fmt.Sprintf("%s and %s jump to %s (%d here)", m.keys.Of(keys.JumpNext).Shown(), m.keys.Of(keys.JumpBack).Shown(),
		m.interest, len(m.points(m.now(), m.interest))))
}
