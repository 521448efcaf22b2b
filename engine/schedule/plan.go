package schedule

import (
	"fmt"
	"slices"
	"time"

	"s1/engine/sample"
	"s1/engine/trace"
	"s1/kernels"
)

// mixedChunk is how many rows of prompts a step takes in while other branches decode, so that a long prompt makes them
// wait little; alone it takes all the rows a backend can do at once.
const mixedChunk = 64

// sideRows is how many rows of experiments a step takes in beside branches that are none.
const sideRows = 16

// part is what one branch has in the batch.
type part struct {
	b       *branch
	rows    int
	out     int // its first row of logits
	outs    int
	decodes bool // its prompt had been read before
}

// plan fills the batch; false when there is nothing to run.
func (s *Scheduler) plan() bool {
	s.branches = slices.DeleteFunc(s.branches, func(b *branch) bool { return b.dead && b.seq.Len() == 0 })
	for {
		starved := s.fill()
		if len(s.parts) > 0 {
			s.turn++
			return true
		}
		if starved == nil {
			return false
		}
		s.preempt(starved)
	}
}

// fill makes the batch of what has pages: decode rows, then a chunk of a prompt, and what room is left is for experiments.
// starved is the oldest branch that found no page.
func (s *Scheduler) fill() (starved *branch) {
	s.reset()
	var ready, sides []*branch
	for _, b := range s.branches {
		if b.dead || b.held || b.parked && !s.unpark(b) {
			continue
		}
		s.share(b)
		if b.side {
			sides = append(sides, b)
		} else {
			ready = append(ready, b)
		}
	}
	add := func(b *branch, most int) int {
		n := b.pending()
		if n > most {
			// A part of the reading, but the rows that give logits stay together.
			n = min(most, n-1-len(b.ahead))
		}
		if b.parked || n <= 0 || s.twin(b) {
			return 0
		}
		if !s.grow(b, n) {
			if starved == nil {
				starved = b
			}
			return 0
		}
		s.add(b, n)
		return n
	}
	room := s.maxRows
	rows := func(of []*branch, chunk int) {
		for i := range of {
			b := of[(i+s.turn)%len(of)]
			if b.pending() <= maxAhead+1 {
				room -= add(b, room)
			}
		}
		if len(s.parts) > 0 {
			room = min(room, chunk)
		}
		for _, b := range of {
			if b.pending() > maxAhead+1 {
				room -= add(b, room)
			}
		}
	}
	rows(ready, mixedChunk)
	if len(s.parts) > 0 {
		room = min(room, sideRows)
	}
	rows(sides, mixedChunk)
	return starved
}

func (s *Scheduler) reset() {
	b := &s.batch
	b.Tokens, b.Pos, b.Seq, b.Tables, b.Out, b.InvT = b.Tokens[:0], b.Pos[:0], b.Seq[:0], b.Tables[:0], b.Out[:0], b.InvT[:0]
	s.parts = s.parts[:0]
}

// add puts the next n pending ids of b, whose sequence has just been grown by n, into the batch.
func (s *Scheduler) add(b *branch, n int) {
	p := part{b: b, rows: n, out: len(s.batch.Out), decodes: b.read && n <= maxAhead+1}
	for pos := b.seq.Len() - n; pos < b.seq.Len(); pos++ {
		id := int32(0)
		if pos < len(b.ids) {
			id = b.ids[pos]
		} else {
			id = b.ahead[pos-len(b.ids)]
		}
		if pos >= len(b.ids)-1 {
			s.batch.Out = append(s.batch.Out, int32(len(s.batch.Tokens)))
			s.batch.InvT = append(s.batch.InvT, sample.InvT(b.sampler.Params()))
			p.outs++
		}
		s.batch.Tokens = append(s.batch.Tokens, id)
		s.batch.Pos = append(s.batch.Pos, int32(pos))
		s.batch.Seq = append(s.batch.Seq, int32(len(s.batch.Tables)))
	}
	s.batch.Tables = append(s.batch.Tables, b.seq.Table())
	s.parts = append(s.parts, p)
	b.used = s.ticks
}

// settle gives every branch of the batch its rows of logits.
func (s *Scheduler) settle(r kernels.Result, err error, took time.Duration) {
	for _, p := range s.parts {
		b := p.b
		if err != nil {
			b.rewind(b.valid)
			b.fail(fmt.Errorf("run the model on %d rows: %w", len(s.batch.Tokens), err))
			continue
		}
		b.valid = b.seq.Len()
		if b.dead { // stopped during the step
			continue
		}
		switch {
		case p.decodes:
			b.decoded += p.rows
			b.busy += took
		case !b.read:
			b.reads()
		}
		if p.outs == 0 {
			continue
		}
		rows := s.resultRows[:0]
		for i := p.out; i < p.out+p.outs; i++ {
			rows = append(rows, sample.Row{
				Logits: r.Logits[i*s.o.Vocab : (i+1)*s.o.Vocab], Stats: &r.Stats[i], InvT: s.batch.InvT[i],
			})
		}
		s.resultRows = rows
		b.advance(rows)
	}
}

// reads logs how far the prompt has been read.
func (b *branch) reads() {
	b.read = b.valid >= b.prompt
	b.state = trace.StateReading
	b.log.Append(trace.Event{Kind: trace.EventState, State: trace.StateReading, Done: min(b.valid, b.prompt), Total: b.prompt})
}

// wake lets held branches go on whose time has come or who got a command.
func (s *Scheduler) wake() {
	for _, b := range s.branches {
		if b.held && (b.hurry || b.pacing && !s.o.Clock.Now().Before(b.due)) {
			b.advance([]sample.Row{b.row})
		}
	}
}
