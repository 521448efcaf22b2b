package schedule

import (
	"fmt"
	"slices"

	"s1/engine/sample"
	"s1/engine/think"
	"s1/engine/trace"
)

// maxAhead is how many ids are fed in one step before the model has confirmed the first of them. Each needs a row of
// logits, for its true log-probability.
const maxAhead = 15

// advance takes decisions while there are rows of logits: rows[0] follows the last of ids, rows[i] follows ahead[i-1].
// Afterwards the branch has ended, is held, or has pending ids.
func (b *branch) advance(rows []sample.Row) {
	ahead := b.ahead
	b.ahead = nil
	for k := 0; ; {
		row := rows[k]
		if err := row.Check(); err != nil {
			b.fail(fmt.Errorf("position %d: %w", len(b.ids), err))
			return
		}
		id, decided := b.decide(row, k == 0)
		b.notices()
		b.sayState()
		if !decided {
			return
		}
		if k < len(ahead) && ahead[k] == id { // it has been through the model already
			k++
			continue
		}
		b.held, b.pacing = false, false
		b.rewind(len(b.ids) - 1)
		b.look()
		return
	}
}

// decide follows the machine from one row of logits to the next id of the branch. decided is false where there is none
// now: the branch has ended, is held, or was rewound. mayPace says whether the reader's pace may hold it here.
func (b *branch) decide(row sample.Row, mayPace bool) (id int32, decided bool) {
	if b.follow != nil {
		return b.again(row)
	}
	for {
		a := b.machine.Next()
		b.notices() // what a decision says comes before the token it leads to
		if a.Kind == think.Sample || a.Kind == think.Feed {
			if mayPace && !a.Shadow && !b.hurry && b.pace > 0 && b.s.o.Clock.Now().Before(b.due) {
				b.hold(row)
				b.pacing = true
				b.rewind(len(b.ids))
				return 0, false
			}
		}
		switch a.Kind {
		case think.End:
			b.finish(nil)
			return 0, false
		case think.Hold:
			b.hold(row)
			b.pacing = false
			b.rewind(len(b.ids))
			return 0, false
		case think.Rewind:
			b.ids = b.ids[:len(b.ids)-a.N]
			b.sampler.Forget(b.shadows)
			b.shadows = 0
			b.held = false
			// The last id runs again, for its logits.
			b.rewind(len(b.ids) - 1)
			b.machine.Rewound()
			return 0, false
		case think.Feed:
			t := trace.Token{ID: a.ID, Phase: a.Phase, Origin: a.Origin, Counted: a.Counted, Wished: a.Wished}
			row.Describe(&t, b.end)
			b.machine.Fed(signals(t))
			b.append(t, row, a.Shadow)
			return a.ID, true
		case think.Sample:
			id, err := b.draw(row, a)
			if err != nil {
				b.fail(fmt.Errorf("position %d: %w", len(b.ids), err))
				return 0, false
			}
			t := trace.Token{ID: id, Origin: trace.OriginSampled}
			row.Describe(&t, b.end)
			v := b.machine.Took(id, signals(t))
			if !v.Accepted {
				if b.machine.State() == trace.StateEnded {
					b.ending = t
				}
				continue
			}
			b.sampler.Accept(id)
			if v.Shadow {
				b.shadows++
			}
			t.Phase, t.Counted, t.Wished = v.Phase, v.Counted, v.Wished
			b.append(t, row, v.Shadow)
			return id, true
		}
	}
}

// draw is the machine's draw. Ids that pad the model's matrix have no token: one that comes up all the same is refused, and
// the next try draws from the rest.
func (b *branch) draw(row sample.Row, a think.Action) (int32, error) {
	position, mask := len(b.ids)-b.prompt, a.Mask
	for try := a.Draw; ; try++ {
		id, err := b.sampler.Draw(row, position, try, mask)
		if err != nil || int(id) < b.s.o.Known {
			return id, err
		}
		mask = append(slices.Clone(mask), id)
	}
}

func signals(t trace.Token) think.Signals {
	return think.Signals{Logprob: t.Logprob, Entropy: t.Entropy, EndProb: t.EndProb, EndRank: t.EndRank}
}

// look fills ahead with the ids the machine is going to feed if no command comes between.
func (b *branch) look() {
	if b.follow != nil {
		b.ahead = b.follow.Ahead(max(0, min(maxAhead, b.s.maxRows-1, b.s.o.Context-1-len(b.ids))))
		return
	}
	if b.machine.Next().Kind != think.Feed {
		return
	}
	m := b.machine.Clone()
	most := min(maxAhead, b.s.maxRows-1)
	for len(b.ahead) < most && len(b.ids)+len(b.ahead) < b.s.o.Context-1 {
		a := m.Next()
		if a.Kind != think.Feed {
			return
		}
		b.ahead = append(b.ahead, a.ID)
		m.Fed(think.Signals{})
	}
}
