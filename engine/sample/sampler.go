package sample

import (
	"errors"
	"math"

	"s1/engine/trace"
	"s1/kernels"
)

// Sampler draws the tokens of one branch.
type Sampler struct {
	params trace.Sampling
	biases []bias
	invT   float64
	vocab  int
	drawn  []int32 // every id the model itself drew; the penalty looks at the last of them
	window window

	edits []edit // scratch of a draw
	cands []candidate
	ids   []int32
}

// errNothingLeft is returned where bias and masks forbid every id.
var errNothingLeft = errors.New("no id is left to draw: bias and masks forbid the whole vocabulary")

// New returns a sampler for a vocabulary of the given size.
func New(p trace.Sampling, vocab int) (*Sampler, error) {
	s := &Sampler{vocab: vocab}
	return s, s.Set(p)
}

// Set replaces the parameters; what was drawn stays in the penalty's window. On an error nothing changes.
func (s *Sampler) Set(p trace.Sampling) error {
	if err := Check(p, s.vocab); err != nil {
		return err
	}
	s.params, s.biases = p, biases(p)
	s.invT = float64(InvT(p))
	s.fill()
	return nil
}

// fill makes the penalty's window of the last drawn ids.
func (s *Sampler) fill() {
	s.window = newWindow(s.params)
	for _, id := range s.drawn[max(0, len(s.drawn)-s.window.size):] {
		s.window.add(id)
	}
}

// Params are the parameters in force.
func (s *Sampler) Params() trace.Sampling { return s.params }

// Accept tells the sampler that the model drew id. Prompt, forced and injected tokens are not the model's and are not
// accepted, so an intervention never steers the penalty.
func (s *Sampler) Accept(id int32) {
	s.drawn = append(s.drawn, id)
	s.window.add(id)
	if gone := len(s.drawn) - 1 - s.window.size; gone >= 0 {
		s.window.remove(s.drawn[gone])
	}
}

// Forget takes back the last n accepted ids: they are not the branch's after all.
func (s *Sampler) Forget(n int) {
	s.drawn = s.drawn[:max(0, len(s.drawn)-n)]
	s.fill()
}

// Draw chooses the token at a position of the branch. Seed, position and try (how many draws were refused there before)
// decide the random number. masked ids are never chosen. The row is not changed.
func (s *Sampler) Draw(r Row, position, try int, masked []int32) (int32, error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	var edits []edit
	if len(s.window.ids)+len(s.biases)+len(masked) > 0 {
		edits = s.edit(r, masked)
	}
	head, whole := s.head(r, edits)
	if len(head) == 0 && !whole {
		head = s.best(r, edits, kernels.TopM)
	}
	if len(head) == 0 || math.IsInf(float64(head[0].logit), -1) {
		return 0, errNothingLeft
	}
	if s.params.Temperature < coldest {
		return head[0].id, nil
	}
	u := Uniform(s.params.Seed, position, try)
	total := s.total(r, edits, head, whole)
	if kept, ok := s.keep(head, whole, total); ok {
		return s.pickAmong(kept, u), nil
	}
	if s.filters() {
		all, total := s.survivors(r, edits, head[0].logit)
		kept, _ := s.keep(all, true, total)
		return s.pickAmong(kept, u), nil
	}
	if total > 0 {
		if id := s.pick(head, total, u); id >= 0 {
			return id, nil
		}
	}
	return s.pickFromTail(r, edits, head, u), nil
}

// pick draws from candidates whose weights and those of the ids behind them add up to total. It returns -1 where the draw
// falls behind the candidates.
func (s *Sampler) pick(from []candidate, total, u float64) int32 {
	left := u * total
	for _, c := range from {
		if left -= s.weight(c.logit, from[0].logit); left < 0 {
			return c.id
		}
	}
	return -1
}

// pickAmong draws from candidates that are all there is.
func (s *Sampler) pickAmong(all []candidate, u float64) int32 {
	if id := s.pick(all, s.sum(all), u); id >= 0 {
		return id
	}
	// u is within rounding of 1: the last that is possible at all.
	i := len(all) - 1
	for i > 0 && s.weight(all[i].logit, all[0].logit) == 0 {
		i--
	}
	return all[i].id
}

// weight is exp((logit - best) / T), so that the likeliest weighs 1.
func (s *Sampler) weight(logit, best float32) float64 {
	return math.Exp((float64(logit) - float64(best)) * s.invT)
}

func (s *Sampler) sum(of []candidate) float64 {
	sum := 0.0
	for _, c := range of {
		sum += s.weight(c.logit, of[0].logit)
	}
	return sum
}
