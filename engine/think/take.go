package think

import (
	"fmt"
	"math"

	"s1/engine/trace"
)

// A token that the user chose (CommandTake) goes in with the origin injected and its true log-probability, where the model
// would have drawn: it does not wait for a whole character, and it counts as a drawn one would.
//
// The end of a thought may be taken. It ends the thought in the form of the model's own end, but by the user's will: no Wait
// suppresses it, the receipt says answer_now, and its price is part of the price of the close. What else would make the
// machine lie about the branch is refused: ids outside the vocabulary, an end of turn (it is never a token), a part of a
// tag of several tokens, a tag inside an answer, and the first byte of a character that the limit would cut.
func (m *Machine) commandTake(n int) error {
	if n < 0 || n > math.MaxInt32 || m.f.vocab.Piece(int32(n)) == nil {
		return fmt.Errorf("take: the vocabulary has no token %d", n)
	}
	id := int32(n)
	q := feed{id: id, origin: trace.OriginInjected, phase: trace.PhaseThinking, counted: true, now: true}
	var err error
	if m.inThought() && !m.skipped {
		q.ends = len(m.f.End) == 1 && id == m.f.End[0]
		q.counted = !q.ends
		err = m.mayTakeInThought(q)
	} else {
		err = m.mayTakeInAnswer(id)
	}
	if err != nil {
		return fmt.Errorf("take: %w", err)
	}
	m.insert = append(m.insert, q)
	return nil
}

func (m *Machine) mayTakeInThought(q feed) error {
	piece := m.f.vocab.Piece(q.id)
	if q.ends {
		if m.keep {
			return fmt.Errorf("%q right after a Wait would undo it; take another token, or answer now", piece)
		}
		return nil
	}
	if m.f.eos(q.id) {
		return fmt.Errorf("%q ends the turn, and the thought has not closed; answer now closes it", piece)
	}
	if len(m.f.End) > 1 && m.f.End[m.end.n] == q.id {
		return fmt.Errorf("%q is one of the %d tokens that close a thought here; answer now feeds them all", piece, len(m.f.End))
	}
	left, limit := m.room()
	left -= len(m.insert)
	if left < 1 {
		return fmt.Errorf("no thinking token is left before the limit (%s); raise the cap first", limit)
	}
	if after := m.text.with(piece); len(m.insert) == 0 && after.missing() > left-1 {
		return fmt.Errorf("%q begins a character that the limit (%s) would cut; raise the cap first", piece, limit)
	}
	return nil
}

func (m *Machine) mayTakeInAnswer(id int32) error {
	piece, n := m.f.vocab.Piece(id), len(m.insert)+1
	switch {
	case m.f.eos(id):
		return fmt.Errorf("%q ends the turn and is no token of the answer; stop ends the branch", piece)
	case m.f.Thinks() && (m.end.completes(id) || m.start.completes(id)):
		return fmt.Errorf("%q is a tag of a thought, and the thought has closed", piece)
	case m.b.AnswerCap >= 0 && n > m.b.AnswerCap-m.answered:
		return fmt.Errorf("no token is left of the answer cap %d", m.b.AnswerCap)
	case n > m.o.Context-m.used-len(m.queue):
		return fmt.Errorf("no position is left of the context of %d", m.o.Context)
	}
	return nil
}

// closeTaken goes on from an end of thinking that the user has put in.
func (m *Machine) closeTaken(s Signals) {
	m.sawEnd(s)
	rest := m.f.Close[len(m.f.End):]
	m.close(trace.ClosedAnswerNow, rest, len(rest))
	m.closeFrom--
	m.price = true
	m.nats -= float64(s.Logprob)
}
