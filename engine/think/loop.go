package think

import (
	"slices"

	"s1/engine/trace"
)

// The loop guard looks for two kinds of repetition. It reports; it acts only when Options.OnLoop says so.
const (
	loopWindow    = 512 // tokens remembered
	loopEvery     = 16  // tokens between two looks
	loopMinPeriod = 4
	loopMaxPeriod = 128
	loopRepeats   = 3
	quickTokens   = 8 // an end drawn within so many tokens after a Wait is a quick one
	quickEnds     = 2 // so many quick ones in a row are reported
)

// guard remembers the tokens and sentences of one phase.
type guard struct {
	ring      [loopWindow]int32
	n         int // tokens pushed
	looping   bool
	sentences sentences
	since     int // tokens sampled since the last Wait
	quick     int // quick ends in a row
	quickTold bool
}

func newGuard() guard { return guard{} }

func (g *guard) clone() guard {
	c := *g
	c.sentences = g.sentences.clone()
	return c
}

func (g *guard) push(id int32) {
	g.ring[g.n%loopWindow] = id
	g.n++
}

// period returns the shortest p such that the last loopRepeats*p tokens are loopRepeats times the same p tokens; 0 = none.
func (g *guard) period() int {
	have := min(g.n, loopWindow)
	for p := loopMinPeriod; p <= loopMaxPeriod && p*loopRepeats <= have; p++ {
		same := true
		for i := 0; i < (loopRepeats-1)*p; i++ {
			if g.at(i) != g.at(i+p) {
				same = false
				break
			}
		}
		if same {
			return p
		}
	}
	return 0
}

// at is the token i places before the newest.
func (g *guard) at(i int) int32 { return g.ring[(g.n-1-i)%loopWindow] }

// waited: a Wait goes in here.
func (g *guard) waited() { g.since = 0 }

// watch shows the guard a token of a thought or an answer.
func (m *Machine) watch(id int32, piece []byte, o trace.Origin) {
	if m.o.NoLoopGuard {
		return
	}
	g := &m.guard
	g.push(id)
	if o == trace.OriginSampled {
		g.since++
	}
	if g.sentences.write(piece) {
		m.looped("the same sentence came %d times, almost word for word", loopRepeats)
	}
	if g.n%loopEvery != 0 {
		return
	}
	p := g.period()
	if p > 0 && !g.looping {
		m.looped("the last %d tokens repeat: %d times the same %d", loopRepeats*p, loopRepeats, p)
	}
	g.looping = p > 0
}

func (m *Machine) looped(format string, args ...any) {
	m.notice(true, "a loop: "+format, args...)
	if m.o.OnLoop == LoopClose && m.rounds == nil {
		m.closeAsked = trace.ClosedLoop
	}
}

// quickEnd notes an end of thinking that is about to be suppressed, and says whether to let it stand because the
// model ends again right after every Wait.
func (m *Machine) quickEnd() bool {
	g := &m.guard
	if m.o.NoLoopGuard || m.waitsDone == 0 || g.since > quickTokens {
		g.quick = 0
		return false
	}
	if g.quick++; g.quick < quickEnds {
		return false
	}
	if !g.quickTold {
		g.quickTold = true
		m.notice(true, "the model ends its thought again within %d tokens after each Wait; more Waits add little", quickTokens)
	}
	return m.o.OnLoop == LoopClose
}

const (
	sentencesKept = 32
	sentenceWords = 5   // shorter ones repeat without meaning anything
	alike         = 0.9 // shared words over all words (Jaccard) from which two sentences are near-identical
)

// sentences finds near-identical sentences in a stream of bytes.
type sentences struct {
	word  uint64 // FNV-1a of the word so far
	inter bool   // inside a word
	ended bool   // the last byte may end a sentence, if white space follows
	words []uint64
	past  [][]uint64 // sorted, unique; newest last
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func (s *sentences) clone() sentences {
	c := *s
	c.words = slices.Clone(s.words)
	c.past = slices.Clone(s.past) // the sentences themselves never change
	return c
}

// write adds bytes and says whether they end a sentence that is the loopRepeats-th of its kind.
func (s *sentences) write(p []byte) (repeated bool) {
	for _, b := range p {
		switch {
		case b >= 'A' && b <= 'Z':
			s.letter(b + 'a' - 'A')
		case b >= 'a' && b <= 'z', b >= '0' && b <= '9', b >= 0x80:
			s.letter(b)
		default:
			s.endWord()
			space := b == ' ' || b == '\t' || b == '\n'
			if b == '\n' || s.ended && space {
				repeated = s.endSentence() || repeated
			}
			s.ended = b == '.' || b == '!' || b == '?'
		}
	}
	return repeated
}

func (s *sentences) letter(b byte) {
	if !s.inter {
		s.inter, s.word = true, fnvOffset
	}
	s.word = (s.word ^ uint64(b)) * fnvPrime
	s.ended = false
}

func (s *sentences) endWord() {
	if s.inter && len(s.words) < loopWindow {
		s.words = append(s.words, s.word)
	}
	s.inter = false
}

func (s *sentences) endSentence() bool {
	words := s.words
	s.words = nil
	if len(words) < sentenceWords {
		return false
	}
	slices.Sort(words)
	words = slices.Compact(words)
	n := 1
	for _, old := range s.past {
		if overlap(words, old) >= alike {
			n++
		}
	}
	if n >= loopRepeats {
		s.past = nil // say it once, then look anew
		return true
	}
	s.past = append(s.past, words)
	if len(s.past) > sentencesKept {
		s.past = slices.Clone(s.past[1:])
	}
	return false
}

// overlap is the Jaccard index of two sorted sets.
func overlap(a, b []uint64) float64 {
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			both++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
